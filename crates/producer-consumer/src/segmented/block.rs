//! The blocks of the unbounded queue, and the few of them that are kept for later.

use std::array;
use std::mem::MaybeUninit;
use std::ptr;

use labkit::sync::UnsafeCell;
use labkit::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use labkit::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};

use crate::link::{Link, ordered};
use crate::patience::snooze;

/// Slots of a block: with one more the lap of a power of two. Models need to see many blocks go by.
pub(super) const BLOCK: usize = if cfg!(loom) { 1 } else { 63 };
/// Empty blocks that are kept. A queue that breathes needs one or two; the rest is given back.
const SPARES: usize = if cfg!(loom) { 1 } else { 4 };

/// So many slots, each filled and emptied once.
#[derive(Debug)]
pub(super) struct Block<T> {
    next: AtomicPtr<Block<T>>,
    /// How many slots have been emptied.
    emptied: AtomicUsize,
    slots: [Slot<T>; BLOCK],
}

#[derive(Debug)]
struct Slot<T> {
    full: AtomicBool,
    item: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Block<T> {
    /// A new block that belongs to the caller.
    pub(super) fn allocate() -> *mut Self {
        Box::into_raw(Box::new(Block {
            next: AtomicPtr::new(ptr::null_mut()),
            emptied: AtomicUsize::new(0),
            slots: array::from_fn(|_| Slot {
                full: AtomicBool::new(false),
                item: UnsafeCell::new(MaybeUninit::uninit()),
            }),
        }))
    }

    /// # Safety
    /// The block came from [`allocate`](Self::allocate), nobody else has it, and its items are out.
    pub(super) unsafe fn free(block: *mut Self) {
        // SAFETY: as the caller promised.
        drop(unsafe { Box::from_raw(block) });
    }

    /// Links the block after this one.
    pub(super) fn link(&self, next: *mut Block<T>) {
        self.next.store(next, Release);
    }

    /// The block after this one, as soon as it is linked.
    pub(super) fn next(&self) -> *mut Block<T> {
        let mut round = 0;
        loop {
            let next = self.next.load(Acquire);
            if !next.is_null() {
                return next;
            }
            snooze(&mut round);
        }
    }

    /// # Safety
    /// The slot is empty and claimed by the caller.
    #[inline]
    pub(super) unsafe fn write(&self, at: usize, item: T) {
        let slot = &self.slots[at];
        // SAFETY: as the caller promised.
        slot.item.with_mut(|place| unsafe {
            (*place).write(item);
        });
        slot.full.store(true, ordered(Link::SegmentItem, Release));
    }

    /// Takes the item out of a slot, as soon as its producer has filled it.
    ///
    /// # Safety
    /// The slot is claimed by the caller, who reads it this once.
    #[inline]
    pub(super) unsafe fn read(&self, at: usize) -> T {
        let slot = &self.slots[at];
        let mut round = 0;
        while !slot.full.load(Acquire) {
            snooze(&mut round);
        }
        // SAFETY: as the caller promised, and it is full.
        slot.item
            .with(|place| unsafe { (*place).assume_init_read() })
    }

    /// Counts emptied slots; true if these were the last. Each reader is done with its slots before it
    /// counts them, and the last one sees that.
    pub(super) fn count_emptied(&self, slots: usize) -> bool {
        self.emptied.fetch_add(slots, AcqRel) + slots == BLOCK
    }

    /// As new.
    fn reset(&mut self) {
        self.next.store(ptr::null_mut(), Relaxed);
        self.emptied.store(0, Relaxed);
        for slot in &self.slots {
            slot.full.store(false, Relaxed);
        }
    }
}

/// Blocks for later. A place is swapped out or filled as a whole, so a block is in one hand at a time.
#[derive(Debug)]
pub(super) struct Spares<T>([AtomicPtr<Block<T>>; SPARES]);

impl<T> Spares<T> {
    pub(super) fn new() -> Self {
        Spares(array::from_fn(|_| AtomicPtr::new(ptr::null_mut())))
    }

    /// An empty block that belongs to the caller.
    pub(super) fn take(&self) -> *mut Block<T> {
        let places = self.0.iter();
        let mut spares = places.map(|place| place.swap(ptr::null_mut(), Acquire));
        spares
            .find(|block| !block.is_null())
            .unwrap_or_else(Block::allocate)
    }

    /// Keeps a block, or frees it if enough are kept.
    ///
    /// # Safety
    /// Nobody else has the block, and its items are out.
    pub(super) unsafe fn give(&self, block: *mut Block<T>) {
        // SAFETY: as the caller promised.
        unsafe { (*block).reset() };
        let keep = |place: &AtomicPtr<Block<T>>| {
            place
                .compare_exchange(ptr::null_mut(), block, Release, Relaxed)
                .is_ok()
        };
        if !self.0.iter().any(keep) {
            // SAFETY: as the caller promised.
            unsafe { Block::free(block) };
        }
    }
}

impl<T> Drop for Spares<T> {
    fn drop(&mut self) {
        for place in &self.0 {
            let block = place.swap(ptr::null_mut(), Acquire);
            if !block.is_null() {
                // SAFETY: nobody else has the queue any more, and spares are empty.
                unsafe { Block::free(block) };
            }
        }
    }
}
