//! The model checker's primitives, and the switch that breaks one memory order of the crate.

use std::cell::Cell;

pub(crate) use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering;
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};

pub(crate) mod thread;

/// A memory order or a fence on which something rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// An item of the ring for two is there before its index says so.
    SpscItem,
    /// A slot of the ring for two is empty before its index says so.
    SpscSlot,
    /// An item of the ring for many is there before its stamp says so.
    MpmcItem,
    /// A slot of the ring for many is empty before its stamp says so.
    MpmcSlot,
    /// An item in a segment is there before its mark says so.
    SegmentItem,
    /// Who gives something shows it before it looks for sleepers.
    Giver,
    /// Who goes to sleep says so before it looks for the last time.
    Sleeper,
}

std::thread_local! {
    // All threads of a model run on the operating system's thread of its test.
    static BROKEN: Cell<Option<Link>> = const { Cell::new(None) };
}

/// Breaks a link in all models that this test runs from now on.
pub fn weaken(link: Link) {
    BROKEN.set(Some(link));
}

pub(crate) fn is_broken(link: Link) -> bool {
    BROKEN.get() == Some(link)
}

pub(crate) fn ordered(link: Link, order: Ordering) -> Ordering {
    if is_broken(link) {
        Ordering::Relaxed
    } else {
        order
    }
}
