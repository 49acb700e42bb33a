//! No miss and no false alarm: random schedules against the brute-force oracle, and victims that all end.

mod actors;
mod oracle;
mod schedules;

use actors::Troupe;
use deadlock_detection::graph::{Answer, LockTable, Mode, Party};
use deadlock_detection::victim::{Claim, MOST_ABORTS, Policy, choose};
use labkit::rng::{Stream, test_seed};
use proptest::prelude::*;
use schedules::{id, lock_id, run_schedules};

/// Under a sanitizer, which is some ten times slower, fewer.
fn schedules() -> usize {
    match std::env::var_os("LAB_SANITIZED") {
        Some(_) => 5_000,
        None => 110_000,
    }
}

#[test]
fn no_miss_and_no_false_alarm_in_a_hundred_thousand_schedules() {
    let (waits, cycles) = run_schedules(test_seed(), "schedules", schedules(), 24);
    println!("{} schedules: {waits} waits, {cycles} cycles", schedules());
    assert!(cycles > schedules() as u64 / 10, "{cycles} cycles");
}

/// The same on real threads and real locks. (A hundred thousand of those: the program's `oracle`.)
#[test]
fn no_miss_and_no_false_alarm_on_real_threads() {
    let mut chance = Stream::named(test_seed(), "threads");
    let mut troupe = Troupe::new();
    for number in 0..schedules() / 50 {
        let played = troupe.play(&mut chance);
        assert_eq!(played, Ok(()), "schedule {number}");
    }
    println!("{:?}", troupe.tally);
    assert!(troupe.tally.cycles > troupe.tally.schedules / 10);
    troupe.end();
}

/// A party of the simulated workload: it takes its locks one after another, gives all back, and is done.
struct Worker {
    wants: Vec<usize>,
    taken: usize,
    claim: Claim,
}

/// Everybody wants several of few locks in a random order, and begins again after giving way.
struct Workload {
    table: LockTable,
    workers: Vec<Worker>,
    policy: Policy,
}

impl Workload {
    fn new(policy: Policy, chance: &mut Stream) -> Self {
        let (parties, locks) = (2 + chance.index(7), 2 + chance.index(4));
        let workers = (0..parties).map(|ticket| {
            let mut wants: Vec<usize> = (0..locks).collect();
            (1..locks).for_each(|at| wants.swap(at, chance.index(at + 1)));
            let claim = Claim {
                ticket: ticket as u64,
                priority: i32::try_from(chance.below(3)).unwrap(),
                ..Claim::default()
            };
            Worker {
                wants,
                taken: 0,
                claim,
            }
        });
        Workload {
            workers: workers.collect(),
            table: LockTable::new(),
            policy,
        }
    }

    /// Lets whoever can run take steps in a random order; says whether all were done within those allowed.
    fn run(&mut self, chance: &mut Stream) -> bool {
        let done = |worker: &Worker| worker.taken > worker.wants.len();
        for _ in 0..20_000 {
            let able =
                |at: &usize| !done(&self.workers[*at]) && self.table.wait_of(id(*at)).is_none();
            let able: Vec<usize> = (0..self.workers.len()).filter(able).collect();
            if able.is_empty() {
                return self.workers.iter().all(done);
            }
            self.step(able[chance.index(able.len())]);
        }
        false
    }

    fn step(&mut self, at: usize) {
        let worker = &mut self.workers[at];
        let next = worker.wants.get(worker.taken).copied();
        worker.taken += 1;
        match next {
            None => self.give_all_back(at),
            Some(lock) => {
                let answer = self.table.request(id(at), lock_id(lock), Mode::Exclusive);
                if answer == Ok(Answer::Waits) {
                    self.resolve(at);
                }
            }
        }
    }

    fn resolve(&mut self, at: usize) {
        while let Some(cycle) = self.table.cycle_through(id(at)) {
            let claim = |party: Party| {
                let member = &self.workers[usize::try_from(party.0).unwrap()];
                let work = self.table.held_by(party).len() as u64;
                (
                    party,
                    Claim {
                        work,
                        ..member.claim
                    },
                )
            };
            let claims: Vec<_> = cycle.iter().map(|wait| claim(wait.party)).collect();
            let victim = usize::try_from(choose(self.policy, &claims).0).unwrap();
            self.table.withdraw(id(victim));
            self.give_all_back(victim);
            self.workers[victim].taken = 0;
            self.workers[victim].claim.aborts += 1;
        }
    }

    fn give_all_back(&mut self, at: usize) {
        for lock in self.table.held_by(id(at)) {
            self.table.release(id(at), lock).expect("it holds the lock");
        }
    }
}

#[test]
fn under_every_policy_everybody_ends() {
    let policies = [
        Policy::Youngest,
        Policy::LowestPriority,
        Policy::LeastWork,
        Policy::Requester,
    ];
    for policy in policies {
        let mut chance = Stream::named(test_seed(), "workloads");
        for round in 0..300 {
            let done = Workload::new(policy, &mut chance).run(&mut chance);
            assert!(done, "{policy:?}, round {round}");
        }
    }
}

proptest! {
    #[test]
    fn the_oldest_of_the_spared_never_gives_way(
        claims in prop::collection::vec((any::<i32>(), any::<u64>(), 0..2 * MOST_ABORTS), 2..8),
        policy in prop::sample::select(vec![
            Policy::Youngest, Policy::LowestPriority, Policy::LeastWork, Policy::Requester,
        ]),
    ) {
        let cycle: Vec<_> = claims
            .into_iter()
            .enumerate()
            .map(|(at, (priority, work, aborts))| {
                (id(at), Claim { ticket: at as u64, priority, work, aborts })
            })
            .collect();
        let spared = cycle.iter().filter(|(_, claim)| claim.aborts >= MOST_ABORTS);
        if let Some((oldest, _)) = spared.min_by_key(|(_, claim)| claim.ticket) {
            prop_assert_ne!(choose(policy, &cycle), *oldest);
        }
    }
}
