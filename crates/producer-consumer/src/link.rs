//! The memory orders on which the lock-free buffers rest, one name for each, so that a model can break one
//! of them and show that it is needed.

#[cfg(not(loom))]
pub(crate) use machine::{Link, ordered};
#[cfg(loom)]
pub use model::{Link, weaken};
#[cfg(loom)]
pub(crate) use model::{is_broken, ordered};

#[cfg(not(loom))]
mod machine {
    use std::sync::atomic::Ordering;

    /// Memory orders that models break on purpose.
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
}

#[cfg(loom)]
mod model {
    use std::cell::Cell;
    use std::sync::atomic::Ordering;

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
}
