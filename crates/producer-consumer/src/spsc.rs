//! A ring for two threads: Lamport's queue (1983), with each side's view of the other one cached.
//!
//! Positions only grow; a position's slot is its low bits. The producer owns the slots from `tail` to
//! `head + capacity`, the consumer those from `head` to `tail`, and each hands slots to the other by
//! storing its own position. Nobody else stores it, so no read-modify-write is needed. What the other
//! side's position was is remembered: while that is good enough, its cache line isn't touched, and the
//! two cores exchange a line for many items instead of two for each.

#![expect(
    unsafe_code,
    reason = "slots are handed over by positions, which the compiler can't check"
)]

use std::collections::VecDeque;
use std::mem::MaybeUninit;

use labkit::sync::atomic::AtomicUsize;
use labkit::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use labkit::sync::{CachePadded, UnsafeCell};

use crate::channel::Exclusive;
use crate::link::{Link, ordered};
use crate::parked::Buffer;

/// A ring that one thread fills and another one empties.
#[derive(Debug)]
pub struct Ring<T> {
    /// A power of two of them, the capacity at least.
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    capacity: usize,
    /// The next position to fill, and where the consumer was seen last.
    producer: CachePadded<End>,
    /// The next position to empty, and where the producer was seen last.
    consumer: CachePadded<End>,
}

#[derive(Debug)]
struct End {
    position: AtomicUsize,
    /// The other end's position when this end's thread looked last; no other thread touches it.
    seen: UnsafeCell<usize>,
}

// SAFETY: by the buffer's contract an end is used by one thread at a time, and a slot is reached by
// that end alone to which the positions give it; an item that goes through changes threads, so `T: Send`.
unsafe impl<T: Send> Sync for Ring<T> {}

impl End {
    fn new() -> CachePadded<Self> {
        CachePadded(End {
            position: AtomicUsize::new(0),
            seen: UnsafeCell::new(0),
        })
    }
}

impl<T> Ring<T> {
    #[inline]
    fn slot(&self, position: usize) -> &UnsafeCell<MaybeUninit<T>> {
        // The mask keeps it in bounds, and the compiler sees that it does.
        &self.slots[position & (self.slots.len() - 1)]
    }

    /// How many slots from `tail` on are empty, `wanted` being enough.
    ///
    /// # Safety
    /// Only for the producer.
    #[inline]
    unsafe fn room(&self, tail: usize, wanted: usize) -> usize {
        self.producer.seen.with_mut(|seen| {
            // BEGIN SOLUTION stage 3: ask the cached position first, the consumer's own only in need
            // SAFETY: only the producer's thread comes here.
            let seen = unsafe { &mut *seen };
            if self.capacity - tail.wrapping_sub(*seen) < wanted {
                let order = ordered(Link::SpscSlot, Acquire);
                *seen = self.consumer.position.load(order);
            }
            self.capacity - tail.wrapping_sub(*seen)
            // END SOLUTION
        })
    }

    /// How many slots from `head` on are full, `wanted` being enough.
    ///
    /// # Safety
    /// Only for the consumer.
    #[inline]
    unsafe fn filled(&self, head: usize, wanted: usize) -> usize {
        self.consumer.seen.with_mut(|seen| {
            // BEGIN SOLUTION stage 3: the mirror image of looking for room
            // SAFETY: only the consumer's thread comes here.
            let seen = unsafe { &mut *seen };
            if seen.wrapping_sub(head) < wanted {
                *seen = self.producer.position.load(Acquire);
            }
            seen.wrapping_sub(head)
            // END SOLUTION
        })
    }

    /// Makes the slots before `tail` the consumer's.
    #[inline]
    fn hand_over(&self, tail: usize) {
        // BEGIN SOLUTION stage 3: what must the consumer see as soon as it sees the position?
        let order = ordered(Link::SpscItem, Release);
        self.producer.position.store(tail, order);
        // END SOLUTION
    }
}

impl<T: Send> Buffer for Ring<T> {
    type Item = T;
    type Sharing = Exclusive;

    fn with_capacity(capacity: usize) -> Self {
        let slots = capacity.next_power_of_two();
        Ring {
            slots: (0..slots)
                .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
                .collect(),
            capacity,
            producer: End::new(),
            consumer: End::new(),
        }
    }

    #[inline]
    unsafe fn push(&self, item: T) -> Result<(), T> {
        let tail = self.producer.position.load(Relaxed);
        // SAFETY: the caller is the producer.
        if unsafe { self.room(tail, 1) } == 0 {
            return Err(item);
        }
        // SAFETY: the slot is empty, and the producer's until the position says otherwise.
        self.slot(tail).with_mut(|slot| unsafe {
            (*slot).write(item);
        });
        self.hand_over(tail.wrapping_add(1));
        Ok(())
    }

    #[inline]
    unsafe fn pop(&self) -> Option<T> {
        let head = self.consumer.position.load(Relaxed);
        // SAFETY: the caller is the consumer.
        if unsafe { self.filled(head, 1) } == 0 {
            return None;
        }
        // SAFETY: the slot is full, and the consumer's until the position says otherwise; the item is
        // read once, because then it does.
        let item = self
            .slot(head)
            .with(|slot| unsafe { (*slot).assume_init_read() });
        self.consumer.position.store(head.wrapping_add(1), Release);
        Some(item)
    }

    unsafe fn push_batch(&self, batch: &mut VecDeque<T>) -> usize {
        let tail = self.producer.position.load(Relaxed);
        // SAFETY: the caller is the producer.
        let fit = unsafe { self.room(tail, batch.len()) }.min(batch.len());
        for (at, item) in batch.drain(..fit).enumerate() {
            // SAFETY: as in `push`; there is room for `fit` of them.
            self.slot(tail.wrapping_add(at)).with_mut(|slot| unsafe {
                (*slot).write(item);
            });
        }
        self.hand_over(tail.wrapping_add(fit));
        fit
    }

    unsafe fn pop_batch(&self, batch: &mut VecDeque<T>, limit: usize) -> usize {
        let head = self.consumer.position.load(Relaxed);
        // SAFETY: the caller is the consumer.
        let taken = unsafe { self.filled(head, limit.min(self.capacity)) }.min(limit);
        batch.reserve(taken);
        for at in 0..taken {
            let slot = self.slot(head.wrapping_add(at));
            // SAFETY: as in `pop`; `taken` slots are full.
            batch.push_back(slot.with(|slot| unsafe { (*slot).assume_init_read() }));
        }
        self.consumer
            .position
            .store(head.wrapping_add(taken), Release);
        taken
    }

    fn depth(&self) -> usize {
        let head = self.consumer.position.load(Acquire);
        let tail = self.producer.position.load(Acquire);
        // Both move between the two looks; the answer is only ever about right.
        tail.wrapping_sub(head).min(self.capacity)
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.capacity)
    }
}
