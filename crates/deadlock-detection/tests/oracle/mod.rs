//! The brute-force oracle, and random schedules to be judged by it.
//!
//! The oracle knows nothing of graphs. It keeps who holds and who queues in plain vectors, and tries every
//! order in which the parties that can run may end, each giving back all it has: if no order lets all of them
//! end, there is a deadlock, and who ends in none is in it.

use std::collections::HashSet;

use deadlock_detection::graph::{Answer, LockId, LockTable, Mode, Party};
use labkit::rng::Stream;

/// Locks as vectors: holders, and a queue in the order of arrival.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    holders: Vec<Vec<(usize, Mode)>>,
    queues: Vec<Vec<(usize, Mode)>>,
    parties: usize,
}

impl Oracle {
    pub(crate) fn new(parties: usize, locks: usize) -> Self {
        Oracle {
            holders: vec![Vec::new(); locks],
            queues: vec![Vec::new(); locks],
            parties,
        }
    }

    pub(crate) fn request(&mut self, party: usize, lock: usize, mode: Mode) {
        self.queues[lock].push((party, mode));
        self.grant(lock);
    }

    pub(crate) fn release(&mut self, party: usize, lock: usize) {
        self.holders[lock].retain(|(holder, _)| *holder != party);
        self.grant(lock);
    }

    pub(crate) fn withdraw(&mut self, party: usize) {
        for lock in 0..self.queues.len() {
            self.queues[lock].retain(|(waiter, _)| *waiter != party);
            self.grant(lock);
        }
    }

    pub(crate) fn holds(&self, party: usize, lock: usize) -> bool {
        self.holders[lock]
            .iter()
            .any(|(holder, _)| *holder == party)
    }

    pub(crate) fn waits(&self, party: usize) -> bool {
        let mut queued = self.queues.iter().flatten();
        queued.any(|(waiter, _)| *waiter == party)
    }

    fn grant(&mut self, lock: usize) {
        while let Some((party, mode)) = self.queues[lock].first().copied() {
            let alone = mode == Mode::Exclusive;
            let others = &self.holders[lock];
            if others
                .iter()
                .any(|(_, held)| alone || *held == Mode::Exclusive)
            {
                break;
            }
            self.queues[lock].remove(0);
            self.holders[lock].push((party, mode));
        }
    }

    /// Who can never run again, whatever the others do.
    pub(crate) fn doomed(&self) -> HashSet<usize> {
        let mut can_end = HashSet::new();
        self.try_all(0, &mut can_end, &mut HashSet::new());
        (0..self.parties)
            .filter(|party| !can_end.contains(party))
            .collect()
    }

    /// Lets every party that can run end next, one after another, and goes on from there.
    fn try_all(&self, ended: u64, can_end: &mut HashSet<usize>, tried: &mut HashSet<u64>) {
        if !tried.insert(ended) {
            return;
        }
        for party in (0..self.parties).filter(|party| ended & (1 << party) == 0) {
            if !self.waits(party) {
                can_end.insert(party);
                let mut after = self.clone();
                (0..self.holders.len()).for_each(|lock| after.release(party, lock));
                after.try_all(ended | (1 << party), can_end, tried);
            }
        }
    }
}

/// The table and the oracle side by side, driven by chance.
pub(crate) struct Schedule {
    pub(crate) table: LockTable,
    pub(crate) oracle: Oracle,
    parties: usize,
    locks: usize,
    pub(crate) cycles: u64,
    pub(crate) waits: u64,
}

impl Schedule {
    pub(crate) fn new(parties: usize, locks: usize) -> Self {
        Schedule {
            table: LockTable::new(),
            oracle: Oracle::new(parties, locks),
            parties,
            locks,
            cycles: 0,
            waits: 0,
        }
    }

    /// One step of a party that can run: it asks for a lock that it hasn't, or gives one back.
    pub(crate) fn step(&mut self, chance: &mut Stream) {
        let awake: Vec<usize> = (0..self.parties)
            .filter(|party| !self.oracle.waits(*party))
            .collect();
        let party = awake[chance.index(awake.len())];
        let lock = chance.index(self.locks);
        if self.oracle.holds(party, lock) {
            if chance.below(3) == 0 {
                self.release(party, lock);
            }
            return;
        }
        let mode = if chance.below(3) == 0 {
            Mode::Shared
        } else {
            Mode::Exclusive
        };
        self.oracle.request(party, lock, mode);
        let answer = self
            .table
            .request(id(party), lock_id(lock), mode)
            .expect("it may ask");
        assert_eq!(answer == Answer::Waits, self.oracle.waits(party));
        if answer == Answer::Waits {
            self.waits += 1;
            self.judge(party);
        }
    }

    /// The claim itself: the table sees a cycle exactly if the oracle sees somebody doomed, and the cycle
    /// is of those. Then the requester gives way.
    fn judge(&mut self, party: usize) {
        let doomed = self.oracle.doomed();
        let cycle = self.table.cycle_through(id(party));
        assert_eq!(
            cycle.is_some(),
            doomed.contains(&party),
            "{doomed:?}, {cycle:?}"
        );
        let Some(cycle) = cycle else {
            assert!(doomed.is_empty(), "missed: {doomed:?}");
            return;
        };
        self.cycles += 1;
        for (place, wait) in cycle.iter().enumerate() {
            let next = cycle[(place + 1) % cycle.len()].party;
            assert_eq!(wait.blocked_by, next);
            assert!(
                self.table
                    .blockers(wait.party)
                    .any(|blocker| blocker == next)
            );
            assert!(doomed.contains(&usize::try_from(wait.party.0).unwrap()));
        }
        self.oracle.withdraw(party);
        self.table.withdraw(id(party));
        for lock in (0..self.locks)
            .filter(|lock| self.oracle.holds(party, *lock))
            .collect::<Vec<_>>()
        {
            self.release(party, lock);
        }
        assert!(
            self.oracle.doomed().is_empty(),
            "one who gives way frees the others"
        );
    }

    fn release(&mut self, party: usize, lock: usize) {
        let waiting: Vec<usize> = (0..self.parties)
            .filter(|party| self.oracle.waits(*party))
            .collect();
        self.oracle.release(party, lock);
        let admitted = self
            .table
            .release(id(party), lock_id(lock))
            .expect("it holds the lock");
        let expected: HashSet<Party> = waiting
            .into_iter()
            .filter(|party| !self.oracle.waits(*party))
            .map(id)
            .collect();
        assert_eq!(admitted.into_iter().collect::<HashSet<_>>(), expected);
    }
}

/// Runs so many random schedules of this many steps; returns the waits and the cycles seen.
pub(crate) fn run_schedules(seed: u64, name: &str, schedules: usize, steps: usize) -> (u64, u64) {
    let mut chance = Stream::named(seed, name);
    let (mut waits, mut cycles) = (0, 0);
    for _ in 0..schedules {
        let (parties, locks) = (2 + chance.index(4), 1 + chance.index(5));
        let mut schedule = Schedule::new(parties, locks);
        for _ in 0..steps {
            schedule.step(&mut chance);
        }
        waits += schedule.waits;
        cycles += schedule.cycles;
    }
    (waits, cycles)
}

pub(crate) fn id(party: usize) -> Party {
    Party(party as u64)
}

pub(crate) fn lock_id(lock: usize) -> LockId {
    LockId(lock as u64)
}
