//! An unbounded queue for many threads: a list of blocks, each of which is filled and emptied once.
//!
//! As in the ring for many, threads claim positions by moving `tail` or `head` on, and then work on
//! slots that are theirs alone. Positions count in laps of `LAP`, one more than a block has slots: the
//! last one of a lap means that the thread that claimed the block's last slot is linking the next
//! block. Who takes the last item of a block gives the block back: a few are kept for later, the others
//! are freed, so memory follows what the queue holds, in steps of a block.

#![expect(
    unsafe_code,
    reason = "blocks are raw memory that several threads reach"
)]

use std::collections::VecDeque;

use crate::channel::Shared;
use crate::parked::Buffer;
use crate::patience::snooze;

mod block;

use block::{BLOCK, Block, Spares};
use labkit::sync::CachePadded;
use labkit::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use labkit::sync::atomic::{AtomicPtr, AtomicUsize};

/// Positions of a block: its slots, and one for the time in which the next block is being linked.
const LAP: usize = BLOCK + 1;

/// A queue that grows.
#[derive(Debug)]
pub struct Queue<T> {
    tail: CachePadded<End<T>>,
    head: CachePadded<End<T>>,
    spares: Spares<T>,
}

#[derive(Debug)]
struct End<T> {
    position: AtomicUsize,
    /// The block in which the position lies. It is stored before the position that leads into it, and
    /// read after it: whoever then claims that position has its block.
    block: AtomicPtr<Block<T>>,
}

// SAFETY: a slot is reached only by who claimed its position, and a block is freed only when all its
// slots have been emptied; an item that goes through changes threads, so `T: Send`.
unsafe impl<T: Send> Sync for Queue<T> {}
// SAFETY: the queue owns its blocks and what is in them.
unsafe impl<T: Send> Send for Queue<T> {}

/// Slots in a row of one block that one thread has claimed.
struct Claim<T> {
    block: *mut Block<T>,
    /// The first slot's place in the block.
    first: usize,
    count: usize,
}

impl<T> Queue<T> {
    /// Claims up to `wanted` empty slots, at least one.
    fn claim_empty(&self, wanted: usize) -> Claim<T> {
        // BEGIN SOLUTION stage 6: claim by moving the tail; who links the next block, and when?
        let mut spare = None;
        let mut round = 0;
        loop {
            let position = self.tail.position.load(Acquire);
            let block = self.tail.block.load(Acquire);
            let first = position % LAP;
            if first == BLOCK {
                snooze(&mut round);
                continue;
            }
            let count = wanted.min(BLOCK - first);
            let fills = first + count == BLOCK;
            if fills && spare.is_none() {
                // Before the claim, so that nobody waits for the allocator.
                spare = Some(self.spares.take());
            }
            let end = position + count;
            if self
                .tail
                .position
                .compare_exchange_weak(position, end, AcqRel, Acquire)
                .is_err()
            {
                snooze(&mut round);
                continue;
            }
            if fills && let Some(next) = spare.take() {
                self.tail.block.store(next, Release);
                self.tail.position.store(end + 1, Release);
                // SAFETY: the block lives, since the slots just claimed are still to be filled.
                unsafe { (*block).link(next) };
            }
            if let Some(unused) = spare {
                // SAFETY: it was never linked.
                unsafe { self.spares.give(unused) };
            }
            return Claim {
                block,
                first,
                count,
            };
        }
        // END SOLUTION
    }

