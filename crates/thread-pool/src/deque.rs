//! The work-stealing deque of Chase and Lev: one owner at the bottom, any number of thieves at the
//! top.
//!
//! The owner pushes and pops like on a stack, without a lock and, while two or more items are there,
//! without a compare-and-swap; thieves take the oldest item, which in a divide-and-conquer program is
//! the largest piece of work. Orderings after Lê, Pop, Cohen and Zappa Nardelli, "Correct and
//! efficient work-stealing for weak memory models", PPoPP 2013, with one change: where they put a
//! release fence before a relaxed store of `bottom`, here every store of `bottom` is a release store.
//! It is as strong, costs the same, and race detectors understand it.
//!
//! Invariants:
//! - `top` only grows, and each increment hands out exactly one item.
//! - The items are those at `top..bottom`; only the owner changes `bottom`.
//! - A buffer that was outgrown lives as long as the deque, since a slow thief may still read it; all
//!   of them together are smaller than the current one.

#![expect(
    unsafe_code,
    reason = "thieves read buffers that the owner may have replaced"
)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use labkit::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use labkit::sync::atomic::{AtomicPtr, AtomicU64, fence};
use labkit::sync::{Arc, CachePadded};

/// Slots of a new deque: deep enough for most recursions. Models use the smallest that must grow.
const FIRST_CAPACITY: usize = if cfg!(loom) { 2 } else { 64 };

/// The index of the first item. Not zero, so that `bottom - 1` is never negative.
const FIRST_INDEX: u64 = 1;

/// The owner's end. There is exactly one, and it can move to another thread but not be shared.
#[derive(Debug)]
pub struct Owner<T> {
    deque: Arc<Deque<T>>,
    not_sync: PhantomData<Cell<()>>,
}

/// A thief's end; as many as wanted.
#[derive(Debug)]
pub struct Stealer<T> {
    deque: Arc<Deque<T>>,
}

/// What came of an attempt to steal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steal<T> {
    /// Nothing was there.
    Empty,
    /// Another thread took the item first; there may be more.
    Lost,
    /// The item is the caller's alone.
    Taken(NonNull<T>),
}

#[derive(Debug)]
struct Deque<T> {
    top: CachePadded<AtomicU64>,
    bottom: CachePadded<AtomicU64>,
    buffer: AtomicPtr<Buffer<T>>,
}

#[derive(Debug)]
struct Buffer<T> {
    slots: Box<[AtomicPtr<T>]>,
    /// The buffer that this one replaced, null for the first.
    outgrown: *mut Buffer<T>,
}

/// A new, empty deque of pointers: its two ends. The deque never looks behind a pointer; whoever
/// takes one out owns what it stands for.
#[must_use]
pub fn deque<T>() -> (Owner<T>, Stealer<T>) {
    let deque = Arc::new(Deque {
        top: CachePadded(AtomicU64::new(FIRST_INDEX)),
        bottom: CachePadded(AtomicU64::new(FIRST_INDEX)),
        buffer: AtomicPtr::new(Buffer::leak(FIRST_CAPACITY, ptr::null_mut())),
    });
    let stealer = Stealer {
        deque: Arc::clone(&deque),
    };
    let owner = Owner {
        deque,
        not_sync: PhantomData,
    };
    (owner, stealer)
}

impl<T> Owner<T> {
    /// Adds an item at the bottom. Grows the buffer when it is full; never fails.
    #[inline]
    pub fn push(&self, item: NonNull<T>) {
        // BEGIN SOLUTION stage 5: store the item, then publish it through `bottom`; grow when full
        let Deque { top, bottom, .. } = &*self.deque;
        let at = bottom.load(Relaxed);
        let oldest = top.load(Acquire);
        let mut buffer = self.buffer();
        if at - oldest >= buffer.slots.len() as u64 {
            buffer = self.grow(oldest, at);
        }
        buffer.slot(at).store(item.as_ptr(), Relaxed);
        bottom.store(at + 1, Release);
        // END SOLUTION
    }

