//! Predictive control: order for the traffic that will be there when a server has started.
//!
//! The forecast says how much traffic and how sure it is; the work that a request makes is learned
//! from CPU and traffic (the utilisation law, U = λ·S); and the queue says how much capacity must lie
//! idle for the objective to hold.

use std::collections::VecDeque;

use super::{Controller, Observation};
use crate::config::Limits;
use crate::forecast::{Forecaster, Smoothing};
use crate::queue::Queue;

/// How the controller looks ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// For how many cycles an ordered server doesn't work.
    pub start_up: usize,
    /// Within how many seconds 95 % of the requests are to be answered.
    pub slo_s: f64,
    /// The length of a season (a day) in cycles, if the traffic may have one.
    pub season: Option<usize>,
    /// How many standard deviations of the forecast's error are provided for.
    pub margin: f64,
    /// For how many cycles a higher demand is remembered.
    pub hold: usize,
}

impl Default for Outlook {
    fn default() -> Self {
        Outlook {
            start_up: 0,
            slo_s: Queue::default().slo_s,
            season: Some(crate::traffic::DAY),
            margin: 2.0,
            hold: 2,
        }
    }
}

/// Without a season: quick, because there is nothing else to go by.
const PLAIN: Smoothing = Smoothing {
    level: 0.5,
    trend: 0.1,
    season: 0.0,
    damping: 0.95,
};

/// With a season: slower, because the season explains most.
const SEASONAL: Smoothing = Smoothing {
    level: 0.3,
    trend: 0.05,
    season: 0.3,
    damping: 0.8,
};

/// How much of the learned work per request the latest cycle makes up.
const LEARN: f64 = 0.1;

/// CPU outside these bounds says little about the work of a request: it is saturated, or noise.
const TELLING: (f64, f64) = (0.05, 0.97);

/// Provides for a forecast of the traffic.
#[derive(Clone, Debug)]
pub struct Predictive {
    limits: Limits,
    outlook: Outlook,
    forecaster: Forecaster,
    /// Seconds of a server that a request takes, once something is known about it.
    work_s: Option<f64>,
    /// What the latest forecasts asked for, the oldest first.
    needed: VecDeque<usize>,
}

impl Predictive {
    /// A controller that knows nothing of the traffic yet.
    #[must_use]
    pub fn new(limits: Limits, outlook: Outlook) -> Self {
        let horizon = outlook.start_up + 1;
        Predictive {
            limits,
            outlook,
            forecaster: Forecaster::new(horizon, PLAIN, SEASONAL, outlook.season),
            work_s: None,
            needed: VecDeque::new(),
        }
    }

    /// Learns from the utilisation law what a request costs.
    fn learn_work(&mut self, seen: &Observation) {
        // BEGIN SOLUTION stage 5: busy servers over requests; when does the CPU tell the truth?
        let work_s = seen.cpu * seen.ready as f64 / seen.rate;
        if !work_s.is_finite() || work_s <= 0.0 {
            return;
        }
        self.work_s = match self.work_s {
            // A saturated server says only that it isn't less.
            known if seen.cpu > TELLING.1 => known.map(|known| known.max(work_s)),
            Some(known) if seen.cpu < TELLING.0 => Some(known),
            Some(known) => Some(known + LEARN * (work_s - known)),
            None => Some(work_s),
        };
        // END SOLUTION
    }

    /// Servers for the largest traffic until an order made now would work.
    fn needed(&self, work_s: f64) -> usize {
        // BEGIN SOLUTION stage 5: the peak of the forecast, its uncertainty, and what must lie idle
        let peak = (1..=self.outlook.start_up + 1)
            .map(|steps| self.forecaster.ahead(steps))
            .fold(0.0, f64::max);
        let feared = peak + self.outlook.margin * self.forecaster.deviation();
        let spare = Queue::needed_spare(self.outlook.slo_s, 1.0 / work_s);
        self.limits.ceil((feared + spare) * work_s)
        // END SOLUTION
    }
}

impl Controller for Predictive {
    fn desired(&mut self, seen: &Observation) -> usize {
        self.forecaster.observe(seen.rate);
        self.learn_work(seen);
        let Some(work_s) = self.work_s else {
            // Nothing is known but whether it is enough: double until it is.
            let double = if seen.cpu > TELLING.1 {
                2 * seen.ready
            } else {
                0
            };
            return self.limits.clamp(seen.ordered().max(double));
        };
        let needed = self.needed(work_s);
        // BEGIN SOLUTION stage 5: up at once, down only to what none of the last cycles needed
        self.needed.push_back(needed);
        while self.needed.len() > self.outlook.hold.max(1) {
            self.needed.pop_front();
        }
        let highest = self.needed.iter().copied().max().unwrap_or(needed);
        needed.max(highest.min(seen.ordered()))
        // END SOLUTION
    }
}
