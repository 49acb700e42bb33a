//! Run queues: a ring of its own for each worker, and one injector for all.
//!
//! The ring has one owner, who pushes, and any number of takers, the owner among them. Takers read the
//! items first and then claim them with one compare-and-swap of `head`; if it fails, what was read is
//! forgotten. It works as in Go's scheduler, and is first in, first out: a task that was woken while
//! it ran waits behind all others. A thief claims half of the items at once, so that it needn't come
//! again soon.
//!
//! Invariants:
//! - `head` and `tail` only grow. The items are those at `head..tail`, at most [`CAPACITY`].
//! - Only the owner writes slots and `tail`, and a slot only when `head` has passed its old item. So a
//!   taker that read a slot too late finds `head` moved, and gets nothing.
//!
//! The injector is a queue under a lock. It takes what comes from other threads and what a full ring
//! sheds, and gives it away in batches.

use std::collections::VecDeque;
use std::ptr::{self, NonNull};

use labkit::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use labkit::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize};
use labkit::sync::{Arc, CachePadded, Mutex, lock};

/// What a ring holds at most. Models use the smallest that can be halved.
pub const CAPACITY: usize = if cfg!(loom) { 4 } else { 256 };

/// The owner's end of a ring. There is one, and it stays with its worker.
#[derive(Debug)]
pub struct Owner<T>(Arc<Ring<T>>);

/// A thief's end; as many as wanted.
#[derive(Debug)]
pub struct Stealer<T>(Arc<Ring<T>>);

#[derive(Debug)]
struct Ring<T> {
    head: CachePadded<AtomicU64>,
    tail: CachePadded<AtomicU64>,
    slots: Box<[AtomicPtr<T>]>,
}

/// A new, empty ring of pointers: its two ends. The ring never looks behind a pointer; whoever takes
/// one out owns what it stands for, and what is left in it at the end is nobody's.
#[must_use]
pub fn ring<T>() -> (Owner<T>, Stealer<T>) {
    let slots = (0..CAPACITY).map(|_| AtomicPtr::new(ptr::null_mut()));
    let ring = Arc::new(Ring {
        head: CachePadded(AtomicU64::new(0)),
        tail: CachePadded(AtomicU64::new(0)),
        slots: slots.collect(),
    });
    (Owner(Arc::clone(&ring)), Stealer(ring))
}

impl<T> Ring<T> {
    #[inline]
    fn slot(&self, index: u64) -> &AtomicPtr<T> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only the low bits choose the slot"
        )]
        let index = index as usize;
        &self.slots[index & (CAPACITY - 1)]
    }

    /// Claims up to `most` of the oldest items, which `keep` gets one by one *before* they are sure to
    /// be ours. Returns how many they were; 0 if there are none, or somebody was faster.
    fn claim(&self, share: impl Fn(u64) -> u64, mut keep: impl FnMut(u64, *mut T)) -> u64 {
        // BEGIN SOLUTION stage 3: read first, claim then; what must not be overtaken by what?
        let head = self.head.load(Acquire);
        let tail = self.tail.load(Acquire);
        // The tail may be read long after the head; then the claim fails, but may not overrun before.
        let count = share(tail.saturating_sub(head)).min(CAPACITY as u64);
        for at in 0..count {
            keep(at, self.slot(head + at).load(Relaxed));
        }
        let claimed = count > 0
            && (self
                .head
                .compare_exchange(head, head + count, AcqRel, Relaxed))
            .is_ok();
        if claimed { count } else { 0 }
        // END SOLUTION
    }

    fn is_empty(&self) -> bool {
        self.head.load(Acquire) == self.tail.load(Acquire)
    }
}

impl<T> Owner<T> {
    /// Adds an item at the end.
    ///
    /// # Errors
    /// The item itself, if the ring is full.
    #[inline]
    pub fn push(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        // BEGIN SOLUTION stage 3: write the item, then publish it; when is there room?
        let ring = &*self.0;
        let tail = ring.tail.load(Relaxed);
        // Acquire: the takers' reads of a slot come before it is written again.
        if tail - ring.head.load(Acquire) >= CAPACITY as u64 {
            return Err(item);
        }
        ring.slot(tail).store(item.as_ptr(), Relaxed);
        ring.tail.store(tail + 1, Release);
        Ok(())
        // END SOLUTION
    }

