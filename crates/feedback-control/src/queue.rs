//! What a cycle of traffic does to a number of servers: CPU, latency, a backlog, drops.
//!
//! Within a cycle the servers are an M/M/c queue (Poisson arrivals, exponential service, one line for
//! all; Erlang 1917). What exceeds their capacity is a fluid that fills a bounded line and is carried
//! into the next cycle. A value in, a value out: nothing here knows of time or chance.

/// The share of requests that may be late or dropped before a cycle counts as over the objective.
pub const TOLERATED: f64 = 0.05;

/// A service: how fast one server is, how patient its users are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Requests that one busy server completes in a second (μ).
    pub service_rate: f64,
    /// The objective: 95 % of requests are answered within so many seconds.
    pub slo_s: f64,
    /// The length of a cycle, in seconds.
    pub cycle_s: f64,
    /// How many requests may wait for each server; what comes on top is dropped.
    pub room_per_server: f64,
}

impl Default for Queue {
    /// 100 requests per second and server, 95 % within 100 ms, 15 s cycles (the period of the
    /// Kubernetes autoscaler), room for half a second of work.
    fn default() -> Self {
        Queue {
            service_rate: 100.0,
            slo_s: 0.1,
            cycle_s: 15.0,
            room_per_server: 50.0,
        }
    }
}

/// What a cycle came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passed {
    /// The busy share of the servers' time, 0 to 1.
    pub cpu: f64,
    /// The mean time in the system, in seconds.
    pub response_s: f64,
    /// The share of served requests that took longer than the objective, 0 to 1.
    pub late: f64,
    /// Requests dropped.
    pub dropped: f64,
    /// Requests that wait at the end.
    pub backlog: f64,
}

/// The probability that all servers are busy, so that a request has to wait: Erlang's C formula.
/// `offered` is the arrival rate in servers' worth of work (λ/μ); 1 if they can't keep up.
#[must_use]
pub fn erlang_c(servers: usize, offered: f64) -> f64 {
    // BEGIN SOLUTION stage 2: Erlang B by its recurrence, then C from B; what if offered >= servers?
    let count = servers as f64;
    if offered >= count {
        return 1.0;
    }
    if offered <= 0.0 {
        return 0.0;
    }
    // 1/B(c) = 1 + (c/a) / B(c-1): no factorial, no overflow before the answer is zero anyway.
    let mut inverse_b = 1.0;
    let inverse_offered = 1.0 / offered;
    let mut served = 0.0;
    for _ in 0..servers {
        served += 1.0;
        inverse_b = 1.0 + served * inverse_offered * inverse_b;
    }
    count / (offered + (count - offered) * inverse_b)
    // END SOLUTION
}

/// The busy share of the servers' time when `rate` requests per second meet `servers` servers that
/// complete `service_rate` each (the utilisation law); 1 when there is more work than time.
#[must_use]
pub fn utilisation(rate: f64, servers: usize, service_rate: f64) -> f64 {
    // BEGIN SOLUTION stage 1: work over capacity; how busy can a server be at most?
    (rate / (servers as f64 * service_rate)).min(1.0)
    // END SOLUTION
}

impl Queue {
    /// Passes one cycle: `rate` requests per second meet `servers` ready servers and a backlog.
    #[must_use]
    pub fn pass(&self, rate: f64, servers: usize, backlog: f64) -> Passed {
        // BEGIN SOLUTION stage 2: the fluid fills or empties the line; the rest is M/M/c
        let capacity = servers as f64 * self.service_rate;
        let room = servers as f64 * self.room_per_server;
        let arrived = rate * self.cycle_s;
        let left = (backlog + arrived - capacity * self.cycle_s).max(0.0);
        // What waits for the fluid line, on average over the cycle.
        let queueing_s = self.mean_backlog(rate, capacity, room, backlog) / capacity;
        let all_busy = erlang_c(servers, rate / self.service_rate);
        let spare = self.spare(rate, capacity);
        let late = self.late(all_busy, spare, self.slo_s - queueing_s);
        Passed {
            cpu: utilisation(rate + backlog / self.cycle_s, servers, self.service_rate),
            response_s: 1.0 / self.service_rate + all_busy / spare + queueing_s,
            late,
            dropped: (left - room).max(0.0),
            backlog: left.min(room),
        }
        // END SOLUTION
    }

    /// Whether more requests were late or dropped than the objective tolerates.
    #[must_use]
    pub fn is_over(&self, rate: f64, passed: &Passed) -> bool {
        let arrived = rate * self.cycle_s;
        let served = (arrived - passed.dropped).max(0.0);
        passed.late * served + passed.dropped > TOLERATED * arrived
    }

    /// The capacity b that must lie idle for the objective to hold, in requests per second, however
    /// many servers of `service_rate` there are. With all of them busy the tail of the response time
    /// is μ/(μ-b)·e^{-b·t} at most, which is solved for b by iteration. An objective that is so short
    /// that a server alone can't keep it gets what a server can give.
    #[must_use]
    pub fn needed_spare(slo_s: f64, service_rate: f64) -> f64 {
        let most = 0.9 * service_rate;
        let mut spare = 0.0_f64;
        // Each round brings two digits; the first is within a third.
        for _ in 0..6 {
            let slower = service_rate / (service_rate - spare);
            spare = ((slower / TOLERATED).ln() / slo_s).min(most);
        }
        spare
    }

    // BEGIN SOLUTION ITEMS stage 2: the pieces of a cycle
    /// The rate at which the stationary line drains: the idle capacity. Near saturation a cycle is too
    /// short for that line to build up: within it, a random walk with arrivals and departures gets as
    /// far as √(4λT/π) (the mean of a reflected Brownian motion with variance 2λ).
    fn spare(&self, rate: f64, capacity: f64) -> f64 {
        let walk = (4.0 * rate * self.cycle_s / std::f64::consts::PI).sqrt();
        (capacity - rate).max(capacity / walk.max(1.0))
    }

    /// P(T > t) of the M/M/c queue: e^{-μt} + C·μ·(e^{-μt} - e^{-bt}) / (b - μ), b the spare rate.
    fn late(&self, all_busy: f64, spare: f64, left_s: f64) -> f64 {
        if left_s <= 0.0 {
            return 1.0;
        }
        let mu = self.service_rate;
        let serving = (-mu * left_s).exp();
        let apart = spare - mu;
        let waiting = if apart.abs() < 1e-6 * mu {
            mu * left_s * serving
        } else {
            mu * (serving - (-spare * left_s).exp()) / apart
        };
        (serving + all_busy * waiting).clamp(0.0, 1.0)
    }

    /// The fluid line's average over the cycle: a straight line, cut off where it is empty or full.
    fn mean_backlog(&self, rate: f64, capacity: f64, room: f64, backlog: f64) -> f64 {
        let start = backlog.min(room);
        let slope = rate - capacity;
        let bound = if slope > 0.0 { room } else { 0.0 };
        if slope == 0.0 || start == bound {
            return start;
        }
        let reached_s = (bound - start) / slope;
        if reached_s >= self.cycle_s {
            return start + slope * self.cycle_s / 2.0;
        }
        let share = reached_s / self.cycle_s;
        (start + bound) / 2.0 * share + bound * (1.0 - share)
    }
    // END SOLUTION
}
