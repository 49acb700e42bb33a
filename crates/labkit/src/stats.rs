//! Statistics that don't flatter: distributions instead of averages, intervals instead of points.
//!
//! Never plots and never prints; [`crate::chart`] and [`crate::report`] do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rng::Stream;

/// How often [`bootstrap`] draws a sample anew; more changes the interval's third digit only.
const RESAMPLES: usize = 1_000;

/// A distribution of whole numbers (usually nanoseconds) in logarithmic buckets, with a relative
/// error of at most 0.1 % anywhere from 1 to 2^63 (Gil Tene's HDR histogram).
#[derive(Clone, Debug)]
pub struct Histogram(hdrhistogram::Histogram<u64>);

impl Histogram {
    /// An empty histogram.
    ///
    /// # Panics
    /// Never: the precision is a constant that the implementation accepts.
    #[must_use]
    pub fn new() -> Self {
        let mut histogram =
            hdrhistogram::Histogram::new(3).expect("three digits are a valid precision");
        histogram.auto(true);
        Histogram(histogram)
    }

    /// Counts one value; a value too large to be told apart counts as the largest.
    pub fn record(&mut self, value: u64) {
        // It grows by itself up to the largest value that it can tell apart.
        if self.0.record(value).is_err() {
            self.0.saturating_record(value);
        }
    }

    /// Counts the same value so many times.
    pub fn record_many(&mut self, value: u64, times: u64) {
        if self.0.record_n(value, times).is_err() {
            self.0.saturating_record_n(value, times);
        }
    }

    /// Counts one duration, in nanoseconds.
    pub fn record_duration(&mut self, value: Duration) {
        self.record(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all of another histogram's values.
    pub fn merge(&mut self, other: &Histogram) {
        // Both have the same precision and grow by themselves, so adding can't fail.
        let _ = self.0.add(&other.0);
    }

    /// The smallest value of which at least the share `q` of all values is not larger (0 ≤ q ≤ 1).
    #[must_use]
    pub fn quantile(&self, q: f64) -> u64 {
        self.0.value_at_quantile(q)
    }

    /// The mean of all values, 0 if there are none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.0.mean()
    }

    /// The largest value, 0 if there are none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.0.max()
    }

    /// The smallest value, 0 if there are none.
    #[must_use]
    pub fn min(&self) -> u64 {
        self.0.min()
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// How many values lie between `low` and `high`, both included.
    #[must_use]
    pub fn count_between(&self, low: u64, high: u64) -> u64 {
        self.0.count_between(low, high)
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// An estimate with the interval that holds 95 % of its bootstrap distribution.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end: the 2.5 % quantile.
    #[serde(deserialize_with = "crate::nan::number")]
    pub low: f64,
    /// The statistic of the sample itself.
    #[serde(deserialize_with = "crate::nan::number")]
    pub mid: f64,
    /// The upper end: the 97.5 % quantile.
    #[serde(deserialize_with = "crate::nan::number")]
    pub high: f64,
}

/// The arithmetic mean; NaN of an empty sample.
#[must_use]
pub fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / sample.len() as f64
}

/// The median; NaN of an empty sample.
#[must_use]
pub fn median(sample: &[f64]) -> f64 {
    quantile(sample, 0.5)
}

/// The quantile `q` (0 ≤ q ≤ 1), interpolated between neighbours (type 7 of Hyndman and Fan 1996);
/// NaN of an empty sample.
#[must_use]
pub fn quantile(sample: &[f64], q: f64) -> f64 {
    if sample.is_empty() {
        return f64::NAN;
    }
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position between 0 and the sample's length"
    )]
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// The percentile bootstrap (Efron 1979) of any statistic: the interval says how far the statistic
/// would move if the measurement were made again.
#[must_use]
pub fn bootstrap(sample: &[f64], statistic: fn(&[f64]) -> f64, chance: &mut Stream) -> Interval {
    let mid = statistic(sample);
    if sample.len() < 2 {
        return Interval {
            low: mid,
            mid,
            high: mid,
        };
    }
    let estimates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample: Vec<f64> = sample
                .iter()
                .map(|_| sample[chance.index(sample.len())])
                .collect();
            statistic(&resample)
        })
        .collect();
    Interval {
        low: quantile(&estimates, 0.025),
        mid,
        high: quantile(&estimates, 0.975),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_known_sample() {
        // R: quantile(c(1, 2, 4, 8), c(0, .25, .5, 1)) gives 1.00 1.75 3.00 8.00.
        let sample = [8.0, 1.0, 4.0, 2.0];
        assert_eq!(quantile(&sample, 0.0), 1.0);
        assert_eq!(quantile(&sample, 0.25), 1.75);
        assert_eq!(median(&sample), 3.0);
        assert_eq!(quantile(&sample, 1.0), 8.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_histogram_keeps_three_digits() {
        let mut histogram = Histogram::new();
        for value in 1..=100_000 {
            histogram.record(value);
        }
        let p99 = histogram.quantile(0.99) as f64;
        assert!((p99 / 99_000.0 - 1.0).abs() < 0.001, "{p99}");
        assert_eq!(histogram.count(), 100_000);
        assert_eq!(histogram.min(), 1);
    }

    #[test]
    fn a_bootstrap_interval_holds_the_truth_about_as_often_as_it_says() {
        let mut chance = Stream::named(1, "bootstrap");
        let held = (0..200)
            .filter(|_| {
                let sample: Vec<f64> = (0..40).map(|_| chance.unit()).collect();
                let interval = bootstrap(&sample, mean, &mut chance);
                interval.low <= 0.5 && 0.5 <= interval.high
            })
            .count();
        // 95 % of 200 is 190; the percentile bootstrap of 40 values is known to be a little short.
        assert!((178..=199).contains(&held), "{held} of 200");
    }
}
