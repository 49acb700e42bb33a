//! A clock that can't be set.
//!
//! Silence is measured by a node's own clock alone, so that it doesn't matter whether two of them agree.
//! But one that jumps, because it is set or because the machine slept, would make everybody look silent at
//! once. So a node never believes that more time passed between two events than a few rounds, for there is
//! an event in every round; and none that went backwards.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Time {
    most: Duration,
    read: Option<Duration>,
    passed: Duration,
}

impl Time {
    /// A clock that passes at most `most` at once.
    pub(super) fn limited(most: Duration) -> Self {
        Time {
            most,
            read: None,
            passed: Duration::ZERO,
        }
    }

    /// The time that has passed, now that the machine's clock shows `read`.
    pub(super) fn at(&mut self, read: Duration) -> Duration {
        // BEGIN SOLUTION stage 3: how much of the time since the last event is believed?
        let last = self.read.replace(read).unwrap_or(read);
        self.passed += read.saturating_sub(last).min(self.most);
        self.passed
        // END SOLUTION
    }
}
