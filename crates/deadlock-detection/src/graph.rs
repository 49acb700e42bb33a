//! Who holds what, who waits for what, and whether a wait closes a cycle: a value without threads.
//!
//! Locks are granted in the order of their requests, so a party waits for those who *hold* the lock and
//! for those who *queue before it*, as far as their modes conflict. A party waits for one lock at a time
//! and needs all who stand in its way to leave (Knapp's AND model), so a deadlock is a cycle of waits,
//! and nothing else is (Holt, 1972). Edges appear only when somebody begins to wait: looking then misses
//! none.

mod snapshot;

use std::collections::{BTreeMap, VecDeque, btree_map};
use std::fmt;

pub use snapshot::Snapshot;

/// Someone who takes locks: a thread, or a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(pub u64);

/// A lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockId(pub u64);

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// With others who share it (a reader).
    Shared,
    /// Alone (a writer, or the owner of a mutex).
    Exclusive,
}

impl Mode {
    /// Whether the two can't hold one lock at once.
    #[must_use]
    pub fn conflicts(self, other: Mode) -> bool {
        self == Mode::Exclusive || other == Mode::Exclusive
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Shared => "shared",
            Mode::Exclusive => "exclusive",
        })
    }
}

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The party holds the lock.
    Granted,
    /// The party stands in the lock's queue; a later release or withdrawal grants it.
    Waits,
}

/// Why a request or a release makes no sense; the caller is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// The party holds the lock already, and would wait for itself.
    #[error("it holds this lock already and would wait for itself; release it first")]
    Relock,
    /// The party waits for another lock, and can't ask for two at once.
    #[error("it waits for a lock already; it can ask again when that wait has ended")]
    Waiting,
    /// The party doesn't hold the lock that it releases.
    #[error("it doesn't hold this lock; only a holder can release it")]
    NotHeld,
}

/// One wait of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Who waits.
    pub party: Party,
    /// For which lock.
    pub lock: LockId,
    /// In which mode.
    pub mode: Mode,
    /// Who stands in its way: a holder, or one who queues before it.
    pub blocked_by: Party,
}

/// The holders and the queue of one lock.
#[derive(Clone, Debug, Default)]
struct Entry {
    holders: Vec<(Party, Mode)>,
    queue: VecDeque<(Party, Mode)>,
}

impl Entry {
    /// Whether someone in this mode can have the lock beside its holders.
    fn admits(&self, mode: Mode) -> bool {
        self.holders.iter().all(|(_, held)| !held.conflicts(mode))
    }

    fn is_held_by(&self, party: Party) -> bool {
        self.holders.iter().any(|(holder, _)| *holder == party)
    }
}

/// All locks that somebody holds or waits for.
#[derive(Clone, Debug, Default)]
pub struct LockTable {
    locks: BTreeMap<LockId, Entry>,
    waiting: BTreeMap<Party, (LockId, Mode)>,
    /// How many locks of the table each party holds; who holds none closes no cycle.
    held: BTreeMap<Party, usize>,
}

impl LockTable {
    /// A table in which every lock is free.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a lock: it is granted if it is free for this mode and nobody queues for it, else the
    /// party goes to the end of the queue. Ask [`cycle_through`](Self::cycle_through) then.
    ///
    /// # Errors
    /// [`Misuse::Relock`] and [`Misuse::Waiting`]; nothing has changed then.
    pub fn request(&mut self, party: Party, lock: LockId, mode: Mode) -> Result<Answer, Misuse> {
        // BEGIN SOLUTION stage 1: grant or queue; may a reader overtake a writer who waits?
        if self.waiting.contains_key(&party) {
            return Err(Misuse::Waiting);
        }
        let entry = self.locks.entry(lock).or_default();
        if entry.is_held_by(party) {
            return Err(Misuse::Relock);
        }
        if entry.queue.is_empty() && entry.admits(mode) {
            entry.holders.push((party, mode));
            *self.held.entry(party).or_default() += 1;
            return Ok(Answer::Granted);
        }
        entry.queue.push_back((party, mode));
        self.waiting.insert(party, (lock, mode));
        Ok(Answer::Waits)
        // END SOLUTION
    }

    /// Gives a lock back; returns who holds it now and did not before.
    ///
    /// # Errors
    /// [`Misuse::NotHeld`]; nothing has changed then.
    pub fn release(&mut self, party: Party, lock: LockId) -> Result<Vec<Party>, Misuse> {
        // BEGIN SOLUTION stage 1: take the holder out, then admit from the head of the queue
        let entry = self.locks.get_mut(&lock).ok_or(Misuse::NotHeld)?;
        let place = entry
            .holders
            .iter()
            .position(|(holder, _)| *holder == party);
        entry.holders.remove(place.ok_or(Misuse::NotHeld)?);
        self.forget_hold(party);
        Ok(self.admit(lock))
        // END SOLUTION
    }

    /// Takes a waiting party out of its queue; returns who holds the lock now and did not before (readers
    /// that queued behind a writer, say). Nothing happens to a party that doesn't wait.
    pub fn withdraw(&mut self, party: Party) -> Vec<Party> {
        // BEGIN SOLUTION stage 1: leave the queue; whom did this wait hold up?
        let Some((lock, _)) = self.waiting.remove(&party) else {
            return Vec::new();
        };
        if let Some(entry) = self.locks.get_mut(&lock) {
            entry.queue.retain(|(waiter, _)| *waiter != party);
        }
        self.admit(lock)
        // END SOLUTION
    }

