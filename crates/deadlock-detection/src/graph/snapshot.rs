//! The graph of one moment, with names, to be drawn or read later.

use std::collections::BTreeSet;

use super::{LockId, LockTable, Mode, Party, Wait};

/// Everything that was held or waited for at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The parties, with their names.
    pub parties: Vec<(Party, String)>,
    /// The locks, with their names.
    pub locks: Vec<(LockId, String)>,
    /// Who held what, and how.
    pub holds: Vec<(LockId, Party, Mode)>,
    /// Who waited for what, and how.
    pub waits: Vec<(Party, LockId, Mode)>,
    /// The cycle, if there was one: its parties in the order of their waits.
    pub cycle: Vec<(Party, LockId)>,
}

impl LockTable {
    /// The table as it is now, with a cycle marked in it.
    #[must_use]
    pub fn snapshot(
        &self,
        cycle: &[Wait],
        party_name: impl Fn(Party) -> String,
        lock_name: impl Fn(LockId) -> String,
    ) -> Snapshot {
        let holds: Vec<_> = self
            .locks
            .iter()
            .flat_map(|(lock, entry)| {
                entry
                    .holders
                    .iter()
                    .map(|(party, mode)| (*lock, *party, *mode))
            })
            .collect();
        let waits: Vec<_> = self
            .waiting
            .iter()
            .map(|(party, (lock, mode))| (*party, *lock, *mode))
            .collect();
        let holding = holds.iter().map(|(_, party, _)| *party);
        let parties: BTreeSet<Party> = holding.chain(self.waiting.keys().copied()).collect();
        Snapshot {
            parties: parties
                .into_iter()
                .map(|party| (party, party_name(party)))
                .collect(),
            locks: self
                .locks
                .keys()
                .map(|lock| (*lock, lock_name(*lock)))
                .collect(),
            holds,
            waits,
            cycle: cycle.iter().map(|wait| (wait.party, wait.lock)).collect(),
        }
    }
}
