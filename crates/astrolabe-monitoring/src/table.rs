//! The rows of one zone's children, as one node knows them.
//!
//! Merging is by version alone: commutative, associative, and it may happen twice. What fell silent is
//! suspected (it no longer counts), later gone (its place is kept, so that others' old rows don't bring
//! it back), and in the end forgotten.

mod digest;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use crate::detector::{Arrivals, Detector};
use crate::row::Row;
use crate::zone::Key;

pub use digest::{Diff, Entry, Part};

/// How many children a zone may have.
pub const MOST_CHILDREN: usize = 128;

/// How it stands with a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// News of it comes.
    Here,
    /// It is silent; it isn't counted and not passed on.
    Suspected,
    /// It was silent for so long that only its version is remembered.
    Gone,
}

/// A row and what is known about its coming.
#[derive(Debug)]
pub struct Slot<A> {
    key: Key,
    version: u64,
    row: Arc<Row<A>>,
    arrivals: Arrivals,
    standing: Standing,
}

/// What became of a row that was merged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Merged {
    /// It was unknown.
    New,
    /// It took an older one's place.
    Newer,
    /// It took the place of one that was suspected or gone.
    Returned,
    /// What is known is as new, or newer.
    Old,
    /// The zone has as many children as it may have.
    Full,
}

/// The rows of one zone's children, by key.
#[derive(Debug)]
pub struct Table<A> {
    slots: Vec<Slot<A>>,
    /// The versions of those forgotten: the sum of all versions must never fall.
    retired: u64,
    /// Whether anything changed since [`Table::take_changed`] was called.
    changed: bool,
}

impl<A> Table<A> {
    /// A table without rows.
    #[must_use]
    pub fn new() -> Self {
        Table {
            slots: Vec::new(),
            retired: 0,
            changed: true,
        }
    }

    /// The sum of all versions, of those no longer there as well: the version of the zone's own row.
    #[must_use]
    pub fn version(&self) -> u64 {
        // BEGIN SOLUTION stage 4: what grows with every change below, wherever it is computed?
        let sum = self.slots.iter().map(|slot| slot.version);
        sum.fold(self.retired, u64::saturating_add)
        // END SOLUTION
    }

    /// The rows of those that are there, by key.
    pub fn here(&self) -> impl Iterator<Item = &Arc<Row<A>>> {
        let here = |slot: &&Slot<A>| slot.standing == Standing::Here;
        self.slots.iter().filter(here).map(|slot| &slot.row)
    }

    /// The slot of a key.
    #[must_use]
    pub fn slot(&self, key: Key) -> Option<&Slot<A>> {
        self.find(key).ok().map(|at| &self.slots[at])
    }

    /// All slots, by key.
    #[must_use]
    pub fn slots(&self) -> &[Slot<A>] {
        &self.slots
    }

    /// What was retired.
    #[must_use]
    pub fn retired(&self) -> u64 {
        self.retired
    }

    /// Takes over what others retired, if it is more.
    pub fn retire(&mut self, retired: u64) {
        self.changed |= retired > self.retired;
        self.retired = self.retired.max(retired);
    }

    /// Whether anything changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Takes a row in that came from elsewhere, or was made here. News is counted only if there is a
    /// detector to look at it.
    pub fn merge(
        &mut self,
        row: &Arc<Row<A>>,
        now: Duration,
        detector: Option<&Detector>,
    ) -> Merged {
        // BEGIN SOLUTION stage 3: which of two rows stays? And what if there is no room for a new one?
        let merged = match self.find(row.key) {
            Ok(at) if self.slots[at].version >= row.version => return Merged::Old,
            Ok(at) => self.slots[at].renew(row, now, detector),
            Err(at) if self.slots.len() < MOST_CHILDREN => {
                self.slots.insert(at, Slot::new(row, now, detector));
                Merged::New
            }
            Err(_) => return Merged::Full,
        };
        self.changed = true;
        merged
        // END SOLUTION
    }

    /// Puts a row that was computed here in place, unless a newer one is known.
    pub fn put(&mut self, row: Row<A>, now: Duration, detector: Option<&Detector>) {
        let row = Arc::new(row);
        if self.merge(&row, now, detector) == Merged::Old
            && let Ok(at) = self.find(row.key)
            && self.slots[at].version == row.version
        {
            // As new, but a suspicion may have changed what it says.
            self.slots[at].row = row;
            self.changed = true;
        }
    }

    fn find(&self, key: Key) -> Result<usize, usize> {
        self.slots.binary_search_by_key(&key, |slot| slot.key)
    }
}

impl<A> Default for Table<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> Slot<A> {
    fn new(row: &Arc<Row<A>>, now: Duration, detector: Option<&Detector>) -> Self {
        // Without a detector nobody asks about arrivals.
        let any = Detector::every(Duration::from_secs(1));
        Slot {
            key: row.key,
            version: row.version,
            row: Arc::clone(row),
            arrivals: Arrivals::first(now, detector.unwrap_or(&any)),
            standing: Standing::Here,
        }
    }

    // BEGIN SOLUTION ITEMS stage 3: a newer row
    fn renew(&mut self, row: &Arc<Row<A>>, now: Duration, detector: Option<&Detector>) -> Merged {
        if let Some(detector) = detector {
            self.arrivals.heard(now, detector);
        }
        self.version = row.version;
        self.row = Arc::clone(row);
        match std::mem::replace(&mut self.standing, Standing::Here) {
            Standing::Here => Merged::Newer,
            Standing::Suspected | Standing::Gone => Merged::Returned,
        }
    }
    // END SOLUTION

    /// The row; of one that isn't [`Standing::Here`], the last one that was known.
    #[must_use]
    pub fn row(&self) -> &Arc<Row<A>> {
        &self.row
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How it stands with it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// When news of it came.
    #[must_use]
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }
}