    /// Takes the oldest item.
    #[inline]
    #[must_use]
    pub fn pop(&self) -> Option<NonNull<T>> {
        let mut item = ptr::null_mut();
        loop {
            if self.0.claim(|there| there.min(1), |_, it| item = it) == 1 {
                return NonNull::new(item);
            }
            // A thief was faster; it may have left something.
            if self.0.is_empty() {
                return None;
            }
        }
    }

    /// Takes the older half of a full ring, to make room.
    pub fn shed(&self) -> Vec<NonNull<T>> {
        let mut taken = Vec::with_capacity(CAPACITY / 2);
        let claimed = self.0.claim(
            |there| there / 2,
            |_, item| taken.extend(NonNull::new(item)),
        );
        if claimed == 0 {
            taken.clear();
        }
        taken
    }

    /// How many more items fit.
    fn room(&self) -> u64 {
        CAPACITY as u64 - (self.0.tail.load(Relaxed) - self.0.head.load(Acquire))
    }
}

impl<T> Stealer<T> {
    /// Moves the older half of the items to a thief's own ring, but for one that it gets at once.
    #[must_use]
    pub fn steal_into(&self, thief: &Owner<T>) -> Option<NonNull<T>> {
        // BEGIN SOLUTION stage 3: half of it, rounded up; when may others see it in the thief's ring?
        let (into, room) = (&*thief.0, thief.room());
        let tail = into.tail.load(Relaxed);
        let mut first = ptr::null_mut();
        let claimed = self.0.claim(
            |there| there.div_ceil(2).min(room),
            |at, item| match at {
                0 => first = item,
                _ => into.slot(tail + at - 1).store(item, Relaxed),
            },
        );
        if claimed == 0 {
            return None;
        }
        into.tail.store(tail + claimed - 1, Release);
        NonNull::new(first)
        // END SOLUTION
    }

    /// Whether there was nothing to steal at the moment of the look.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Stealer(Arc::clone(&self.0))
    }
}

/// The queue for what comes from outside, and for what doesn't fit into a ring.
#[derive(Debug)]
pub struct Injector<T> {
    /// A hint that is read without the lock.
    len: CachePadded<AtomicUsize>,
    /// Guards the items, and that none come after the end.
    state: Mutex<Items<T>>,
}

#[derive(Debug)]
struct Items<T> {
    queue: VecDeque<Item<T>>,
    closed: bool,
}

/// A pointer that may change threads, as the [`Owner`] of what it stands for promises.
#[derive(Debug)]
struct Item<T>(NonNull<T>);

#[expect(unsafe_code, reason = "a raw pointer isn't Send by itself")]
// SAFETY: the queue never looks behind its pointers; who puts one in gives it away with all rights.
unsafe impl<T> Send for Item<T> {}

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Injector<T> {
    /// An open queue of nothing.
    #[must_use]
    pub fn new() -> Self {
        Injector {
            len: CachePadded(AtomicUsize::new(0)),
            state: Mutex::new(Items {
                queue: VecDeque::new(),
                closed: false,
            }),
        }
    }

    /// Adds items at the end.
    ///
    /// # Errors
    /// The items themselves, if the queue is closed.
    pub fn push(&self, items: impl IntoIterator<Item = NonNull<T>>) -> Result<(), Vec<NonNull<T>>> {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            return Err(items.into_iter().collect());
        }
        state.queue.extend(items.into_iter().map(Item));
        self.len.store(state.queue.len(), Release);
        Ok(())
    }

    /// Takes the oldest item, and moves a fair share of the others to the worker's ring.
    #[must_use]
    pub fn take(&self, worker: &Owner<T>, workers: usize) -> Option<NonNull<T>> {
        if self.is_empty() {
            return None;
        }
        let mut state = lock(&self.state);
        let first = state.queue.pop_front()?;
        let share = (state.queue.len() / workers).min(CAPACITY / 2);
        for _ in 0..share {
            let Some(Item(item)) = state.queue.pop_front() else {
                break;
            };
            if let Err(item) = worker.push(item) {
                state.queue.push_front(Item(item));
                break;
            }
        }
        self.len.store(state.queue.len(), Release);
        Some(first.0)
    }

    /// Takes no more items, and hands out those that are left.
    #[must_use]
    pub fn close(&self) -> Vec<NonNull<T>> {
        let mut state = lock(&self.state);
        state.closed = true;
        self.len.store(0, Release);
        state.queue.drain(..).map(|item| item.0).collect()
    }

    /// Whether there was nothing at the moment of the look.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len.load(Acquire) == 0
    }
}
