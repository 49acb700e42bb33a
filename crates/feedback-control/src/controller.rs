//! Controllers: an observation in, a number of servers out. They don't know what they drive.
//!
//! - [`Threshold`]: one more above, one fewer below.
//! - [`TargetTracking`]: the rule of the Kubernetes autoscaler.
//! - [`Pid`]: proportional, integral, derivative, in logarithms.
//! - [`Predictive`]: enough for the traffic that a forecast expects when a server will have started.

mod pid;
mod predictive;
mod target_tracking;
mod threshold;

use std::fmt::Debug;

use crate::config::Config;

pub use pid::{Gains, Pid};
pub use predictive::{Outlook, Predictive};
pub use target_tracking::{Behaviour, TargetTracking, Velocity, recommend};
pub use threshold::Threshold;

/// What can be seen of a system at the end of a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Servers that work.
    pub ready: usize,
    /// Servers that have been ordered and don't work yet.
    pub starting: usize,
    /// The mean busy share of the ready servers' time, 0 to 1.
    pub cpu: f64,
    /// Requests that arrived, per second.
    pub rate: f64,
}

impl Observation {
    /// Servers that work or will.
    #[must_use]
    pub fn ordered(&self) -> usize {
        self.ready + self.starting
    }
}

/// Decides how many servers there should be. A value that is stepped from outside: it knows no time but
/// the cycles that it is called for, and can be moved to another thread.
pub trait Controller: Debug + Send {
    /// How many servers should work or start, within the controller's limits. Called once a cycle.
    /// Whoever can't follow may give fewer servers or more: the next observation tells.
    fn desired(&mut self, seen: &Observation) -> usize;
}

/// The four controllers, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// One more above 70 % CPU, one fewer below 30 %
    Threshold,
    /// Proportional, integral, derivative control of the CPU
    Pid,
    /// The rule of the Kubernetes autoscaler
    TargetTracking,
    /// Holt-Winters forecast of the traffic
    Predictive,
}

impl Kind {
    /// All of them, from the simplest.
    pub const ALL: [Kind; 4] = [
        Kind::Threshold,
        Kind::Pid,
        Kind::TargetTracking,
        Kind::Predictive,
    ];

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Threshold => "threshold",
            Kind::Pid => "PID",
            Kind::TargetTracking => "target tracking",
            Kind::Predictive => "predictive",
        }
    }

    /// The controller, tuned as `tuning` says, for the limits and the objective of `config`.
    #[must_use]
    pub fn build(self, config: &Config, tuning: &Tuning) -> Box<dyn Controller> {
        let limits = config.limits;
        match self {
            Kind::Threshold => Box::new(Threshold::new(limits, tuning.low, tuning.high)),
            Kind::Pid => Box::new(Pid::new(limits, tuning.pid_target, tuning.gains)),
            Kind::TargetTracking => Box::new(TargetTracking::new(
                limits,
                tuning.tracking_target,
                tuning.behaviour.clone(),
            )),
            Kind::Predictive => {
                let outlook = Outlook {
                    start_up: config.start_up,
                    slo_s: config.queue.slo_s,
                    ..tuning.outlook
                };
                Box::new(Predictive::new(limits, outlook))
            }
        }
    }
}

/// The controllers' parameters. The defaults were chosen on traffic of the seeds 0 to 19; figures
/// are reported on others (see the README).
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Below this CPU the threshold controller gives one server up.
    pub low: f64,
    /// Above this CPU it orders one.
    pub high: f64,
    /// The CPU that PID control aims at.
    pub pid_target: f64,
    /// How hard PID control reacts.
    pub gains: Gains,
    /// The CPU that target tracking aims at.
    pub tracking_target: f64,
    /// How target tracking holds back.
    pub behaviour: Behaviour,
    /// How the predictive controller looks ahead.
    pub outlook: Outlook,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            low: 0.3,
            high: 0.7,
            pid_target: 0.85,
            gains: Gains::default(),
            tracking_target: 0.85,
            behaviour: Behaviour::default(),
            outlook: Outlook::default(),
        }
    }
}
