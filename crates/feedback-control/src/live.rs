//! The same loop over real processes.
//!
//! - [`worker`]: a small HTTP server that computes for each request.
//! - [`balancer`]: one line of requests, and a lane to each worker that takes the next.
//! - [`cpu`]: how much a process has computed, from the operating system.
//! - [`cluster`]: workers started and stopped, load driven, a cycle measured.

pub mod balancer;
pub mod cluster;
pub mod cpu;
pub mod http;
pub mod worker;

use std::time::Duration;

/// What a live run is made of. The defaults are modest: four workers of a quarter of a core each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// How long a cycle lasts.
    pub cycle: Duration,
    /// How long a worker is busy with one request.
    pub service: Duration,
    /// The share of a core that a worker may use: it computes for this share of `service` and rests
    /// for the remainder, as a container with a CPU quota would.
    pub share: f64,
    /// How long a worker takes to start.
    pub boot: Duration,
    /// The objective: 95 % of requests are answered within this time.
    pub slo: Duration,
    /// How many requests may wait for each worker; what comes on top is dropped.
    pub room_per_worker: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Scale {
            cycle: Duration::from_millis(500),
            service: Duration::from_millis(8),
            share: 0.25,
            boot: Duration::from_millis(300),
            slo: Duration::from_millis(100),
            room_per_worker: 50,
        }
    }
}

impl Scale {
    /// What a worker can serve, in requests per second.
    #[must_use]
    pub fn service_rate(&self) -> f64 {
        1.0 / self.service.as_secs_f64()
    }
}