    /// Takes the item that was pushed last, unless it has been stolen.
    #[inline]
    #[must_use]
    pub fn pop(&self) -> Option<NonNull<T>> {
        // BEGIN SOLUTION stage 5: claim the bottom item first, then look whether a thief is at it too
        let Deque { top, bottom, .. } = &*self.deque;
        let end = bottom.load(Relaxed);
        if top.load(Relaxed) >= end {
            return None;
        }
        let at = end - 1;
        bottom.store(at, Release);
        // A thief reads top, then bottom; the owner writes bottom, then reads top. Between two such
        // fences at least one of them sees the other, so the last item is never taken by both.
        fence(SeqCst);
        let oldest = top.load(Relaxed);
        if oldest > at {
            bottom.store(end, Release);
            return None;
        }
        let item = self.buffer().slot(at).load(Relaxed);
        if oldest == at {
            // The last item: thieves may be at it, so the owner takes it the way they do.
            let won = top.compare_exchange(at, end, SeqCst, Relaxed).is_ok();
            bottom.store(end, Release);
            if !won {
                return None;
            }
        }
        NonNull::new(item)
        // END SOLUTION
    }

    /// How many items there are; thieves may take some at any moment.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deque.len()
    }

    /// Whether there is nothing to pop.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn buffer(&self) -> &Buffer<T> {
        // SAFETY: the pointer comes from `Buffer::leak` and is freed only with the deque, which
        // `self` keeps alive.
        unsafe { &*self.deque.buffer.load(Relaxed) }
    }

    /// Replaces the buffer by one of twice its size that holds the same items at the same indices.
    #[cold]
    fn grow(&self, oldest: u64, end: u64) -> &Buffer<T> {
        let small = self.buffer();
        let large = Buffer::leak(small.slots.len() * 2, ptr::from_ref(small).cast_mut());
        // SAFETY: `leak` has just returned it, and nothing frees it before the deque's end.
        let large_ref = unsafe { &*large };
        for index in oldest..end {
            let item = small.slot(index).load(Relaxed);
            large_ref.slot(index).store(item, Relaxed);
        }
        self.deque.buffer.store(large, Release);
        large_ref
    }
}

impl<T> Stealer<T> {
    /// Tries once to take the oldest item.
    #[must_use]
    pub fn steal(&self) -> Steal<T> {
        // BEGIN SOLUTION stage 5: read the item first, then let a compare-and-swap of `top` decide
        let Deque {
            top,
            bottom,
            buffer,
        } = &*self.deque;
        let oldest = top.load(Acquire);
        fence(SeqCst);
        let end = bottom.load(Acquire);
        if oldest >= end {
            return Steal::Empty;
        }
        // SAFETY: every buffer that was ever stored here lives as long as the deque. If this one is
        // outgrown by now, its slot `oldest` still holds the item: the owner writes to the new one.
        let item = unsafe { &*buffer.load(Acquire) }.slot(oldest).load(Relaxed);
        match top.compare_exchange(oldest, oldest + 1, SeqCst, Relaxed) {
            Ok(_) => NonNull::new(item).map_or(Steal::Empty, Steal::Taken),
            Err(_) => Steal::Lost,
        }
        // END SOLUTION
    }

    /// How many items there were at the moment of the look.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deque.len()
    }

    /// Whether there was nothing to steal at the moment of the look.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Stealer {
            deque: Arc::clone(&self.deque),
        }
    }
}

impl<T> Deque<T> {
    fn len(&self) -> usize {
        let oldest = self.top.load(Acquire);
        let end = self.bottom.load(Acquire);
        usize::try_from(end.saturating_sub(oldest)).unwrap_or(usize::MAX)
    }
}

impl<T> Drop for Deque<T> {
    fn drop(&mut self) {
        let mut buffer = self.buffer.load(Relaxed);
        while !buffer.is_null() {
            // SAFETY: each buffer came from `leak`, stands in the chain once, and with the last end
            // of the deque gone no thread reads it any more.
            let owned = unsafe { Box::from_raw(buffer) };
            buffer = owned.outgrown;
        }
    }
}

impl<T> Buffer<T> {
    fn leak(capacity: usize, outgrown: *mut Buffer<T>) -> *mut Buffer<T> {
        debug_assert!(
            capacity.is_power_of_two(),
            "an index is cut to a slot by a mask"
        );
        let slots = (0..capacity)
            .map(|_| AtomicPtr::new(ptr::null_mut()))
            .collect();
        Box::into_raw(Box::new(Buffer { slots, outgrown }))
    }

    #[inline]
    fn slot(&self, index: u64) -> &AtomicPtr<T> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only the low bits choose the slot"
        )]
        let index = index as usize;
        // The mask keeps the index in bounds, and the compiler sees that it does.
        &self.slots[index & (self.slots.len() - 1)]
    }
}
