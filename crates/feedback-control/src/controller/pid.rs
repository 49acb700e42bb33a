//! PID control of the CPU, in logarithms.
//!
//! Twice the servers halve the CPU, whatever their number: in logarithms the plant is a straight line
//! with slope -1, so the same gains suit three servers and three hundred. The controlled variable is
//! ln(servers), the error ln(CPU / target).
//!
//! Three things that a textbook loop lacks: the output is clamped, and the integral with it (anti-windup
//! by back-calculation, Åström and Hägglund 1995), also where somebody else didn't follow; servers that start count as if they worked, or the
//! dead time would make the loop order them again; and there is no error while the present number is
//! the right whole one, or the integral would hunt for a fraction of a server for ever.

use super::{Controller, Observation};
use crate::config::Limits;

/// How hard the controller reacts, per cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// To the error itself.
    pub proportional: f64,
    /// To its sum.
    pub integral: f64,
    /// To its change.
    pub derivative: f64,
}

impl Default for Gains {
    /// The measured value answers within a cycle, so the integral does the work.
    fn default() -> Self {
        Gains {
            proportional: 0.2,
            integral: 0.6,
            derivative: 0.0,
        }
    }
}

/// Within this share of the target an error may be noise.
const DEAD_BAND: f64 = 0.05;

/// The least CPU that is told apart from none; its logarithm has to be finite.
const LEAST_CPU: f64 = 1e-3;

/// Keeps the CPU at a set point.
#[derive(Clone, Copy, Debug)]
pub struct Pid {
    limits: Limits,
    target: f64,
    gains: Gains,
    /// ln(servers) as the integral has it; none before the first observation.
    integral: Option<f64>,
    last_error: f64,
    /// What was asked for last; none before the first observation.
    asked: Option<usize>,
}

impl Pid {
    /// A controller with the set point `target`, a share of CPU between 0 and 1.
    #[must_use]
    pub fn new(limits: Limits, target: f64, gains: Gains) -> Self {
        Pid {
            limits,
            target,
            gains,
            integral: None,
            last_error: 0.0,
            asked: None,
        }
    }

    /// ln(CPU / target), as it will be when all ordered servers work; zero if their number is right.
    fn error(&self, seen: &Observation) -> f64 {
        // BEGIN SOLUTION stage 4: count those that start; is one server fewer still enough?
        let ordered = seen.ordered().max(1) as f64;
        let cpu = seen.cpu * seen.ready as f64 / ordered;
        let ratio = cpu.max(LEAST_CPU) / self.target;
        let is_enough = ratio <= 1.0 + DEAD_BAND;
        let one_fewer_is_too_few = ratio * ordered / (ordered - 1.0) > 1.0 - DEAD_BAND;
        if is_enough && (ordered < 2.0 || one_fewer_is_too_few) {
            return 0.0;
        }
        ratio.ln()
        // END SOLUTION
    }
}

impl Controller for Pid {
    fn desired(&mut self, seen: &Observation) -> usize {
        let error = self.error(seen);
        // BEGIN SOLUTION stage 4: P, I and D make ln(servers); take back what is cut off, and what wasn't followed
        let present = (seen.ordered().max(1) as f64).ln();
        if error == 0.0 {
            // The number is right: the next error starts from it.
            (self.integral, self.last_error, self.asked) = (Some(present), 0.0, None);
            return self.limits.clamp(seen.ordered());
        }
        let was_followed = self.asked == Some(seen.ordered());
        let before = self.integral.filter(|_| was_followed).unwrap_or(present);
        let integral = before + self.gains.integral * error;
        let unclamped = integral
            + self.gains.proportional * error
            + self.gains.derivative * (error - self.last_error);
        let least = (self.limits.min() as f64).ln();
        let output = unclamped.clamp(least, (self.limits.max() as f64).ln());
        self.integral = Some(integral + output - unclamped);
        self.last_error = error;
        let servers = self.limits.ceil(output.exp().round());
        self.asked = Some(servers);
        servers
        // END SOLUTION
    }
}
