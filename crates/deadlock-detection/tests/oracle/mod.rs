//! The brute-force oracle, which judges the detector.
//!
//! It knows nothing of graphs. It keeps who holds and who queues in plain vectors, and tries every
//! order in which the parties that can run may end, each giving back all it has: if no order lets all of them
//! end, there is a deadlock, and who ends in none is in it.

use std::collections::HashSet;

use deadlock_detection::graph::Mode;
use labkit::rng::Stream;

/// One thing that a party does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// It asks for a lock that it hasn't.
    Take(usize, usize, Mode),
    /// It gives one back.
    Give(usize, usize),
}

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

    /// Draws what a party that can run does next; sometimes it does nothing.
    pub(crate) fn draw(&self, chance: &mut Stream) -> Option<Step> {
        let awake: Vec<usize> = (0..self.parties)
            .filter(|party| !self.waits(*party))
            .collect();
        let party = awake[chance.index(awake.len())];
        let lock = chance.index(self.queues.len());
        if self.holds(party, lock) {
            return (chance.below(3) == 0).then_some(Step::Give(party, lock));
        }
        let mode = if chance.below(3) == 0 {
            Mode::Shared
        } else {
            Mode::Exclusive
        };
        Some(Step::Take(party, lock, mode))
    }

    /// The locks that a party holds.
    pub(crate) fn held_by(&self, party: usize) -> Vec<usize> {
        (0..self.holders.len())
            .filter(|lock| self.holds(party, *lock))
            .collect()
    }

    /// Everyone who waits.
    pub(crate) fn waiting(&self) -> HashSet<usize> {
        self.queues
            .iter()
            .flatten()
            .map(|(party, _)| *party)
            .collect()
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
