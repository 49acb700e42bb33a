//! What two nodes tell each other first: versions, not rows.

use std::sync::Arc;

use super::{Slot, Standing, Table};
use crate::row::Row;
use crate::zone::Key;

/// A version, named by its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Of which row.
    pub key: Key,
    /// The version that is known.
    pub version: u64,
    /// Whether it is suspected or gone, and so can't be had here.
    pub silent: bool,
}

/// Which part of a digest: one too long for a datagram is sent in several, by the keys' remainders.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// The remainder.
    pub of: u8,
    /// By what it is divided; not zero.
    pub parts: u8,
}

impl Part {
    /// All of it.
    pub const ALL: Part = Part { of: 0, parts: 1 };

    /// Whether the part is about this key.
    #[must_use]
    pub fn holds(self, key: Key) -> bool {
        key.0 % u64::from(self.parts.max(1)) == u64::from(self.of)
    }
}

/// How two tables differ.
#[derive(Debug)]
pub struct Diff<R> {
    /// What the other side doesn't have, or has older.
    pub newer: Vec<Arc<R>>,
    /// What we don't have, or have older.
    pub wanted: Vec<Key>,
}

impl<A> Table<A> {
    /// The versions of the rows in one part, by key.
    #[must_use]
    pub fn digest(&self, part: Part) -> Vec<Entry> {
        let slots = self.slots.iter().filter(|slot| part.holds(slot.key));
        slots.map(Slot::entry).collect()
    }

    /// Compares one part of another node's digest, which is sorted by key, with what is known here. A row
    /// that is silent is neither given nor asked for.
    #[must_use]
    pub fn diff(&self, theirs: &[Entry], part: Part) -> Diff<Row<A>> {
        // BEGIN SOLUTION stage 3: walk both, sorted as they are, side by side
        let mut diff = Diff {
            newer: Vec::new(),
            wanted: Vec::new(),
        };
        let mut theirs = theirs.iter().peekable();
        let want = |diff: &mut Diff<_>, entry: &Entry| {
            if !entry.silent {
                diff.wanted.push(entry.key);
            }
        };
        for slot in self.slots.iter().filter(|slot| part.holds(slot.key)) {
            while let Some(entry) = theirs.next_if(|entry| entry.key < slot.key) {
                want(&mut diff, entry);
            }
            let known = theirs.next_if(|entry| entry.key == slot.key);
            if let Some(entry) = known.filter(|entry| entry.version > slot.version) {
                want(&mut diff, entry);
            } else if slot.standing == Standing::Here
                && known.is_none_or(|entry| entry.version < slot.version)
            {
                diff.newer.push(Arc::clone(&slot.row));
            }
        }
        theirs.for_each(|entry| want(&mut diff, entry));
        diff
        // END SOLUTION
    }
}

impl<A> Slot<A> {
    fn entry(&self) -> Entry {
        Entry {
            key: self.key,
            version: self.version,
            silent: self.standing != Standing::Here,
        }
    }
}
