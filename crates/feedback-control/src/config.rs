//! What a loop is run with: limits, servers, delays, and what they cost. Checked once, here.

use crate::error::{Error, positive};
use crate::queue::Queue;

/// The most servers that a configuration may allow.
pub const MAX_SERVERS: usize = 1_000;

/// The longest start-up delay, in cycles.
pub const MAX_START_UP: usize = 100;

/// How few and how many servers there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    min: usize,
    max: usize,
}

impl Limits {
    /// At least `min` (not zero: nobody would measure anything) and at most `max` servers.
    ///
    /// # Errors
    /// If they exclude each other, or are outside 1 to [`MAX_SERVERS`].
    pub fn new(min: usize, max: usize) -> Result<Self, Error> {
        for (name, given) in [("--min", min), ("--max", max)] {
            if !(1..=MAX_SERVERS).contains(&given) {
                return Err(Error::Servers { name, given });
            }
        }
        if min > max {
            return Err(Error::Limits { min, max });
        }
        Ok(Limits { min, max })
    }

    /// The smallest number.
    #[must_use]
    pub fn min(self) -> usize {
        self.min
    }

    /// The largest number.
    #[must_use]
    pub fn max(self) -> usize {
        self.max
    }

    /// The nearest allowed number.
    #[must_use]
    pub fn clamp(self, servers: usize) -> usize {
        servers.clamp(self.min, self.max)
    }

    /// The nearest allowed number to a quantity, rounded up; what isn't a number becomes the least.
    #[must_use]
    pub fn ceil(self, servers: f64) -> usize {
        // An exact 3 must not become 4 because the division before it was not exact.
        let whole = (servers - 1e-9).ceil();
        let bounded = whole.max(self.min as f64).min(self.max as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and lies between the limits"
        )]
        let servers = bounded as usize;
        servers
    }
}

/// What is paid, in server-hours: a machine's price is the unit, whatever a machine costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// For each minute in which the service is over its objective.
    pub over_slo_minute: f64,
    /// For a thousand dropped requests.
    pub dropped_thousand: f64,
}

impl Default for Price {
    /// A minute over the objective costs a server-hour, and so do ten thousand dropped requests.
    fn default() -> Self {
        Price {
            over_slo_minute: 1.0,
            dropped_thousand: 0.03,
        }
    }
}

/// A loop's surroundings, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// How a cycle's requests become CPU, latency and drops.
    pub queue: Queue,
    /// How few and how many servers there may be.
    pub limits: Limits,
    /// How many there are at first, all of them ready.
    pub initial: usize,
    /// For how many whole cycles an ordered server only costs.
    pub start_up: usize,
    /// What is paid.
    pub price: Price,
}

impl Config {
    /// Checks and joins the parts; the price is the default one.
    ///
    /// # Errors
    /// If the start is outside the limits, the delay is beyond [`MAX_START_UP`], or a quantity of
    /// the queue isn't above zero.
    pub fn new(
        queue: Queue,
        limits: Limits,
        initial: usize,
        start_up: usize,
    ) -> Result<Self, Error> {
        positive("the service rate", queue.service_rate)?;
        positive("the objective", queue.slo_s)?;
        positive("the cycle", queue.cycle_s)?;
        positive("the room to queue", queue.room_per_server)?;
        if limits.clamp(initial) != initial {
            return Err(Error::Initial {
                initial,
                min: limits.min,
                max: limits.max,
            });
        }
        if start_up > MAX_START_UP {
            return Err(Error::Number {
                name: "the start-up delay",
                given: start_up as f64,
                range: "0 to 100 cycles",
            });
        }
        Ok(Config {
            queue,
            limits,
            initial,
            start_up,
            price: Price::default(),
        })
    }
}
