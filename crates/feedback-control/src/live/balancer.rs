//! The balancer: one line of requests for all workers, and a lane to each that takes the next.
//!
//! The load is open: requests join the line when they are due, whether or not anybody keeps up, and
//! the time of an answer counts from then (so that a stalled worker can't hide its delay by slowing
//! its own load down).

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::http::{Connection, Head};

/// What a worker is asked for.
const REQUEST: &str = "GET /work HTTP/1.1\r\nHost: worker\r\n\r\n";

/// What became of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Requests that came.
    pub arrived: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Answers that were later than the objective.
    pub late: u64,
    /// Requests for which there was no room, or no worker until the end.
    pub dropped: u64,
    /// Requests whose worker failed.
    pub failed: u64,
    /// The sum of all times to an answer.
    pub response: Duration,
}

impl Tally {
    /// Adds another tally to this one.
    pub fn add(&mut self, other: &Tally) {
        self.arrived += other.arrived;
        self.answered += other.answered;
        self.late += other.late;
        self.dropped += other.dropped;
        self.failed += other.failed;
        self.response += other.response;
    }
}

/// The line of requests. Clones share it.
#[derive(Clone, Debug)]
pub struct Line {
    shared: Arc<Shared>,
    slo: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    /// Guards the line and what is told about it.
    state: Mutex<State>,
    /// Something has joined the line, or a lane or all of them are to end.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When each waiting request was due, on the caller's clock.
    waiting: VecDeque<Duration>,
    tally: Tally,
    closed: bool,
}

impl Line {
    /// An empty line; answers later than `slo` count as late.
    #[must_use]
    pub fn new(slo: Duration) -> Self {
        Line {
            shared: Arc::default(),
            slo,
        }
    }

    /// Adds a request that was due at `due`, unless `room` requests wait already.
    pub fn join(&self, due: Duration, room: usize) {
        // BEGIN SOLUTION stage 6: count it; is there room? wake a lane
        let mut state = self.lock();
        state.tally.arrived += 1;
        if state.waiting.len() >= room {
            state.tally.dropped += 1;
            return;
        }
        state.waiting.push_back(due);
        drop(state);
        self.shared.changed.notify_one();
        // END SOLUTION
    }

    /// The next request, in its turn: waits for one. None once the lane is to end, or the line is
    /// closed and empty.
    fn next(&self, ends: impl Fn() -> bool) -> Option<Duration> {
        let mut state = self.lock();
        loop {
            if ends() {
                return None;
            }
            if let Some(due) = state.waiting.pop_front() {
                return Some(due);
            }
            if state.closed {
                return None;
            }
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Serves the line through a connection to a worker until the lane is to end or nothing is left.
    ///
    /// # Errors
    /// If the worker fails; the request that it had then counts as failed.
    pub fn serve(
        &self,
        connection: &mut Connection,
        now: impl Fn() -> Duration,
        ends: impl Fn() -> bool,
    ) -> io::Result<()> {
        while let Some(due) = self.next(&ends) {
            // BEGIN SOLUTION stage 6: ask, wait for the answer, and count how long it took since due
            let outcome = ask(connection);
            let took = now().saturating_sub(due);
            let mut state = self.lock();
            match outcome {
                Ok(()) => {
                    state.tally.answered += 1;
                    state.tally.late += u64::from(took > self.slo);
                    state.tally.response += took;
                }
                Err(error) => {
                    state.tally.failed += 1;
                    return Err(error);
                }
            }
            // END SOLUTION
        }
        Ok(())
    }

    /// Lets every lane look whether it is to end.
    pub fn wake_all(&self) {
        // The lock is taken so that no lane is between its look and its sleep.
        drop(self.lock());
        self.shared.changed.notify_all();
    }

    /// Takes no more requests; lanes end when nothing is left.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.changed.notify_all();
    }

    /// Gives up what still waits when no lane is left: it counts as dropped.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.tally.dropped += state.waiting.len() as u64;
        state.waiting.clear();
    }

    /// What has been counted since the last call.
    #[must_use]
    pub fn take_tally(&self) -> Tally {
        std::mem::take(&mut self.lock().tally)
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// One request and its answer.
fn ask(connection: &mut Connection) -> io::Result<()> {
    connection.send(REQUEST)?;
    match connection.read_head()? {
        Head::Whole(head) if head.starts_with("HTTP/1.1 200 ") => Ok(()),
        other => Err(io::Error::other(format!("a worker answered {other:?}"))),
    }
}
