//! No miss and no false alarm: random schedules against the brute-force oracle, and victims that all end.

mod oracle;

use deadlock_detection::graph::{Answer, LockTable, Mode};
use deadlock_detection::victim::{Claim, MOST_ABORTS, Policy, choose};
use labkit::rng::{Stream, test_seed};
use oracle::{id, lock_id, run_schedules};
use proptest::prelude::*;

/// Under a sanitizer, which is some ten times slower, fewer.
fn schedules() -> usize {
    match std::env::var_os("LAB_SANITIZED") {
        Some(_) => 5_000,
        None => 120_000,
    }
}

#[test]
fn no_miss_and_no_false_alarm_in_a_hundred_thousand_schedules() {
    let (waits, cycles) = run_schedules(test_seed(), "schedules", schedules(), 32);
    println!("{} schedules: {waits} waits, {cycles} cycles", schedules());
    assert!(cycles > schedules() as u64 / 10, "{cycles} cycles");
}

/// A party of the simulated workload: it takes its locks one after another, gives all back, and is done.
struct Worker {
    wants: Vec<usize>,
    taken: usize,
    claim: Claim,
}

/// Everybody wants several of few locks in a random order, and begins again after giving way. Returns the
/// most aborts of one, if all were done within the steps that are allowed.
fn workload(policy: Policy, chance: &mut Stream) -> Option<u32> {
    let (parties, locks) = (2 + chance.index(7), 2 + chance.index(4));
    let mut table = LockTable::new();
    let mut workers: Vec<Worker> = (0..parties)
        .map(|ticket| worker(ticket, locks, chance))
        .collect();
    let mut most = 0;
    for _ in 0..20_000 {
        let awake: Vec<usize> = (0..parties)
            .filter(|at| workers[*at].taken <= locks && table.wait_of(id(*at)).is_none())
            .collect();
        if awake.is_empty() {
            let done = workers.iter().all(|worker| worker.taken > locks);
            return done.then_some(most);
        }
        let at = awake[chance.index(awake.len())];
        let taken = workers[at].taken;
        workers[at].taken += 1;
        if taken == locks {
            give_all_back(&mut table, at);
            continue;
        }
        let answer = table.request(id(at), lock_id(workers[at].wants[taken]), Mode::Exclusive);
        if answer == Ok(Answer::Waits) {
            while let Some(cycle) = table.cycle_through(id(at)) {
                let claims: Vec<_> = cycle
                    .iter()
                    .map(|wait| {
                        let member = &workers[usize::try_from(wait.party.0).unwrap()];
                        let work = table.held_by(wait.party).len() as u64;
                        (
                            wait.party,
                            Claim {
                                work,
                                ..member.claim
                            },
                        )
                    })
                    .collect();
                let victim = usize::try_from(choose(policy, &claims).0).unwrap();
                table.withdraw(id(victim));
                give_all_back(&mut table, victim);
                workers[victim].taken = 0;
                workers[victim].claim.aborts += 1;
                most = most.max(workers[victim].claim.aborts);
            }
        }
    }
    None
}

fn worker(ticket: usize, locks: usize, chance: &mut Stream) -> Worker {
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
}

fn give_all_back(table: &mut LockTable, party: usize) {
    for lock in table.held_by(id(party)) {
        table.release(id(party), lock).expect("it holds the lock");
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
            assert!(
                workload(policy, &mut chance).is_some(),
                "{policy:?}, round {round}"
            );
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
