//! The lock word: thin while one holds it and nobody waits, fat otherwise.
//!
//! A *thin* lock is one number, which says who holds it and how; taking and giving it back is one
//! compare-and-swap each, and the detector hears nothing of it. Whoever finds it taken makes it *fat*: under
//! the detector's lock it moves the holder into the lock table and waits there. A fat lock can only be
//! given back through the table, so for as long as somebody waits the table knows all there is to know.
//! (Bacon, Konuru, Murthy and Serrano's thin locks, 1998, did this for Java's monitors.)

use labkit::sync::atomic::{AtomicU64, Ordering};

use crate::deadlock::Site;
use crate::detector::Detector;
use crate::error::LockError;
use crate::graph::{LockId, LockTable, Mode, Party};
use crate::party::{self, Hold};
use crate::since;

/// Nobody holds the lock.
const FREE: u64 = 0;
/// The lock table has the holders and the queue.
const FAT: u64 = 1;
/// In the word of a thin lock: its holder is a reader.
const SHARED: u64 = 2;

/// A tracked lock without what it guards.
#[derive(Debug)]
pub struct RawLock {
    word: AtomicU64,
    id: LockId,
    detector: Detector,
}

/// A lock held by the thread that took it, given back on drop.
#[derive(Debug)]
pub struct Tracked<'a> {
    raw: &'a RawLock,
    /// The word of the lock while it is thin: party and mode in one number. (As two fields with padding
    /// behind them they cost a dozen cycles in every guard that is moved.)
    word: u64,
}

impl RawLock {
    /// A free lock, watched by this detector.
    #[must_use]
    pub fn new(detector: &Detector, name: Option<String>) -> Self {
        let id = LockId(party::next_ticket());
        if let Some(name) = name {
            detector.name(id, name);
        }
        RawLock {
            word: AtomicU64::new(FREE),
            id,
            detector: detector.clone(),
        }
    }

    /// Its number, which is unique.
    #[must_use]
    pub fn id(&self) -> LockId {
        self.id
    }

    pub(crate) fn name(&self) -> String {
        self.detector.name_of(self.id)
    }

    /// Takes the lock, or waits for it, or learns that waiting would never end; `site` is where, for reports.
    ///
    /// # Errors
    /// [`LockError::Deadlock`] and [`LockError::Relock`]; the lock isn't held then.
    // Always inline, as is what leads here: a call would hand its result back through memory, which costs as
    // much as one of the two atomic instructions.
    #[inline(always)]
    pub fn acquire(&self, mode: Mode, site: Site) -> Result<Tracked<'_>, LockError> {
        let (party, held) = party::me();
        if held > 0 && self.detector.watches_order() && party::has_new_order(self.id) {
            self.detector.note_orders(self.id, site);
        }
        let word = thin(party, mode);
        if !self.try_thin(word) {
            self.detector.acquire(self, party, mode, site)?;
        }
        party::took(Hold {
            lock: self.id,
            mode,
            site,
            since: since::now(),
        });
        Ok(Tracked { raw: self, word })
    }

    #[inline]
    fn try_thin(&self, word: u64) -> bool {
        self.word
            .compare_exchange(FREE, word, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Gives the lock back if it is thin; says whether it was.
    #[inline]
    pub(crate) fn release_thin(&self, word: u64) -> bool {
        self.word
            .compare_exchange(word, FREE, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the lock if it is free after all (true), else makes sure that it is fat (false). The caller
    /// holds the detector's lock, to which the table belongs.
    pub(crate) fn take_or_inflate(&self, table: &mut LockTable, me: Party, mode: Mode) -> bool {
        // BEGIN SOLUTION stage 2: the holder may leave between your look and your swap
        loop {
            match self.word.load(Ordering::Relaxed) {
                FREE if self.try_thin(thin(me, mode)) => return true,
                FREE => {}
                FAT => return false,
                word => {
                    let swap =
                        self.word
                            .compare_exchange(word, FAT, Ordering::Acquire, Ordering::Relaxed);
                    if swap.is_ok() {
                        let (holder, held) = holder(word);
                        table.adopt(holder, self.id, held);
                        return false;
                    }
                }
            }
        }
        // END SOLUTION
    }

    /// Makes a fat lock thin again if nobody waits for it and at most one holds it. The caller holds the
    /// detector's lock; nobody else changes the word of a fat lock.
    pub(crate) fn deflate(&self, table: &mut LockTable) {
        // BEGIN SOLUTION stage 2: what does the word say when one holder is left, and when none is?
        match table.forget_quiet(self.id) {
            Some(Some((party, mode))) => self.word.store(thin(party, mode), Ordering::Release),
            Some(None) => self.word.store(FREE, Ordering::Release),
            None => {}
        }
        // END SOLUTION
    }
}

impl Drop for RawLock {
    fn drop(&mut self) {
        self.detector.forget(self.id);
    }
}

impl Drop for Tracked<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        party::gave(self.raw.id);
        if !self.raw.release_thin(self.word) {
            self.raw.detector.release(self.raw, self.word);
        }
    }
}

/// The word of a lock with one holder.
fn thin(party: Party, mode: Mode) -> u64 {
    (party.0 << 2) | if mode == Mode::Shared { SHARED } else { 0 }
}

/// The holder that a thin lock's word names.
pub(crate) fn holder(word: u64) -> (Party, Mode) {
    let mode = if word & SHARED == 0 {
        Mode::Exclusive
    } else {
        Mode::Shared
    };
    (Party(word >> 2), mode)
}
