//! The machine's own primitives, in the shape that the model checker's have.

use std::sync::atomic::Ordering;
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};

/// A cell whose content is reached through a pointer that ends with a closure, as loom wants it.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// For reading.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// For writing.
    #[inline]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// Memory orders that models break on purpose, to show that each of them is needed.
#[derive(Clone, Copy)]
pub(crate) enum Link {
    SpscItem,
    SpscSlot,
    MpmcItem,
    MpmcSlot,
    SegmentItem,
}

/// The memory order of a link; only a model can weaken it.
#[inline]
pub(crate) const fn ordered(_: Link, order: Ordering) -> Ordering {
    order
}

/// Threads, and a park with an end.
pub(crate) mod thread {
    use std::time::Duration;

    use labkit::clock::Deadline;
    pub(crate) use std::thread::{Thread, current, yield_now};

    /// Sleeps until someone unparks this thread or the time is over (says so); may also return for no
    /// reason.
    pub(crate) fn park_until(deadline: Deadline) -> bool {
        match deadline.remaining() {
            Duration::MAX => std::thread::park(),
            remaining => std::thread::park_timeout(remaining),
        }
        deadline.expired()
    }
}
