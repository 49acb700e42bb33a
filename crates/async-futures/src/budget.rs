//! Cooperation: a task that never has to wait must still let others run.
//!
//! A future that is always ready keeps its worker for ever, since a worker gets its turn only when a
//! poll returns. So each poll has a budget. Whatever could be ready without end (a socket, a
//! semaphore, a join handle, a queue of futures) asks first and is charged for each success; when
//! nothing is left, it says "pending" and wakes its task at once, which puts that behind all others.
//! tokio calls this "coop".

use std::cell::Cell;
use std::task::{Context, Poll};

/// How often a task may succeed without a pause. tokio's number: enough to make the pause cheap, few
/// enough to keep others waiting for microseconds only.
pub const BUDGET: u32 = 128;

/// Outside of a worker nobody waits behind us.
const UNLIMITED: u32 = u32::MAX;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(UNLIMITED) };
}

/// Runs one poll of a task with a fresh budget.
#[cfg(not(loom))]
pub(crate) fn with_fresh(poll: impl FnOnce()) {
    LEFT.set(BUDGET);
    poll();
    LEFT.set(UNLIMITED);
}

/// Pending, with a wake-up on its way, if the task has used its budget up. Own futures that can be
/// ready without end call it before they look, and [`charge`] when they succeed.
#[inline]
pub fn admit(context: &Context<'_>) -> Poll<()> {
    if LEFT.get() > 0 {
        return Poll::Ready(());
    }
    // BEGIN SOLUTION stage 4: nothing is left; what does it owe to those that wait behind its task?
    context.waker().wake_by_ref();
    Poll::Pending
    // END SOLUTION
}

/// Counts one success.
#[inline]
pub fn charge() {
    let left = LEFT.get();
    if left != UNLIMITED {
        LEFT.set(left.saturating_sub(1));
    }
}
