//! Two fences that are worth one pair of sequentially consistent ones, at very different prices.
//!
//! Whoever hands over a job must write the job *and then* look for sleepers; whoever goes to sleep
//! must write that it sleeps *and then* look for jobs. A processor may let a read overtake an older
//! write, and if both sides do so, the job waits beside a sleeper. Two `fence(SeqCst)` forbid it, but
//! the giver pays one for each job. So the giver only keeps the compiler from reordering ([`light`]),
//! and the sleeper, for whom a microsecond is nothing, makes the kernel run a full barrier on every
//! core that runs this process ([`heavy`], Linux's `membarrier`). WG21 P1202 describes the pair.

use labkit::sync::atomic::{Ordering, fence};

/// The giver's side: costs nothing where the kernel helps, a full fence elsewhere.
#[inline]
pub(crate) fn light() {
    if uneven::AVAILABLE.load(std::sync::atomic::Ordering::Relaxed) {
        std::sync::atomic::compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}

/// The sleeper's side: after it, every write that came before a [`light`] fence on another thread is
/// visible here, or every read after that fence sees what was written before this call.
pub(crate) fn heavy() {
    fence(Ordering::SeqCst);
    uneven::interrupt_all_cores();
}

/// Finds out, once, whether the kernel helps. Without this call both fences are full ones.
pub(crate) fn prepare() {
    uneven::register();
}

#[cfg(all(target_os = "linux", not(loom)))]
mod uneven {
    #![expect(
        unsafe_code,
        reason = "membarrier has no wrapper in the standard library"
    )]

    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(super) static AVAILABLE: AtomicBool = AtomicBool::new(false);

    pub(super) fn register() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let registered = membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            AVAILABLE.store(registered, Ordering::SeqCst);
        });
    }

    pub(super) fn interrupt_all_cores() {
        if AVAILABLE.load(Ordering::Relaxed) {
            let done = membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
            assert!(done, "membarrier works once it has been registered");
        }
    }

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: membarrier reads three integers and touches no memory of this process.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(not(all(target_os = "linux", not(loom))))]
mod uneven {
    use std::sync::atomic::AtomicBool;

    pub(super) static AVAILABLE: AtomicBool = AtomicBool::new(false);

    pub(super) fn register() {}

    pub(super) fn interrupt_all_cores() {}
}
