//! What one question went through between its arrival and its answer.

/// The seconds since the scenario's start at which a question passed each door.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visit {
    /// Which client asked, counted from 0.
    pub(crate) client: usize,
    /// How far the primes are to be counted.
    pub(crate) below: u64,
    /// Which of the pool's workers counted.
    pub(crate) worker: usize,
    /// The server had read the line.
    pub(crate) arrived: f64,
    /// The buffer had room for the job.
    pub(crate) buffered: f64,
    /// The feeder took it out of the buffer.
    pub(crate) taken: f64,
    /// A worker began.
    pub(crate) started: f64,
    /// The worker was done.
    pub(crate) done: f64,
    /// The connection's thread had the result.
    pub(crate) answered: f64,
    /// How many jobs the buffer held just after this one had entered it.
    pub(crate) depth: usize,
}

/// A stretch of a visit: its name, its begin and its end.
pub(crate) type Stretch = (&'static str, f64, f64);

impl Visit {
    /// What it spent its time on, in order.
    pub(crate) fn stretches(&self) -> [Stretch; 5] {
        [
            ("no room yet", self.arrived, self.buffered),
            ("in the buffer", self.buffered, self.taken),
            ("in the pool", self.taken, self.started),
            ("computed", self.started, self.done),
            ("going back", self.done, self.answered),
        ]
    }

    /// From its arrival to its answer.
    pub(crate) fn seconds(&self) -> f64 {
        self.answered - self.arrived
    }
}
