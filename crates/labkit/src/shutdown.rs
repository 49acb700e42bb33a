//! Shutdown as an input: a flag that can be waited for, by threads and by tasks.
//!
//! Never ends anything itself. Whoever holds a [`Shutdown`] stops taking new work when it fires and
//! drains what it has until its own deadline.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::clock::Deadline;

/// A one-way switch from "running" to "stopping". Clones share the switch.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Guards the flag and the wakers together, so that no waiter can slip in between.
    state: Mutex<State>,
    fired: Condvar,
}

#[derive(Debug, Default)]
struct State {
    triggered: bool,
    /// By the number of the waiter, so that one that is dropped takes its own along.
    wakers: HashMap<u64, Waker>,
    next: u64,
}

impl Shutdown {
    /// A switch that only [`trigger`](Self::trigger) fires.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A switch that SIGINT and SIGTERM fire. The second signal ends the process at once, with the
    /// exit code that shells expect (128 + its number).
    #[must_use]
    pub fn on_signals() -> Self {
        let shutdown = Self::new();
        let switch = shutdown.clone();
        match Signals::new([SIGINT, SIGTERM]) {
            Ok(mut signals) => {
                // The thread lives as long as the process: signals may come at any time.
                thread::spawn(move || {
                    for signal in signals.forever() {
                        if switch.is_triggered() {
                            second_signal(signal);
                        }
                        switch.trigger();
                    }
                });
            }
            Err(error) => tracing::warn!("signals can't be watched: {error}"),
        }
        shutdown
    }

    /// Fires the switch; later calls change nothing.
    pub fn trigger(&self) {
        let wakers = {
            let mut state = self.lock();
            state.triggered = true;
            std::mem::take(&mut state.wakers)
        };
        self.shared.fired.notify_all();
        for waker in wakers.into_values() {
            waker.wake();
        }
    }

    /// Whether the switch has fired.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        self.lock().triggered
    }

    /// Blocks the thread until the switch fires.
    pub fn wait(&self) {
        let mut state = self.lock();
        while !state.triggered {
            state = self
                .shared
                .fired
                .wait(state)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Blocks the thread until the switch fires or `timeout` has passed; says whether it fired.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let deadline = Deadline::after(timeout);
        let mut state = self.lock();
        while !state.triggered && !deadline.expired() {
            let (next, _) = self
                .shared
                .fired
                .wait_timeout(state, deadline.remaining())
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            state = next;
        }
        state.triggered
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Awaiting a reference to the switch completes when it fires, on any runtime.
impl<'a> IntoFuture for &'a Shutdown {
    type Output = ();
    type IntoFuture = Fired<'a>;

    fn into_future(self) -> Fired<'a> {
        Fired {
            shutdown: self,
            place: None,
        }
    }
}

/// Completes when the switch fires; dropped before, it leaves nothing behind in the switch.
#[derive(Debug)]
pub struct Fired<'a> {
    shutdown: &'a Shutdown,
    /// Under which number the switch knows this waiter, once it has been polled.
    place: Option<u64>,
}

impl Future for Fired<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shutdown.lock();
        if state.triggered {
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or_else(|| {
            state.next += 1;
            state.next
        });
        state
            .wakers
            .entry(place)
            .and_modify(|waker| waker.clone_from(context.waker()))
            .or_insert_with(|| context.waker().clone());
        drop(state);
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Fired<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.shutdown.lock().wakers.remove(&place);
        }
    }
}

#[expect(clippy::exit, reason = "a second signal means: now, without draining")]
fn second_signal(signal: i32) -> ! {
    std::process::exit(128 + signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiters_in_threads_and_tasks_are_woken() {
        let shutdown = Shutdown::new();
        let waiter = shutdown.clone();
        let thread = thread::spawn(move || waiter.wait());
        assert!(!shutdown.wait_timeout(Duration::ZERO));
        let mut context = Context::from_waker(Waker::noop());
        let mut fired = (&shutdown).into_future();
        assert!(Pin::new(&mut fired).poll(&mut context).is_pending());
        shutdown.trigger();
        thread.join().expect("the waiter returned");
        assert!(Pin::new(&mut fired).poll(&mut context).is_ready());
        assert!(shutdown.wait_timeout(Duration::from_secs(60)));
    }

    #[test]
    fn a_waiter_that_is_dropped_leaves_nothing_behind() {
        let shutdown = Shutdown::new();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..1000 {
            let mut fired = (&shutdown).into_future();
            assert!(Pin::new(&mut fired).poll(&mut context).is_pending());
            assert_eq!(shutdown.lock().wakers.len(), 1);
        }
        assert!(shutdown.lock().wakers.is_empty());
    }
}
