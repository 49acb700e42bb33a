//! The thing under control, simulated: servers that need time to start, before one queue.
//!
//! A server that is ordered costs from the next cycle on and works only when it has started. One that
//! is given up goes at once, those that still start before those that are ready.

use std::collections::VecDeque;
use std::convert::Infallible;

use crate::config::Config;
use crate::feedback::{Sample, System};

/// Servers and their queue.
#[derive(Clone, Debug)]
pub struct Plant {
    config: Config,
    ready: usize,
    /// How many servers will be ready in 1, 2, ... cycles.
    starting: VecDeque<usize>,
    backlog: f64,
}

impl Plant {
    /// The configured servers, ready and idle.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Plant {
            config,
            ready: config.initial,
            starting: VecDeque::from(vec![0; config.start_up + 1]),
            backlog: 0.0,
        }
    }

    /// Ready servers.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.ready
    }

    /// Servers that have been ordered and aren't ready.
    #[must_use]
    pub fn starting(&self) -> usize {
        self.starting.iter().sum()
    }

    /// Passes one cycle with `rate` requests per second.
    pub fn advance(&mut self, rate: f64) -> Sample {
        // BEGIN SOLUTION stage 2: who has started by now? then the queue, then what is to be told
        self.ready += self.starting.pop_front().unwrap_or(0);
        self.starting.push_back(0);
        let queue = self.config.queue;
        let passed = queue.pass(rate, self.ready, self.backlog);
        self.backlog = passed.backlog;
        Sample {
            rate,
            ready: self.ready,
            starting: self.starting(),
            cpu: passed.cpu,
            response_s: passed.response_s,
            late: passed.late,
            arrived: rate * queue.cycle_s,
            dropped: passed.dropped,
            over_slo: queue.is_over(rate, &passed),
        }
        // END SOLUTION
    }

    /// Orders servers, or gives some up, until `servers` are ready or starting.
    pub fn scale_to(&mut self, servers: usize) {
        // BEGIN SOLUTION stage 2: the last ordered goes first; an order works start_up cycles later
        let ordered = self.ready + self.starting();
        if let Some(newest) = self.starting.back_mut() {
            *newest += servers.saturating_sub(ordered);
        }
        let mut surplus = ordered.saturating_sub(servers);
        for batch in self.starting.iter_mut().rev() {
            let given_up = surplus.min(*batch);
            *batch -= given_up;
            surplus -= given_up;
        }
        self.ready -= surplus;
        // END SOLUTION
    }
}

impl System for Plant {
    type Error = Infallible;

    fn advance(&mut self, rate: f64) -> Result<Sample, Infallible> {
        Ok(Plant::advance(self, rate))
    }

    fn scale_to(&mut self, servers: usize) -> Result<(), Infallible> {
        Plant::scale_to(self, servers);
        Ok(())
    }
}
