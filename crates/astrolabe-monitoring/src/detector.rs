//! Who is silent for too long: the φ accrual failure detector (Hayashibara et al., SRDS 2004).
//!
//! Instead of a time-out there is a degree of suspicion, φ = -log₁₀ P(news comes later than this), which
//! adapts to how news has come so far. The original takes intervals for normal; news by gossip comes
//! through whoever happens to call, which is nearly a Poisson process, so they are taken for exponential
//! here, as Cassandra does: P(later than t) = e^(-t/μ), and φ = t / (μ ln 10).

use std::f64::consts::LN_10;
use std::time::Duration;

/// How many past intervals the mean remembers, roughly.
const WINDOW: f64 = 16.0;

/// When to suspect.
#[derive(Clone, Copy, Debug)]
pub struct Detector {
    /// The φ from which on a row is suspected: at 8, one interval in a hundred million is that long.
    pub threshold: f64,
    /// The mean interval that is assumed at first.
    pub prior: Duration,
    /// The mean isn't believed below and above these: they bound the time to detect.
    pub least: Duration,
    /// See `least`.
    pub most: Duration,
}

impl Detector {
    /// A detector for rows that are renewed every `round`.
    #[must_use]
    pub fn every(round: Duration) -> Self {
        Detector {
            threshold: 8.0,
            prior: round * 2,
            least: round / 2,
            most: round * 3,
        }
    }

    /// After which silence a row is suspected, if its news came at intervals of `mean`.
    #[must_use]
    pub fn bound(&self, mean: Duration) -> Duration {
        mean.mul_f64(self.threshold * LN_10)
    }
}

/// When news of one row came.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals {
    last: Duration,
    mean: Duration,
}

impl Arrivals {
    /// The first news.
    #[must_use]
    pub fn first(now: Duration, detector: &Detector) -> Self {
        Arrivals {
            last: now,
            mean: detector.prior,
        }
    }

    /// More news. What comes after a suspicion begins anew: that silence says nothing about intervals.
    pub fn heard(&mut self, now: Duration, detector: &Detector) {
        // BEGIN SOLUTION stage 5: what does this interval make of the mean, within its bounds?
        if self.silent(now, detector) {
            *self = Self::first(now, detector);
            return;
        }
        let interval = now.saturating_sub(self.last);
        let mean = self.mean.mul_f64(1.0 - 1.0 / WINDOW) + interval.div_f64(WINDOW);
        self.mean = mean.clamp(detector.least, detector.most);
        self.last = now;
        // END SOLUTION
    }

    /// The suspicion at a time: 1 means that one interval in ten is as long, 2 one in a hundred.
    #[must_use]
    pub fn phi(&self, now: Duration) -> f64 {
        // BEGIN SOLUTION stage 5: -log₁₀ of the chance of a longer silence, if intervals are exponential
        let silence = now.saturating_sub(self.last);
        silence.as_secs_f64() / (self.mean.as_secs_f64() * LN_10)
        // END SOLUTION
    }

    /// Whether the suspicion has reached the threshold.
    #[must_use]
    pub fn silent(&self, now: Duration, detector: &Detector) -> bool {
        self.phi(now) >= detector.threshold
    }

    /// When it will be suspected, if no more news comes.
    #[must_use]
    pub fn deadline(&self, detector: &Detector) -> Duration {
        self.last + detector.bound(self.mean)
    }

    /// When the last news came.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.last
    }
}
