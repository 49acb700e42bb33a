//! What a run was worth: response times, bytes, lag, staleness, and the price of all of it.

use labkit::stats::Histogram;

use crate::price::Price;

/// A run, counted from the end of its warm-up on.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Reads answered.
    pub reads: u64,
    /// Of them by the node's own copy.
    pub local: u64,
    /// Of them with a version older than the newest.
    pub stale: u64,
    /// Writes acknowledged.
    pub writes: u64,
    /// Response times of reads and writes, in microseconds.
    pub responses: Histogram,
    /// The sum of all response times, in nanoseconds.
    pub response_ns: u64,
    /// From a write's commit until a copy had heard of it, in microseconds, copy by copy.
    pub lags: Histogram,
    /// Bytes over links between nodes.
    pub bytes: u64,
    /// Bytes that were sent and never arrived, or arrived and were never sent.
    pub unaccounted: u64,
    /// Bytes of copies beyond the ones at home, averaged over time.
    pub copied_bytes: f64,
    /// How long it took, in virtual (or live: real) seconds.
    pub seconds: f64,
}

impl Outcome {
    /// How many requests were answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.reads + self.writes
    }

    /// Counts an answered request.
    pub fn respond(&mut self, write: bool, took_ns: u64) {
        if write {
            self.writes += 1;
        } else {
            self.reads += 1;
        }
        self.response_ns += took_ns;
        self.responses.record(took_ns / 1_000);
    }

    /// The mean response time in milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.response_ns as f64 / 1e6 / self.requests().max(1) as f64
    }

    /// The response time that 99 % of requests kept within, in milliseconds.
    #[must_use]
    pub fn p99_ms(&self) -> f64 {
        self.responses.quantile(0.99) as f64 / 1e3
    }

    /// The mean replication lag in milliseconds.
    #[must_use]
    pub fn lag_ms(&self) -> f64 {
        self.lags.mean() / 1e3
    }

    /// The share of reads answered by the node's own copy, 0 to 1.
    #[must_use]
    pub fn local_share(&self) -> f64 {
        self.local as f64 / self.reads.max(1) as f64
    }

    /// The share of stale reads, 0 to 1.
    #[must_use]
    pub fn stale_share(&self) -> f64 {
        self.stale as f64 / self.reads.max(1) as f64
    }

    /// Bytes over links for each request.
    #[must_use]
    pub fn bytes_per_request(&self) -> f64 {
        self.bytes as f64 / self.requests().max(1) as f64
    }

    /// What a million such requests cost, in dollars: waiting, transfer, storage.
    #[must_use]
    pub fn cost(&self, price: &Price) -> f64 {
        let paid = price.waiting(self.response_ns as f64 / 1e9)
            + price.transfer(self.bytes as f64)
            + price.storage(self.copied_bytes, self.seconds);
        paid / self.requests().max(1) as f64 * 1e6
    }
}
