//! Patience with a deadline: wait *for the thing*, never for a guessed time.
//!
//! Never hides a hang: [`within`] turns one into a failure that says so.

use std::panic;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clock::Deadline;

/// How long [`until`] rests between two looks: short against any deadline, long against a look.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Looks until `condition` holds or `timeout` has passed; says whether it held.
#[must_use]
pub fn until(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::after(timeout);
    loop {
        if condition() {
            return true;
        }
        if deadline.expired() {
            return false;
        }
        thread::park_timeout(LOOK_EVERY.min(deadline.remaining()));
    }
}

/// Runs `work` in a thread of its own and returns its result.
///
/// # Panics
/// With `work`'s own panic, or, when it hasn't ended within `timeout`, with a message that says so;
/// the thread is then left behind, because a thread can't be ended from outside.
pub fn within<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, result) = mpsc::sync_channel(1);
    // The test's name goes along, so that a panic inside is reported under it.
    let name = thread::current().name().unwrap_or("within").to_owned();
    let worker = thread::Builder::new()
        .name(name)
        .spawn(move || {
            let value = work();
            // The receiver is gone only after a time-out, which has been reported by then.
            let _ = done.send(value);
        })
        .expect("a thread for the work can be started");
    match result.recv_timeout(timeout) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(payload) => panic::resume_unwind(payload),
            Ok(()) => unreachable!("a worker that didn't panic has sent its result"),
        },
        Err(mpsc::RecvTimeoutError::Timeout) => {
            panic!(
                "not done within {timeout:?}: it hangs, or the machine is far slower than foreseen"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_sees_the_condition_or_gives_up() {
        let mut looks = 0;
        assert!(until(Duration::from_secs(60), || {
            looks += 1;
            looks == 3
        }));
        assert!(!until(Duration::ZERO, || false));
    }

    #[test]
    #[should_panic(expected = "not done within")]
    fn a_hang_becomes_a_failure() {
        within(Duration::from_millis(20), || {
            loop {
                thread::park();
            }
        });
    }

    #[test]
    #[should_panic(expected = "the work's own words")]
    fn a_panic_inside_comes_out() {
        within(Duration::from_secs(60), || panic!("the work's own words"));
    }
}
