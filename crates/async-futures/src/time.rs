//! Waiting for time to pass, and for something but not for ever.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use labkit::clock::Deadline;

use crate::budget;
use crate::context;
use crate::driver::Driver;
use crate::wheel::Key;

/// Ready when `duration` has passed: at most about a millisecond late, never early.
///
/// # Panics
/// When it is first polled outside of an executor.
#[must_use]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep {
        deadline: Deadline::after(duration),
        timer: None,
    }
}

/// The future of [`sleep`].
#[derive(Debug)]
pub struct Sleep {
    deadline: Deadline,
    timer: Option<(Arc<Driver>, Key)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // BEGIN SOLUTION stage 4: is it time? if not, who wakes us then, and whom does it wake?
        let remaining = self.deadline.remaining();
        if remaining.is_zero() {
            std::task::ready!(budget::admit(context));
            budget::charge();
            return Poll::Ready(());
        }
        if let Some((driver, key)) = &self.timer {
            driver.update_timer(*key, context.waker());
        } else {
            let driver = Arc::clone(&context::shared("sleep").driver);
            let key = driver.set_timer(remaining, context.waker().clone());
            self.timer = Some((driver, key));
        }
        Poll::Pending
        // END SOLUTION
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((driver, key)) = self.timer.take() {
            driver.cancel_timer(key);
        }
    }
}

/// The time was over first; the future was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not ready in time")]
pub struct Elapsed;

/// Waits for a future, but not longer than `duration`.
///
/// # Errors
/// [`Elapsed`] if the time was over first.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    // BEGIN SOLUTION stage 4: two futures, one poll; which one is asked first?
    let mut future = pin!(future);
    let mut sleep = pin!(sleep(duration));
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(value));
        }
        sleep.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
    // END SOLUTION
}

/// Lets every other task that is scheduled go first.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
