//! Spin, then park: how one side of a lock-free channel waits for the other, and misses nothing.
//!
//! A ring has no lock to wait under, so going to sleep is a protocol (an event count):
//!
//! - The *giver* makes an item (or an empty slot) visible, passes a light fence, then looks at the other
//!   side's counts. If someone sleeps and nobody is searching, it wakes one.
//! - The *sleeper* counts itself as asleep, passes a heavy fence, then tries once more. It parks only if
//!   that fails.
//!
//! Between the two fences at least one sees the other's write. A woken sleeper counts as *searching* from
//! the moment of the wake-up until it has found something or sleeps again. The giver may skip the wake-up
//! meanwhile, since the last searcher who leaves looks whether there is more, behind a heavy fence, and
//! wakes another in its place: a burst of a thousand items costs one wake-up, not a thousand.

use std::collections::VecDeque;
use std::hint;
use std::time::Duration;

use labkit::clock::Deadline;
use labkit::sync::atomic::{AtomicU64, Ordering};
use labkit::sync::{CachePadded, Mutex, lock, thread};

use crate::fence;
use crate::patience::park_until;

/// One searching thread, in the low half of the word.
const SEARCHING: u64 = 1;
/// One sleeping thread, in the high half.
const SLEEPING: u64 = 1 << 32;
/// Nobody of this side is left, nor ever will be.
const GONE: u64 = 1 << 63;

/// Rounds of a search in which the core is kept: their pauses double from one to 2^SPINS.
const SPINS: u32 = if cfg!(loom) { 0 } else { 5 };
/// Rounds after them in which it is offered to others.
const YIELDS: u32 = if cfg!(loom) { 0 } else { 8 };

fn searching(word: u64) -> u64 {
    word % SLEEPING
}

fn sleeping(word: u64) -> u64 {
    (word & !GONE) / SLEEPING
}

/// Who waits on one side of a channel.
#[derive(Debug, Default)]
pub struct Waiters {
    /// Searching and sleeping threads, and whether the side is gone: givers read all at once.
    word: CachePadded<AtomicU64>,
    /// Guards the list, and every change of `word` that goes with it.
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    /// The oldest first; tickets grow, so that one is found by halving.
    sleepers: VecDeque<Sleeper>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Sleeper {
    ticket: u64,
    thread: thread::Thread,
}

impl List {
    fn find(&self, ticket: u64) -> Option<usize> {
        self.sleepers
            .binary_search_by_key(&ticket, |sleeper| sleeper.ticket)
            .ok()
    }
}

impl Waiters {
    /// Whether nobody of this side is left. What they did before is visible then.
    #[inline]
    #[must_use]
    pub fn are_gone(&self) -> bool {
        self.word.load(Ordering::Acquire) & GONE != 0
    }

    /// Says that something for this side has been made visible. True: nobody of it is left to care.
    #[inline]
    pub fn notify(&self) -> bool {
        fence::light();
        let word = self.word.load(Ordering::Relaxed);
        word >= SLEEPING && self.notify_sleepers(word)
    }

    #[cold]
    fn notify_sleepers(&self, word: u64) -> bool {
        if sleeping(word) > 0 && searching(word) == 0 {
            self.wake_one();
        }
        self.are_gone()
    }

    /// Marks this side as gone for good.
    pub fn leave(&self) {
        self.word.fetch_or(GONE, Ordering::SeqCst);
    }

    /// Wakes everyone: something has changed that concerns them all.
    pub fn wake_all(&self) {
        let mut list = lock(&self.list);
        for sleeper in list.sleepers.drain(..) {
            self.word.fetch_sub(SLEEPING - SEARCHING, Ordering::SeqCst);
            sleeper.thread.unpark();
        }
    }

    /// Tries until there is an outcome or the patience is at its end (`None`: never; zero: at once).
    /// `ready` says whether another thread of this side would find something.
    #[cold]
    pub fn wait<R>(
        &self,
        patience: Option<Duration>,
        ready: impl Fn() -> bool,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        if patience == Some(Duration::ZERO) {
            return None;
        }
        let deadline = patience.map_or_else(Deadline::never, Deadline::after);
        let mut woken = false;
        let outcome = self.search(deadline, &mut woken, &mut attempt);
        if woken {
            self.end_search(ready);
        }
        outcome
    }

    /// `woken` is whether this thread counts as searching. One that only spins doesn't: counting writes
    /// to the very cache line that the other side reads for every item.
    fn search<R>(
        &self,
        deadline: Deadline,
        woken: &mut bool,
        attempt: &mut impl FnMut() -> Option<R>,
    ) -> Option<R> {
        // BEGIN SOLUTION stage 4: spin, announce, fence, try again, and only then park
        loop {
            if let Some(outcome) = spin(attempt) {
                return Some(outcome);
            }
            let ticket = self.announce(*woken);
            fence::heavy();
            let outcome = attempt();
            let mut over = false;
            while outcome.is_none() && !over && self.is_asleep(ticket) {
                over = park_until(deadline);
            }
            *woken = !self.withdraw(ticket);
            if outcome.is_some() {
                return outcome;
            }
            if over {
                return attempt();
            }
        }
        // END SOLUTION
    }

    /// Leaves the search. Givers may have relied on this thread, so the last one looks for them.
    fn end_search(&self, ready: impl Fn() -> bool) {
        // BEGIN SOLUTION stage 4: who takes over what was left to you?
        let word = self.word.fetch_sub(SEARCHING, Ordering::SeqCst);
        if searching(word) == 1 && sleeping(word) > 0 {
            fence::heavy();
            if ready() {
                self.wake_one();
            }
        }
        // END SOLUTION
    }

    /// To sleep, from searching if it was counted as that.
    fn announce(&self, searching: bool) -> u64 {
        let mut list = lock(&self.list);
        let ticket = list.next_ticket;
        list.next_ticket += 1;
        list.sleepers.push_back(Sleeper {
            ticket,
            thread: thread::current(),
        });
        let counted = if searching { SEARCHING } else { 0 };
        self.word.fetch_add(SLEEPING - counted, Ordering::SeqCst);
        ticket
    }

    fn is_asleep(&self, ticket: u64) -> bool {
        lock(&self.list).find(ticket).is_some()
    }

    /// Takes a thread off the list; false if whoever woke it has done so, and counted it as searching.
    fn withdraw(&self, ticket: u64) -> bool {
        let mut list = lock(&self.list);
        let Some(at) = list.find(ticket) else {
            return false;
        };
        list.sleepers.remove(at);
        self.word.fetch_sub(SLEEPING, Ordering::SeqCst);
        true
    }

    /// Wakes the one who has slept longest.
    fn wake_one(&self) {
        // BEGIN SOLUTION stage 4: take it off the list, count it as searching, unpark it
        let mut list = lock(&self.list);
        let Some(sleeper) = list.sleepers.pop_front() else {
            return;
        };
        self.word.fetch_sub(SLEEPING - SEARCHING, Ordering::SeqCst);
        drop(list);
        sleeper.thread.unpark();
        // END SOLUTION
    }
}

// BEGIN SOLUTION ITEMS stage 4: how long to try before sleeping
/// Tries for a while without sleeping.
fn spin<R>(attempt: &mut impl FnMut() -> Option<R>) -> Option<R> {
    for round in 0..SPINS + YIELDS {
        if let Some(outcome) = attempt() {
            return Some(outcome);
        }
        if round < SPINS {
            (0..1_u32 << round).for_each(|_| hint::spin_loop());
        } else {
            thread::yield_now();
        }
    }
    attempt()
}
// END SOLUTION
