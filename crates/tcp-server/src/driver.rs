//! The four ways to wait for many connections at once, behind one interface.

mod pool;
mod readiness;
mod slab;
mod tasks;
mod threads;
mod turn;

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use crate::config::{Config, Kind};
use crate::connection::Connection;

/// Serves the connections that it is given.
pub(crate) trait Driver: Send + Sync {
    /// Takes a new connection; returns at once.
    ///
    /// # Errors
    /// If the system refuses what the connection needs. It is closed then.
    fn take(&self, connection: Connection<TcpStream>) -> io::Result<()>;

    /// Ends and joins all threads. No connection is open any more, or is cut off if it is; none is
    /// given from now on. A second call does nothing.
    fn stop(&self);
}

/// Starts the driver of a kind.
pub(crate) fn start(kind: Kind, config: &Config) -> io::Result<Arc<dyn Driver>> {
    Ok(match kind {
        Kind::Threads => Arc::new(threads::Threads::new(config)),
        Kind::Pool => Arc::new(pool::Pool::start(config)?),
        Kind::Readiness => Arc::new(readiness::Loops::start(config)?),
        Kind::Tasks => Arc::new(tasks::Tasks::start(config)?),
    })
}
