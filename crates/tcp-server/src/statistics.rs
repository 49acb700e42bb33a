//! What a server counts while it runs.
//!
//! Counted by batch, not by line: one lock for what one read brought, and a lock for each core, so
//! that threads rarely meet at one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use labkit::stats::Histogram;

/// A server's figures at one moment.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Connections accepted and served.
    pub accepted: u64,
    /// Connections open now.
    pub open: u64,
    /// Connections refused at the cap.
    pub refused: u64,
    /// Connections that ended by a reset or another error.
    pub broken: u64,
    /// Connections ended for their silence.
    pub idle: u64,
    /// Lines answered.
    pub messages: u64,
    /// Lines refused for their length.
    pub too_long: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// For each message the nanoseconds from its arrival in the process until its answer was the
    /// kernel's; messages that came together have their batch's time.
    pub latency: Histogram,
}

/// What one batch did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) messages: u64,
    pub(crate) too_long: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// The counters of a running server.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) broken: AtomicU64,
    pub(crate) idle: AtomicU64,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Debug, Default)]
struct Shard {
    total: Batch,
    latency: Histogram,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Meter {
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            idle: AtomicU64::new(0),
            shards: (0..2 * cores).map(|_| Mutex::default()).collect(),
        }
    }

    /// Adds a batch of connection `id`, whose answers took `time`.
    pub(crate) fn add(&self, id: u64, batch: Batch, time: Duration) {
        let shards = self.shards.len() as u64;
        let place = usize::try_from(id % shards).unwrap_or(0);
        let mut shard = self.shards[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        shard.total.add(batch);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        shard.latency.record_many(nanos, batch.messages);
    }

    pub(crate) fn statistics(&self, open: usize) -> Statistics {
        let mut total = Batch::default();
        let mut latency = Histogram::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            total.add(shard.total);
            latency.merge(&shard.latency);
        }
        Statistics {
            accepted: self.accepted.load(Ordering::Relaxed),
            open: open as u64,
            refused: self.refused.load(Ordering::Relaxed),
            broken: self.broken.load(Ordering::Relaxed),
            idle: self.idle.load(Ordering::Relaxed),
            messages: total.messages,
            too_long: total.too_long,
            bytes_in: total.bytes_in,
            bytes_out: total.bytes_out,
            latency,
        }
    }
}

impl Batch {
    fn add(&mut self, other: Batch) {
        self.messages += other.messages;
        self.too_long += other.too_long;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}
