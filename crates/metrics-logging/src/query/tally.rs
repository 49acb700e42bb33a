//! What is remembered of a window's samples, and what it comes to.

use super::Aggregate;

/// A window's samples, as far as they matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    first: Option<(i64, f64)>,
    last: Option<(i64, f64)>,
    /// All of them, if a percentile is asked for: that can't be had from less.
    values: Vec<f64>,
}

impl Tally {
    #[inline]
    pub(super) fn add(&mut self, time: i64, value: f64, aggregate: Aggregate) {
        match aggregate {
            Aggregate::Percentile(_) => self.values.push(value),
            Aggregate::Min if self.count == 0 || value < self.min => self.min = value,
            Aggregate::Max if self.count == 0 || value > self.max => self.max = value,
            // Of series with the same time the larger value, as InfluxDB has it.
            Aggregate::First
                if self
                    .first
                    .is_none_or(|it| time < it.0 || (time == it.0 && value > it.1)) =>
            {
                self.first = Some((time, value));
            }
            Aggregate::Last
                if self
                    .last
                    .is_none_or(|it| time > it.0 || (time == it.0 && value > it.1)) =>
            {
                self.last = Some((time, value));
            }
            _ => {}
        }
        self.count += 1;
        self.sum += value;
    }

    /// What the window comes to; none if that isn't anything.
    pub(super) fn value(mut self, aggregate: Aggregate, seconds: f64) -> Option<f64> {
        // BEGIN SOLUTION stage 4: sum it up; the percentile's rank is floor(n·p/100 + 0.5), from 1
        match aggregate {
            Aggregate::Mean => Some(self.sum / self.count as f64),
            Aggregate::Min => Some(self.min),
            Aggregate::Max => Some(self.max),
            Aggregate::Sum => Some(self.sum),
            Aggregate::Count => Some(self.count as f64),
            Aggregate::First => self.first.map(|first| first.1),
            Aggregate::Last => self.last.map(|last| last.1),
            Aggregate::Rate => Some(self.sum / seconds),
            Aggregate::Percentile(percent) => {
                let rank = (self.values.len() as f64 * percent / 100.0 + 0.5).floor();
                let place = place(rank)?.checked_sub(1)?;
                (place < self.values.len())
                    .then(|| *self.values.select_nth_unstable_by(place, f64::total_cmp).1)
            }
        }
        // END SOLUTION
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank between 0 and a length"
)]
fn place(rank: f64) -> Option<usize> {
    (rank >= 0.0).then_some(rank as usize)
}
