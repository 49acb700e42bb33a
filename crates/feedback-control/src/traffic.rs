//! Traffic: requests per second, cycle by cycle. All the chance of a simulated run is in here.

mod csv;
mod model;

use crate::error::Error;

pub use csv::{read, to_csv};
pub use model::{DAY, Model};

/// The longest trace.
pub const MAX_CYCLES: usize = 1_000_000;

/// The largest rate, in requests per second: far above it a float forgets single requests.
pub const MAX_RATE: f64 = 1e9;

/// A rate for every cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Its name, for people.
    pub name: String,
    rates: Vec<f64>,
    /// The cycles at which the traffic jumps to a new level, if it does that.
    pub steps: Vec<usize>,
}

impl Trace {
    /// A trace of these rates.
    ///
    /// # Errors
    /// If there are none or more than [`MAX_CYCLES`], or one isn't between 0 and [`MAX_RATE`].
    pub fn new(name: impl Into<String>, rates: Vec<f64>) -> Result<Self, Error> {
        if !(1..=MAX_CYCLES).contains(&rates.len()) {
            return Err(Error::Cycles { given: rates.len() });
        }
        for rate in &rates {
            check_rate(*rate)?;
        }
        Ok(Trace {
            name: name.into(),
            rates,
            steps: Vec::new(),
        })
    }

    /// The rates, in requests per second.
    #[must_use]
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }
}

/// Refuses a rate that is negative, infinite or not a number.
///
/// # Errors
/// [`Error::Number`].
pub fn check_rate(rate: f64) -> Result<f64, Error> {
    // NaN is in no range.
    if (0.0..=MAX_RATE).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::Number {
            name: "the rate",
            given: rate,
            range: "0 to 1e9 requests per second",
        })
    }
}
