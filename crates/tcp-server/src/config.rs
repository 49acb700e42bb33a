//! What a server is started with, checked once.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use crate::Error;

/// Who waits for a connection's next byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A thread for each connection, asleep in `read`.
    Threads,
    /// A fixed number of workers that share one `epoll`.
    Pool,
    /// A loop on each core, with an `epoll` of its own.
    Readiness,
    /// A task for each connection on tokio's runtime.
    Tasks,
}

impl Kind {
    /// All four, in the order of the lab.
    pub const ALL: [Kind; 4] = [Kind::Threads, Kind::Pool, Kind::Readiness, Kind::Tasks];

    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Threads => "threads",
            Kind::Pool => "pool",
            Kind::Readiness => "readiness",
            Kind::Tasks => "tasks",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The most threads that a server takes for its pool, loops or runtime.
pub const MAX_THREADS: usize = 1_024;
/// The longest line that can be allowed: four such lines a connection still fit ten thousand times
/// into a few gigabytes.
pub const MAX_LINE: usize = 64 * 1024;
/// The smallest stack that a connection's thread can live in: the service runs on it as well.
pub const MIN_STACK: usize = 32 * 1024;

/// Limits and sizes of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// How many threads serve all connections (pool, readiness, tasks).
    pub threads: usize,
    /// How many connections may be open at once; one more is told so and closed.
    pub max_connections: usize,
    /// How long a line may be, in bytes, its end not counted.
    pub max_line: usize,
    /// From how many bytes of unsent answers on a connection isn't read any more.
    pub max_output: usize,
    /// How long a connection may move no byte in either direction.
    pub idle_timeout: Duration,
    /// The stack of a connection's thread (threads), in bytes. It is address space, and becomes
    /// memory only as far as it is used.
    pub stack_size: usize,
}

impl Default for Config {
    /// A free port of the loopback address, a thread for each core, 10 000 connections and a few
    /// more, lines of 8 KiB, 64 KiB of unsent answers, a minute of silence, stacks of 128 KiB.
    fn default() -> Self {
        Config {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            threads: thread::available_parallelism().map_or(1, usize::from),
            max_connections: 10_240,
            max_line: 8 * 1024,
            max_output: 64 * 1024,
            idle_timeout: Duration::from_secs(60),
            stack_size: 128 * 1024,
        }
    }
}

impl Config {
    /// Checks every limit.
    ///
    /// # Errors
    /// The first that is out of its range, with what would be right.
    pub fn check(&self) -> Result<(), Error> {
        let outside = |what: &'static str, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(Error::Config {
                what,
                value,
                least,
                most,
            })
        };
        outside("threads", self.threads, 1, MAX_THREADS)?;
        outside("connections at once", self.max_connections, 1, 1_000_000)?;
        outside("bytes in a line", self.max_line, 1, MAX_LINE)?;
        outside("bytes of unsent answers", self.max_output, 1, 1 << 30)?;
        outside("bytes of stack", self.stack_size, MIN_STACK, 1 << 30)?;
        if self.idle_timeout.is_zero() {
            return Err(Error::NoIdleTime);
        }
        Ok(())
    }
}