    /// The shortest cycle of waits through this party, beginning with it; none if it isn't in a deadlock.
    ///
    /// A breadth-first search over everyone whom it waits for, directly or not.
    #[must_use]
    pub fn cycle_through(&self, party: Party) -> Option<Vec<Wait>> {
        // BEGIN SOLUTION stage 1: follow the waits from `party`; how do you know that you came back?
        if !self.is_in_anyones_way(party) {
            return None;
        }
        let mut reached_from: BTreeMap<Party, Party> = BTreeMap::new();
        let mut next = VecDeque::from([party]);
        while let Some(waiter) = next.pop_front() {
            for blocker in self.blockers(waiter) {
                if blocker == party {
                    return Some(self.path(party, waiter, &reached_from));
                }
                if let btree_map::Entry::Vacant(unseen) = reached_from.entry(blocker) {
                    unseen.insert(waiter);
                    next.push_back(blocker);
                }
            }
        }
        None
        // END SOLUTION
    }

    /// Whom a party waits for: conflicting holders, and conflicting requests that came before its own.
    pub fn blockers(&self, party: Party) -> impl Iterator<Item = Party> {
        let wait = self.waiting.get(&party);
        let found = wait.and_then(|(lock, mode)| Some((self.locks.get(lock)?, *mode)));
        found.into_iter().flat_map(move |(entry, mode)| {
            let before = entry
                .queue
                .iter()
                .take_while(move |(other, _)| *other != party);
            let in_the_way = entry.holders.iter().chain(before);
            in_the_way
                .filter(move |(_, other)| other.conflicts(mode))
                .map(|(other, _)| *other)
        })
    }

    /// What a party waits for.
    #[must_use]
    pub fn wait_of(&self, party: Party) -> Option<(LockId, Mode)> {
        self.waiting.get(&party).copied()
    }

    /// The locks that a party holds, in the order of their numbers.
    #[must_use]
    pub fn held_by(&self, party: Party) -> Vec<LockId> {
        let locks = self
            .locks
            .iter()
            .filter(|(_, entry)| entry.is_held_by(party));
        locks.map(|(lock, _)| *lock).collect()
    }

    /// Who holds a lock, and how.
    #[must_use]
    pub fn holders(&self, lock: LockId) -> &[(Party, Mode)] {
        self.locks.get(&lock).map_or(&[], |entry| &entry.holders)
    }

    /// Enters a holder of a lock that the table didn't know of, even if that party waits elsewhere.
    pub(crate) fn adopt(&mut self, party: Party, lock: LockId, mode: Mode) {
        self.locks
            .entry(lock)
            .or_default()
            .holders
            .push((party, mode));
        *self.held.entry(party).or_default() += 1;
    }

    /// Forgets a lock that nobody waits for and that has at most one holder, and returns that holder;
    /// nothing if the table has to keep it.
    pub(crate) fn forget_quiet(&mut self, lock: LockId) -> Option<Option<(Party, Mode)>> {
        let Some(entry) = self.locks.get(&lock) else {
            return Some(None);
        };
        let quiet = entry.queue.is_empty() && entry.holders.len() <= 1;
        let holder = quiet.then(|| entry.holders.first().copied())?;
        self.locks.remove(&lock);
        if let Some((party, _)) = holder {
            self.forget_hold(party);
        }
        Some(holder)
    }

    /// Grants from the head of the queue for as long as the head fits.
    fn admit(&mut self, lock: LockId) -> Vec<Party> {
        let mut admitted = Vec::new();
        let Some(entry) = self.locks.get_mut(&lock) else {
            return admitted;
        };
        while let Some((party, mode)) = entry.queue.front().copied() {
            if !entry.admits(mode) {
                break;
            }
            entry.queue.pop_front();
            entry.holders.push((party, mode));
            *self.held.entry(party).or_default() += 1;
            self.waiting.remove(&party);
            admitted.push(party);
        }
        if entry.holders.is_empty() {
            self.locks.remove(&lock);
        }
        admitted
    }

    fn forget_hold(&mut self, party: Party) {
        if let Some(count) = self.held.get_mut(&party) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&party);
            }
        }
    }

    /// The way from `first` to `last` and back, as waits.
    fn path(&self, first: Party, last: Party, reached_from: &BTreeMap<Party, Party>) -> Vec<Wait> {
        let (mut cycle, mut at, mut blocked_by) = (Vec::new(), last, first);
        while let Some((lock, mode)) = self.wait_of(at) {
            cycle.push(Wait {
                party: at,
                lock,
                mode,
                blocked_by,
            });
            if at == first {
                break;
            }
            blocked_by = at;
            at = reached_from[&at];
        }
        cycle.reverse();
        cycle
    }

    /// Whether anyone may wait for this party: it holds something, or isn't the last of its queue. One
    /// who just came and holds nothing closes no cycle, and most who meet a busy lock are such.
    fn is_in_anyones_way(&self, party: Party) -> bool {
        let queue = self
            .wait_of(party)
            .and_then(|(lock, _)| self.locks.get(&lock));
        let last = queue.and_then(|entry| entry.queue.back());
        self.held.contains_key(&party) || last.is_some_and(|(last, _)| *last != party)
    }
}
