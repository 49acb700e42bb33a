//! A ring for many threads, whose slots say themselves whose turn it is (D. Vyukov's bounded queue).
//!
//! A position is a lap and a slot. Each slot has a stamp: the position whose producer may fill it, or
//! that plus one when its consumer may empty it. A thread first claims a position by moving `tail` or
//! `head` on, which is all that producers, or consumers, ever quarrel about, and then works on a slot
//! that is its alone until it stores the next stamp.

#![expect(
    unsafe_code,
    reason = "slots are handed over by stamps, which the compiler can't check"
)]

use std::collections::VecDeque;
use std::mem::MaybeUninit;

use labkit::sync::atomic::AtomicUsize;
use labkit::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use labkit::sync::{CachePadded, UnsafeCell};

use crate::channel::Shared;
use crate::link::{Link, ordered};
use crate::parked::Buffer;
use crate::patience::snooze;

/// A ring that any number of threads fill and empty.
#[derive(Debug)]
pub struct Ring<T> {
    slots: Box<[Slot<T>]>,
    /// What a lap adds to a position: a power of two above the number of slots, so that a slot's stamp
    /// for "full" is never another lap's "empty".
    lap: usize,
    /// The next position to be claimed by a producer.
    tail: CachePadded<AtomicUsize>,
    /// The next position to be claimed by a consumer.
    head: CachePadded<AtomicUsize>,
}

#[derive(Debug)]
struct Slot<T> {
    stamp: AtomicUsize,
    item: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: a slot's item is reached only by the thread that claimed the position in its stamp, and
// claims are exclusive; an item that goes through changes threads, so `T: Send`.
unsafe impl<T: Send> Sync for Ring<T> {}

/// Which side of the ring a claim is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// To fill empty slots.
    Fill,
    /// To empty full ones.
    Empty,
}

impl<T> Ring<T> {
    #[inline]
    fn slot(&self, position: usize) -> &Slot<T> {
        &self.slots[position & (self.lap - 1)]
    }

    /// The position after this one.
    #[inline]
    fn next(&self, position: usize) -> usize {
        if (position & (self.lap - 1)) + 1 < self.slots.len() {
            position + 1
        } else {
            // The first slot of the next lap.
            (position & !(self.lap - 1)).wrapping_add(self.lap)
        }
    }

    /// How many positions lie before this one.
    fn ordinal(&self, position: usize) -> usize {
        let laps = position / self.lap;
        laps.wrapping_mul(self.slots.len())
            .wrapping_add(position & (self.lap - 1))
    }

    /// Claims up to `wanted` positions in a row whose slots are ready; says where they begin and how
    /// many they are. None means that there was none to claim at some moment during the call.
    #[inline]
    fn claim(&self, turn: Turn, wanted: usize) -> (usize, usize) {
        let (own, other) = match turn {
            Turn::Fill => (&self.tail, &self.head),
            Turn::Empty => (&self.head, &self.tail),
        };
        // BEGIN SOLUTION stage 5: count the slots that are ready, then claim them all at once
        let mut round = 0;
        let mut start = own.load(Relaxed);
        loop {
            let (mut end, mut count) = (start, 0);
            while count < wanted && self.is_ready(turn, end) {
                (end, count) = (self.next(end), count + 1);
            }
            if count == 0 {
                let limit = match turn {
                    Turn::Fill => start.wrapping_sub(self.lap),
                    Turn::Empty => start,
                };
                if other.load(Acquire) == limit {
                    return (start, 0);
                }
                // The slot is another thread's, which has claimed it and isn't done, or it was ours to
                // claim and somebody else has done it.
                snooze(&mut round);
                start = own.load(Relaxed);
                continue;
            }
            if own
                .compare_exchange_weak(start, end, AcqRel, Relaxed)
                .is_ok()
            {
                return (start, count);
            }
            // Stepping back leaves the position's cache line to the one who won it: it comes again soon.
            snooze(&mut round);
            start = own.load(Relaxed);
        }
        // END SOLUTION
    }

