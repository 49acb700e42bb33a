//! Many clients at once: what a server is measured with.
//!
//! A closed loop: each connection sends a batch of lines, waits for all its answers, compares them
//! byte for byte with what is right, and sends the next. A few threads with an `epoll` each play all
//! clients, so that ten thousand of them cost little beside the server.

mod part;

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::stats::Histogram;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::Error;
use part::Part;

/// The longest line that is sent, in bytes.
pub const MAX_SIZE: usize = 4 * 1024;
/// The most lines that are sent without waiting.
pub const MAX_PIPELINE: usize = 1_024;
/// The shortest line: the connection's number has to fit.
const MIN_SIZE: usize = 8;
/// Descriptors that a process needs beside its connections.
const SPARE_FILES: usize = 64;

/// How the clients behave.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many clients, each with a connection of its own.
    pub connections: usize,
    /// How many lines each sends before it waits for answers.
    pub pipeline: usize,
    /// How long a line is, in bytes, without its end.
    pub size: usize,
    /// How many threads play the clients.
    pub threads: usize,
}

impl Default for Load {
    /// A hundred clients, one line of 32 bytes at a time, played by one thread.
    fn default() -> Self {
        Load {
            connections: 100,
            pipeline: 1,
            size: 32,
            threads: 1,
        }
    }
}

/// When the clients stop sending.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After a time.
    Elapsed(Duration),
    /// When each has sent so many batches.
    Batches(u64),
}

/// What the clients saw.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Lines answered rightly.
    pub messages: u64,
    /// Answers that were wrong, or connections that ended before their answers came.
    pub failures: u64,
    /// How long it took, in seconds, from the first send to the last answer.
    pub seconds: f64,
    /// Nanoseconds from sending a batch to its last answer, once for each batch.
    pub latency: Histogram,
}

impl Outcome {
    /// Lines answered per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.messages as f64 / self.seconds
    }
}

/// Clients, connected.
#[derive(Debug)]
pub struct Crowd {
    parts: Vec<Part>,
}

impl Load {
    /// Checks the sizes, and lets this process open as many files as it may.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self) -> Result<(), Error> {
        for (what, value, least, most) in [
            ("connections", self.connections, 1, 1_000_000),
            ("lines sent at once", self.pipeline, 1, MAX_PIPELINE),
            ("bytes in a line", self.size, MIN_SIZE, MAX_SIZE),
            ("threads", self.threads, 1, crate::config::MAX_THREADS),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::Config {
                    what,
                    value,
                    least,
                    most,
                });
            }
        }
        let allowed = allow_open_files();
        if self.connections + SPARE_FILES > allowed {
            return Err(Error::OpenFiles {
                asked: self.connections,
                allowed,
            });
        }
        Ok(())
    }
}

/// Raises the limit of open files of this process to what it may be raised to; says how many that
/// are.
pub fn allow_open_files() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok(hard)
    });
    // A limit that can't be read or raised leaves what every system allows.
    usize::try_from(limit.unwrap_or(1_024)).unwrap_or(usize::MAX)
}

/// How many connections a process can have with so many open files.
#[must_use]
pub fn connections_with(open_files: usize) -> usize {
    open_files.saturating_sub(SPARE_FILES)
}

impl Crowd {
    /// Connects all clients.
    ///
    /// # Errors
    /// If a size is out of its range, this process may not open as many files, or a client can't
    /// connect.
    pub fn connect(address: SocketAddr, load: &Load) -> Result<Self, Error> {
        load.check()?;
        let threads = load.threads.min(load.connections);
        let mut parts = (0..threads)
            .map(|_| Part::new(load.pipeline))
            .collect::<io::Result<Vec<Part>>>()?;
        for number in 0..load.connections {
            parts[number % threads]
                .connect(address, number, load.size)
                .map_err(|source| Error::Connect { address, source })?;
        }
        Ok(Crowd { parts })
    }

    /// Lets all clients send and compare, and waits for every answer.
    ///
    /// # Errors
    /// If the poller fails; what goes wrong with a connection is counted instead.
    pub fn run(&mut self, until: Until) -> io::Result<Outcome> {
        let clock = Stopwatch::start();
        let outcomes: Vec<io::Result<Outcome>> = thread::scope(|scope| {
            let threads: Vec<_> = self
                .parts
                .iter_mut()
                .map(|part| scope.spawn(move || part.run(until, clock)))
                .collect();
            let ended = threads.into_iter().map(|thread| thread.join());
            ended
                .map(|outcome| outcome.expect("a part doesn't panic"))
                .collect()
        });
        let mut total = Outcome::default();
        for outcome in outcomes {
            let outcome = outcome?;
            total.messages += outcome.messages;
            total.failures += outcome.failures;
            total.seconds = total.seconds.max(outcome.seconds);
            total.latency.merge(&outcome.latency);
        }
        Ok(total)
    }
}
