//! How a virtual process behaves, and when it fails.

use std::time::Duration;

use labkit::rng::Stream;

use crate::ledger::Fault;

/// When a process that serves fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Timing {
    /// Never.
    Never,
    /// At a constant rate: the mean time from being ready to the fault.
    Exponential(Duration),
    /// With a chance at the end of every cycle.
    EveryCycle {
        /// The cycle.
        cycle: Duration,
        /// The chance, above 0 and at most 1.
        chance: f64,
    },
}

/// How a service's processes behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// From the start to serving.
    pub boot: Duration,
    /// From the request to end to the end.
    pub stop: Duration,
    /// Between two heartbeats.
    pub beat: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// How much more it takes each second while it leaks.
    pub leak_per_second: u64,
    /// When it fails.
    pub timing: Timing,
    /// How often it crashes, hangs, leaks and is poisoned, relative to each other.
    pub weights: [u64; 4],
    /// How many starts fail after a poisoning.
    pub poisoned_starts: u32,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            boot: Duration::from_millis(200),
            stop: Duration::from_millis(50),
            beat: Duration::from_secs(1),
            memory: 50 << 20,
            leak_per_second: 4 << 20,
            timing: Timing::Never,
            weights: [1, 0, 0, 0],
            poisoned_starts: 2,
        }
    }
}

impl Timing {
    /// How long from being ready to the next fault, if there will be one.
    #[must_use]
    pub fn next(&self, chance: &mut Stream) -> Option<Duration> {
        // BEGIN SOLUTION stage 1: a geometric number of cycles, or an exponential time
        let draw = 1.0 - chance.unit();
        match *self {
            Timing::Never => None,
            Timing::Exponential(mean) => Some(mean.mul_f64(-draw.ln())),
            Timing::EveryCycle { chance, .. } if chance <= 0.0 => None,
            Timing::EveryCycle { cycle, chance } if chance >= 1.0 => Some(cycle),
            Timing::EveryCycle { cycle, chance } => {
                // The number of the first cycle that ends badly: P(more than n) = (1 - p)^n.
                let cycles = (draw.ln() / (1.0 - chance).ln()).ceil().max(1.0);
                Some(cycle.mul_f64(cycles))
            }
        }
        // END SOLUTION
    }
}

impl Model {
    /// Resident memory after having leaked for so long.
    #[must_use]
    pub fn memory_after(&self, leaking: Duration) -> u64 {
        let millis = u64::try_from(leaking.as_millis()).unwrap_or(u64::MAX);
        let leaked = self.leak_per_second.saturating_mul(millis) / 1000;
        self.memory.saturating_add(leaked)
    }

    /// A fault, by the weights; a crash if all of them are zero.
    pub fn draw(&self, chance: &mut Stream) -> Fault {
        let total: u64 = self.weights.iter().sum();
        let mut place = chance.below(total.max(1));
        let faults = Fault::ALL.into_iter().zip(self.weights);
        for (fault, weight) in faults {
            if place < weight {
                return fault;
            }
            place -= weight;
        }
        Fault::Crash
    }
}
