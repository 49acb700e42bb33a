//! How good a detector is: how many of its alarms were right, how many anomalies it found.
//!
//! Counted in events, not in samples: who has been woken by an anomaly needn't be woken again each
//! minute of it. Samples that are flagged close together are one alarm.

use std::ops::{AddAssign, Range};

use crate::fleet::Anomaly;

/// Flags no further apart than this many samples are one alarm.
const JOINED: usize = 10;
/// For so many samples after an anomaly an alarm still belongs to it: the way back is unusual too.
const GRACE: usize = 10;

/// What alarms and anomalies came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Alarms that overlap an anomaly.
    pub right_alarms: usize,
    /// All alarms.
    pub alarms: usize,
    /// Anomalies with an alarm.
    pub found: usize,
    /// All anomalies.
    pub anomalies: usize,
}

impl Score {
    /// The share of alarms that were right; 1 without alarms.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.right_alarms, self.alarms)
    }

    /// The share of anomalies that were found; 1 if there are none.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.found, self.anomalies)
    }

    /// The harmonic mean of both.
    #[must_use]
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        }
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Score) {
        self.right_alarms += other.right_alarms;
        self.alarms += other.alarms;
        self.found += other.found;
        self.anomalies += other.anomalies;
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// Flags put together to alarms: from the first flagged sample to after the last.
#[must_use]
pub fn alarms(flags: &[bool]) -> Vec<Range<usize>> {
    // BEGIN SOLUTION stage 5: a flag close enough to the last alarm's end lengthens it
    let mut alarms: Vec<Range<usize>> = Vec::new();
    for (at, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        match alarms.last_mut() {
            Some(last) if at < last.end + JOINED => last.end = at + 1,
            _ => alarms.push(at..at + 1),
        }
    }
    alarms
    // END SOLUTION
}

/// Compares alarms with what was put in.
#[must_use]
pub fn score(flags: &[bool], anomalies: &[Anomaly]) -> Score {
    // BEGIN SOLUTION stage 5: an alarm is right if it overlaps an anomaly or its grace
    let alarms = alarms(flags);
    let meets = |alarm: &Range<usize>, anomaly: &Anomaly| {
        alarm.start < anomaly.samples.end + GRACE && anomaly.samples.start < alarm.end
    };
    Score {
        right_alarms: count(&alarms, |alarm| anomalies.iter().any(|it| meets(alarm, it))),
        alarms: alarms.len(),
        found: count(anomalies, |it| alarms.iter().any(|alarm| meets(alarm, it))),
        anomalies: anomalies.len(),
    }
    // END SOLUTION
}

fn count<T>(all: &[T], which: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| which(one)).count()
}
