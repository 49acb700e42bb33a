//! Random schedules: the lock table and the brute-force oracle side by side.

use std::collections::HashSet;

use deadlock_detection::graph::{Answer, LockId, LockTable, Mode, Party};
use labkit::rng::Stream;

use crate::oracle::{Oracle, Step};

/// The table and the oracle side by side, driven by chance.
pub(crate) struct Schedule {
    pub(crate) table: LockTable,
    pub(crate) oracle: Oracle,
    pub(crate) cycles: u64,
    pub(crate) waits: u64,
}

impl Schedule {
    pub(crate) fn new(parties: usize, locks: usize) -> Self {
        Schedule {
            table: LockTable::new(),
            oracle: Oracle::new(parties, locks),
            cycles: 0,
            waits: 0,
        }
    }

    /// One step of a party that can run.
    pub(crate) fn step(&mut self, chance: &mut Stream) {
        match self.oracle.draw(chance) {
            Some(Step::Take(party, lock, mode)) => self.take(party, lock, mode),
            Some(Step::Give(party, lock)) => self.release(party, lock),
            None => {}
        }
    }

    fn take(&mut self, party: usize, lock: usize, mode: Mode) {
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
        for lock in self.oracle.held_by(party) {
            self.release(party, lock);
        }
        assert!(
            self.oracle.doomed().is_empty(),
            "one who gives way frees the others"
        );
    }

    fn release(&mut self, party: usize, lock: usize) {
        let waiting = self.oracle.waiting();
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
