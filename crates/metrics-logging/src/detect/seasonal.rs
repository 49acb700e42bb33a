//! The same time on other days: a median, and the median of the distances from it.
//!
//! Neither moves when a few of its values are wild, so yesterday's anomaly doesn't hide today's
//! (Hampel 1974; Rousseeuw and Croux 1993). The MAD of normal values is 1/1.4826 of their deviation.

use std::collections::VecDeque;

use super::Detector;

/// From a MAD to a standard deviation.
const TO_DEVIATION: f64 = 1.4826;
/// How many neighbours on each side count as the same time.
const NEIGHBOURS: usize = 7;
/// Seasons until it says anything.
const LEAST: usize = 3;

/// Distance from the seasonal median, in robust deviations.
#[derive(Clone, Debug)]
pub struct SeasonalMedian {
    period: usize,
    seasons: usize,
    /// The latest last, as many as the seasons and their neighbours have.
    history: VecDeque<f64>,
    near: Vec<f64>,
}

impl SeasonalMedian {
    /// Seasons of `period` values, of which the last `seasons` count.
    #[must_use]
    pub fn new(period: usize, seasons: usize) -> Self {
        SeasonalMedian {
            period: period.max(1),
            seasons: seasons.max(LEAST),
            history: VecDeque::new(),
            near: Vec::new(),
        }
    }

    /// Collects the values around this time in earlier seasons.
    fn gather(&mut self) {
        self.near.clear();
        let len = self.history.len();
        for season in 1..=self.seasons {
            // The value to come has the place `len`.
            let Some(middle) = len.checked_sub(season * self.period) else {
                break;
            };
            let from = middle.saturating_sub(NEIGHBOURS);
            let to = (middle + NEIGHBOURS + 1).min(len);
            self.near.extend(self.history.range(from..to));
        }
    }
}

impl Detector for SeasonalMedian {
    fn observe(&mut self, value: f64) -> f64 {
        // BEGIN SOLUTION stage 5: median of the same times, MAD around it, distance in deviations
        let mut score = 0.0;
        if self.history.len() >= LEAST * self.period {
            self.gather();
            let usual = median(&mut self.near);
            for near in &mut self.near {
                *near = (*near - usual).abs();
            }
            let deviation = TO_DEVIATION * median(&mut self.near);
            let distance = (value - usual).abs();
            if distance > 0.0 {
                score = distance / deviation.max(usual.abs() * 1e-9);
            }
        }
        self.history.push_back(value);
        if self.history.len() > self.seasons * self.period + NEIGHBOURS {
            self.history.pop_front();
        }
        score
        // END SOLUTION
    }
}

/// The middle one, or the upper of the two in the middle; reorders the values.
fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
