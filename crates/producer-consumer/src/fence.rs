//! Two fences that are worth one pair of sequentially consistent ones, at very different prices.
//!
//! Whoever gives something must write it *and then* look for sleepers; whoever goes to sleep must
//! write that it sleeps *and then* look once more. A processor may let a read overtake an older write,
//! and if both sides do so, an item waits beside a sleeper. Two `fence(SeqCst)` forbid it, but the
//! giver pays one for each item, which is more than all the rest of a ring's work. So the giver only
//! keeps the compiler from reordering ([`light`]), and the sleeper, for whom a microsecond is nothing,
//! makes the kernel run a full barrier on every core that runs this process ([`heavy`], Linux's
//! `membarrier`). WG21 P1202 describes the pair.

#[cfg(loom)]
pub(crate) use model::{heavy, light, prepare};
#[cfg(not(loom))]
pub(crate) use uneven::{heavy, light, prepare};

/// Under loom both are full fences, unless a model breaks one of them.
#[cfg(loom)]
mod model {
    use labkit::sync::atomic::{Ordering, fence};

    use crate::link::{Link, is_broken};

    pub(crate) fn light() {
        if !is_broken(Link::Giver) {
            fence(Ordering::SeqCst);
        }
    }

    pub(crate) fn heavy() {
        if !is_broken(Link::Sleeper) {
            fence(Ordering::SeqCst);
        }
    }

    pub(crate) fn prepare() {}
}

#[cfg(not(loom))]
mod uneven {
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};

    use super::membarrier;

    static AVAILABLE: AtomicBool = AtomicBool::new(false);

    /// The giver's side: costs nothing where the kernel helps, a full fence elsewhere.
    #[inline]
    pub(crate) fn light() {
        if AVAILABLE.load(Ordering::Relaxed) {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The sleeper's side: after it, every write that came before a [`light`] fence on another thread
    /// is visible here, or every read after that fence sees what was written before this call.
    pub(crate) fn heavy() {
        fence(Ordering::SeqCst);
        if AVAILABLE.load(Ordering::Relaxed) {
            assert!(membarrier::run(), "membarrier works once it is registered");
        }
    }

    /// Finds out, once, whether the kernel helps. Without this call both fences are full ones.
    pub(crate) fn prepare() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| AVAILABLE.store(membarrier::register(), Ordering::SeqCst));
    }
}

#[cfg(all(target_os = "linux", not(loom)))]
mod membarrier {
    #![expect(
        unsafe_code,
        reason = "membarrier has no wrapper in the standard library"
    )]

    pub(super) fn register() -> bool {
        call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
    }

    pub(super) fn run() -> bool {
        call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
    }

    fn call(command: libc::c_int) -> bool {
        // SAFETY: membarrier reads three integers and touches no memory of this process.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(not(any(target_os = "linux", loom)))]
mod membarrier {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn run() -> bool {
        false
    }
}