    #[inline]
    fn is_ready(&self, turn: Turn, position: usize) -> bool {
        // BEGIN SOLUTION stage 5: which stamp does a slot have when it is empty, and when it is full?
        match turn {
            Turn::Fill => {
                let order = ordered(Link::MpmcSlot, Acquire);
                self.slot(position).stamp.load(order) == position
            }
            Turn::Empty => self.slot(position).stamp.load(Acquire) == position + 1,
        }
        // END SOLUTION
    }

    /// Fills a slot and gives it to its consumer.
    ///
    /// # Safety
    /// The position was claimed by the caller, to fill it.
    #[inline]
    unsafe fn fill(&self, position: usize, item: T) {
        let slot = self.slot(position);
        // SAFETY: the slot is empty and the caller's until the next stamp.
        slot.item.with_mut(|place| unsafe {
            (*place).write(item);
        });
        // BEGIN SOLUTION stage 5: whose turn is it now, and what must it see?
        let order = ordered(Link::MpmcItem, Release);
        slot.stamp.store(position + 1, order);
        // END SOLUTION
    }

    /// Empties a slot and gives it to the producer of the next lap.
    ///
    /// # Safety
    /// The position was claimed by the caller, to empty it.
    #[inline]
    unsafe fn empty(&self, position: usize) -> T {
        let slot = self.slot(position);
        // SAFETY: the slot is full and the caller's until the next stamp, and is read this once.
        let item = slot
            .item
            .with(|place| unsafe { (*place).assume_init_read() });
        // BEGIN SOLUTION stage 5: whose turn is it in the next lap?
        slot.stamp.store(position.wrapping_add(self.lap), Release);
        // END SOLUTION
        item
    }
}

impl<T: Send> Buffer for Ring<T> {
    type Item = T;
    type Sharing = Shared;

    fn with_capacity(capacity: usize) -> Self {
        let slot = |stamp| Slot {
            stamp: AtomicUsize::new(stamp),
            item: UnsafeCell::new(MaybeUninit::uninit()),
        };
        Ring {
            slots: (0..capacity).map(slot).collect(),
            lap: (capacity + 1).next_power_of_two(),
            tail: CachePadded(AtomicUsize::new(0)),
            head: CachePadded(AtomicUsize::new(0)),
        }
    }

    #[inline]
    unsafe fn push(&self, item: T) -> Result<(), T> {
        match self.claim(Turn::Fill, 1) {
            (_, 0) => Err(item),
            // SAFETY: it was just claimed.
            (position, _) => unsafe {
                self.fill(position, item);
                Ok(())
            },
        }
    }

    #[inline]
    unsafe fn pop(&self) -> Option<T> {
        match self.claim(Turn::Empty, 1) {
            (_, 0) => None,
            // SAFETY: it was just claimed.
            (position, _) => Some(unsafe { self.empty(position) }),
        }
    }

    unsafe fn push_batch(&self, batch: &mut VecDeque<T>) -> usize {
        let (mut position, count) = self.claim(Turn::Fill, batch.len());
        for item in batch.drain(..count) {
            // SAFETY: `count` positions were claimed from the first one on.
            unsafe { self.fill(position, item) };
            position = self.next(position);
        }
        count
    }

    unsafe fn pop_batch(&self, batch: &mut VecDeque<T>, limit: usize) -> usize {
        let limit = limit.min(self.slots.len());
        // Memory is asked for before anything is claimed: a claim must be kept.
        batch.reserve(limit);
        let (mut position, count) = self.claim(Turn::Empty, limit);
        for _ in 0..count {
            // SAFETY: `count` positions were claimed from the first one on.
            batch.push_back(unsafe { self.empty(position) });
            position = self.next(position);
        }
        count
    }

    fn depth(&self) -> usize {
        let head = self.ordinal(self.head.load(Acquire));
        let tail = self.ordinal(self.tail.load(Acquire));
        // Both move between the two looks; the answer is only ever about right.
        tail.wrapping_sub(head).min(self.slots.len())
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.slots.len())
    }
}
