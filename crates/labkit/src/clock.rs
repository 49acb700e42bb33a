//! Time: what a run measures with, and what a simulated run uses in its place.
//!
//! The only place that reads the machine's clocks; `clippy.toml` bans it elsewhere. Never sleeps.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is where clocks are read"
)]

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Measures how long something took.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The time since the start, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// A point in time by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The deadline `timeout` from now; a timeout beyond what the clock can count never expires.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// A deadline that never expires.
    #[must_use]
    pub fn never() -> Self {
        Deadline(None)
    }

    /// What is left, zero once it has expired, [`Duration::MAX`] if it never does.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.map_or(Duration::MAX, |at| {
            at.saturating_duration_since(Instant::now())
        })
    }

    /// Whether the time is over.
    #[must_use]
    pub fn expired(&self) -> bool {
        self.remaining().is_zero()
    }
}

/// Seconds since 1970-01-01 00:00 UTC, for file names and documents; never for measuring.
#[must_use]
pub fn unix_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Where a driver reads the time: the machine's clock in a real run, a counter in a simulated one.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time since the clock's own start; it never goes back.
    fn now(&self) -> Duration;
}

/// The machine's monotonic clock, from the moment of its creation.
#[derive(Debug)]
pub struct RealClock(Stopwatch);

impl RealClock {
    /// A clock that starts at zero now.
    #[must_use]
    pub fn new() -> Self {
        RealClock(Stopwatch::start())
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct VirtualClock(Mutex<Duration>);

impl VirtualClock {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock forward by `step`.
    pub fn advance(&self, step: Duration) {
        let mut now = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *now = now.saturating_add(step);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_clock_moves_only_when_told() {
        let clock = VirtualClock::new();
        assert_eq!(clock.now(), Duration::ZERO);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now(), Duration::from_secs(3600));
    }

    #[test]
    fn a_deadline_beyond_the_clock_never_expires() {
        assert!(!Deadline::after(Duration::MAX).expired());
        assert!(Deadline::after(Duration::ZERO).expired());
        assert_eq!(Deadline::never().remaining(), Duration::MAX);
    }
}
