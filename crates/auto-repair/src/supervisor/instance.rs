//! One service: where it is, where it is to be, and when something is due.

use std::time::Duration;

use super::strategy::History;
use super::{Cause, Run};

/// Where a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is no process.
    Down,
    /// There is one, which isn't ready yet.
    Starting { ready_by: Duration },
    /// It serves.
    Ready { since: Duration },
    /// It was told to end; at `kill_at` it is killed, unless it has been already.
    Stopping { kill_at: Option<Duration> },
}

/// Where a service is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// Running, started no earlier than this.
    Up { not_before: Duration },
    /// Stopped, by an operator's word (or not started yet).
    Down,
    /// It ended as it may.
    Finished,
    /// It failed too often.
    GivenUp,
}

impl Goal {
    /// Whether nothing more is to be started.
    pub(super) fn is_settled(self) -> bool {
        !matches!(self, Goal::Up { .. })
    }
}

/// A service's state.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) phase: Phase,
    pub(super) goal: Goal,
    /// Its process is to end first, whatever the goal is; never set without a process.
    pub(super) must_stop: bool,
    pub(super) run: Run,
    /// By when the next sign of life has to come.
    pub(super) alive_by: Option<Duration>,
    pub(super) probe_at: Option<Duration>,
    pub(super) measure_at: Option<Duration>,
    /// Since when it has been ready, or was before it failed.
    pub(super) well_since: Option<Duration>,
    pub(super) history: History,
    /// Failures in a row without having been ready.
    pub(super) failed_starts: u32,
    pub(super) failures: u64,
    pub(super) last_cause: Option<Cause>,
}

impl Instance {
    pub(super) fn new(history: History) -> Self {
        Instance {
            phase: Phase::Down,
            goal: Goal::Down,
            must_stop: false,
            run: 0,
            alive_by: None,
            probe_at: None,
            measure_at: None,
            well_since: None,
            history,
            failed_starts: 0,
            failures: 0,
            last_cause: None,
        }
    }

    pub(super) fn has_process(&self) -> bool {
        self.phase != Phase::Down
    }

    /// Whether it has a process that is to end.
    pub(super) fn is_leaving(&self) -> bool {
        self.must_stop || matches!(self.phase, Phase::Stopping { .. })
    }

    /// The process has ended.
    pub(super) fn down(&mut self) {
        self.phase = Phase::Down;
        self.must_stop = false;
        self.unwatch();
    }

    pub(super) fn unwatch(&mut self) {
        (self.alive_by, self.probe_at, self.measure_at) = (None, None, None);
    }

    /// When something is due.
    pub(super) fn next_deadline(&self, now: Duration) -> Option<Duration> {
        let due = match (self.phase, self.goal) {
            (Phase::Down, Goal::Up { not_before }) => Some(not_before).filter(|at| *at > now),
            (Phase::Stopping { kill_at }, _) => kill_at,
            // Nothing is expected any more of what ends anyway.
            _ if self.must_stop => None,
            (Phase::Starting { ready_by }, _) => Some(ready_by),
            _ => None,
        };
        if self.must_stop {
            return due;
        }
        let watched = [due, self.alive_by, self.probe_at, self.measure_at];
        watched.into_iter().flatten().min()
    }
}