    /// Claims up to `wanted` slots that have been claimed by producers; none if there is none.
    fn claim_full(&self, wanted: usize) -> Option<Claim<T>> {
        // BEGIN SOLUTION stage 6: claim by moving the head; when is it empty, and who moves to the next block?
        let mut round = 0;
        loop {
            let position = self.head.position.load(Acquire);
            let block = self.head.block.load(Acquire);
            let first = position % LAP;
            if first == BLOCK {
                snooze(&mut round);
                continue;
            }
            let filled = self.tail.position.load(Acquire).wrapping_sub(position);
            if filled == 0 {
                return None;
            }
            let count = wanted.min(BLOCK - first).min(filled);
            let end = position + count;
            if self
                .head
                .position
                .compare_exchange_weak(position, end, AcqRel, Acquire)
                .is_err()
            {
                snooze(&mut round);
                continue;
            }
            if first + count == BLOCK {
                // SAFETY: the block lives, since the slots just claimed are still to be emptied.
                let next = unsafe { (*block).next() };
                self.head.block.store(next, Release);
                self.head.position.store(end + 1, Release);
            }
            return Some(Claim {
                block,
                first,
                count,
            });
        }
        // END SOLUTION
    }

    /// Fills claimed slots.
    fn fill(&self, claim: &Claim<T>, items: impl Iterator<Item = T>) {
        for (at, item) in items.take(claim.count).enumerate() {
            // SAFETY: the slots are empty and claimed by this thread, so the block lives.
            unsafe { (*claim.block).write(claim.first + at, item) };
        }
    }

    /// Empties claimed slots, and gives the block back after its last one.
    fn empty(&self, claim: &Claim<T>, mut take: impl FnMut(T)) {
        for at in 0..claim.count {
            // SAFETY: the slots are claimed by this thread, so the block lives; each is read once.
            take(unsafe { (*claim.block).read(claim.first + at) });
        }
        // BEGIN SOLUTION stage 6: when may a block go, and who knows it?
        // SAFETY: as above. Whoever counts the last slot is the last who knows the block: producers were
        // done before their slots could be read, and both ends have moved on.
        unsafe {
            if (*claim.block).count_emptied(claim.count) {
                self.spares.give(claim.block);
            }
        }
        // END SOLUTION
    }

    /// The number of items before a position: one position in each lap is none.
    fn ordinal(position: usize) -> usize {
        position / LAP * BLOCK + position % LAP
    }
}

impl<T: Send> Buffer for Queue<T> {
    type Item = T;
    type Sharing = Shared;

    fn with_capacity(_: usize) -> Self {
        let first = Block::allocate();
        let end = || {
            CachePadded(End {
                position: AtomicUsize::new(0),
                block: AtomicPtr::new(first),
            })
        };
        Queue {
            tail: end(),
            head: end(),
            spares: Spares::new(),
        }
    }

    #[inline]
    unsafe fn push(&self, item: T) -> Result<(), T> {
        let claim = self.claim_empty(1);
        self.fill(&claim, std::iter::once(item));
        Ok(())
    }

    #[inline]
    unsafe fn pop(&self) -> Option<T> {
        let claim = self.claim_full(1)?;
        let mut popped = None;
        self.empty(&claim, |item| popped = Some(item));
        popped
    }

    unsafe fn push_batch(&self, batch: &mut VecDeque<T>) -> usize {
        if batch.is_empty() {
            return 0;
        }
        let claim = self.claim_empty(batch.len());
        self.fill(&claim, batch.drain(..claim.count));
        claim.count
    }

    unsafe fn pop_batch(&self, batch: &mut VecDeque<T>, limit: usize) -> usize {
        // Memory is asked for before anything is claimed: a claim must be kept.
        batch.reserve(limit.min(BLOCK));
        let Some(claim) = self.claim_full(limit) else {
            return 0;
        };
        self.empty(&claim, |item| batch.push_back(item));
        claim.count
    }

    fn depth(&self) -> usize {
        let head = Self::ordinal(self.head.position.load(Acquire));
        let tail = Self::ordinal(self.tail.position.load(Acquire));
        // Both move between the two looks; the answer is only ever about right.
        tail.saturating_sub(head)
    }

    fn capacity(&self) -> Option<usize> {
        None
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        // The channel has dropped what was left, so one block is left of the list.
        // SAFETY: nobody else has the queue any more.
        unsafe { Block::free(self.head.block.load(Acquire)) };
    }
}
