//! A series of the kind that Gorilla was made for, to measure compression with.
//!
//! As the paper describes Facebook's (section 4.1): one sample a minute, of which 96 % come to the
//! second; half of the values are the one before again, the others whole numbers near it.

use labkit::rng::Stream;

use crate::config::SECOND;
use crate::point::Sample;

/// Of a hundred samples, so many come on time, and so many values don't change.
const ON_TIME: u64 = 98;
const UNCHANGED: u64 = 51;
/// Seconds between samples.
const INTERVAL: i64 = 60;

/// An endless series.
#[derive(Clone, Debug)]
pub struct Smooth {
    chance: Stream,
    /// When the next sample is due.
    due: i64,
    value: f64,
}

impl Smooth {
    /// A series with this name, from a time on; the same seed and name make the same one.
    #[must_use]
    pub fn new(seed: u64, name: &str, start: i64) -> Self {
        let mut chance = Stream::named(seed, name);
        Smooth {
            due: start,
            value: 200.0 + chance.below(2000) as f64,
            chance,
        }
    }
}

impl Iterator for Smooth {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        // One that is late by a second makes two differences that aren't zero.
        let late = i64::from(self.chance.below(100) >= ON_TIME);
        if self.chance.below(100) >= UNCHANGED {
            let step = 1.0 + self.chance.below(8) as f64;
            let down = self.chance.below(2) == 0;
            self.value = (self.value + if down { -step } else { step }).max(0.0);
        }
        let time = self.due + late * SECOND;
        self.due += INTERVAL * SECOND;
        Some(Sample {
            time,
            value: self.value,
        })
    }
}
