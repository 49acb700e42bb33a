//! An average that forgets, and how wrong it usually is (Roberts 1959; as a forecast, Brown 1956).

use super::Detector;

/// Values until the average means something, in units of its memory `1 / weight`.
const WARM_UP: f64 = 6.0;
/// How far an error counts at most, in deviations: an anomaly mustn't make itself usual.
const CLIP: f64 = 4.0;

/// Distance from the exponentially weighted moving average, in deviations of its errors.
#[derive(Clone, Debug)]
pub struct Ewma {
    weight: f64,
    seen: u32,
    level: f64,
    variance: f64,
}

impl Ewma {
    /// An average in which a value has this weight, between 0 and 1.
    #[must_use]
    pub fn new(weight: f64) -> Self {
        Ewma {
            weight: weight.clamp(1e-6, 1.0),
            seen: 0,
            level: 0.0,
            variance: 0.0,
        }
    }
}

impl Detector for Ewma {
    fn observe(&mut self, value: f64) -> f64 {
        // BEGIN SOLUTION stage 5: the error against the level before; then both averages move, but not far
        if self.seen == 0 {
            self.level = value;
        }
        self.seen = self.seen.saturating_add(1);
        let error = value - self.level;
        let deviation = self.variance.sqrt();
        let warm = f64::from(self.seen) > WARM_UP / self.weight;
        let score = match error.abs() {
            distance if distance > 0.0 && warm => distance / deviation.max(self.level.abs() * 1e-9),
            _ => 0.0,
        };
        let clipped = if warm {
            error.clamp(-CLIP * deviation, CLIP * deviation)
        } else {
            error
        };
        self.level += self.weight * clipped;
        self.variance += self.weight * (clipped * clipped - self.variance);
        score
        // END SOLUTION
    }
}
