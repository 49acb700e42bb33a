//! A running server: what is common to all four, from the first accept to the last thread's end.

use std::fmt;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use labkit::net::{self, Cap, Permit};
use labkit::shutdown::Shutdown;
use nix::sys::socket::{Backlog, listen};

use crate::connection::{Connection, Shared};
use crate::driver::{self, Driver};
use crate::warden;
use crate::{Config, Error, Kind, Service, Statistics};

/// How many connections may wait to be accepted. The standard library asks for 128, and the 129th of
/// a crowd would wait a second for its next try.
const BACKLOG: i32 = 4_096;
/// How long a connection that was cut off may take to notice.
const AFTER_CUT: Duration = Duration::from_secs(10);

/// A server that accepts connections until it is shut down or dropped.
///
/// A drop cuts all connections; [`shutdown`](Server::shutdown) lets them finish. Both block for a
/// moment: call them outside of async code.
pub struct Server {
    address: SocketAddr,
    kind: Kind,
    cap: Cap,
    shared: Arc<Shared>,
    driver: Arc<dyn Driver>,
    stop_accepting: Shutdown,
    off_duty: Shutdown,
    acceptor: Option<JoinHandle<io::Result<()>>>,
    warden: Option<JoinHandle<()>>,
}

/// How a server ended.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// How many connections hadn't ended at the deadline, and were cut.
    pub cut: usize,
    /// What the server had done in all.
    pub statistics: Statistics,
}

impl Server {
    /// Starts a server of a kind. It accepts connections from now on, at [`local_addr`].
    ///
    /// [`local_addr`]: Server::local_addr
    ///
    /// # Errors
    /// If a limit is out of its range, the address can't be listened on, or the system refuses
    /// threads or descriptors.
    pub fn start(kind: Kind, config: Config, service: impl Service) -> Result<Self, Error> {
        config.check()?;
        let listener = net::bind(config.address).map_err(Error::Listen)?;
        Self::start_on(listener, kind, config, service)
            .map_err(|source| Error::Start { kind, source })
    }

    fn start_on(
        listener: TcpListener,
        kind: Kind,
        config: Config,
        service: impl Service,
    ) -> io::Result<Self> {
        listen(&listener, Backlog::new(BACKLOG)?)?;
        let cap = Cap::new(config.max_connections);
        let shared = Arc::new(Shared::new(config, service));
        let mut server = Server {
            address: listener.local_addr()?,
            kind,
            driver: driver::start(kind, &shared.config)?,
            cap,
            shared,
            stop_accepting: Shutdown::new(),
            off_duty: Shutdown::new(),
            acceptor: None,
            warden: None,
        };
        server.warden = Some(warden::start(&server.shared, &server.off_duty)?);
        server.acceptor = Some(server.start_accepting(listener)?);
        Ok(server)
    }

    /// One thread accepts for all: here is the cap, and here the connections are dealt out, as even
    /// as can be.
    fn start_accepting(&self, listener: TcpListener) -> io::Result<JoinHandle<io::Result<()>>> {
        let (cap, stop) = (self.cap.clone(), self.stop_accepting.clone());
        let (shared, driver) = (Arc::clone(&self.shared), Arc::clone(&self.driver));
        let refused = Arc::clone(&self.shared);
        thread::Builder::new()
            .name("acceptor".to_owned())
            .spawn(move || {
                net::accept_loop(
                    listener,
                    &cap,
                    &stop,
                    |socket, permit| admit(socket, permit, &shared, &*driver),
                    |socket| refuse(socket, &refused),
                )
            })
    }

    /// The address that it listens on, with the port that it got.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Who waits in it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it has done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared.meter.statistics(self.cap.open())
    }

    /// Stops: accepts no more, answers what has arrived, closes each connection when its answers
    /// are sent, and cuts at the deadline what isn't done by then.
    #[must_use]
    pub fn shutdown(mut self, deadline: Duration) -> Farewell {
        self.stop_accepting();
        let cut = self.drain(deadline);
        self.end();
        Farewell {
            cut,
            statistics: self.statistics(),
        }
    }

    /// Lets all connections come to their end; says how many didn't by the deadline.
    fn drain(&self, deadline: Duration) -> usize {
        // BEGIN SOLUTION stage 5: whom must be told what, and who tells when it is done?
        self.shared.roster.end_reading();
        if self.cap.wait_idle(deadline) {
            return 0;
        }
        self.cap.open()
        // END SOLUTION
    }

    fn stop_accepting(&mut self) {
        self.stop_accepting.trigger();
        if let Some(acceptor) = self.acceptor.take() {
            match acceptor.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!("accepting ended with an error: {error}"),
                Err(_) => tracing::warn!("accepting ended with a panic"),
            }
        }
    }

    /// Ends everything at once. A second call finds nothing left to do.
    fn end(&mut self) {
        self.stop_accepting();
        self.shared.roster.cut();
        if !self.cap.wait_idle(AFTER_CUT) {
            tracing::warn!("a connection's service doesn't return; waiting for it");
        }
        self.driver.stop();
        self.off_duty.trigger();
        if let Some(warden) = self.warden.take() {
            // It only compares numbers; there is nothing in it that could panic.
            let _ = warden.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("kind", &self.kind)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Hands an accepted connection to the driver.
fn admit(socket: TcpStream, permit: Permit, shared: &Arc<Shared>, driver: &dyn Driver) {
    // Small answers must not wait for the acknowledgement of earlier ones (Nagle, RFC 896).
    if let Err(error) = socket.set_nodelay(true) {
        // The peer has reset it already; whoever reads from it will find out.
        tracing::debug!("no TCP_NODELAY: {error}");
    }
    let connection = Connection::new(socket, permit, shared);
    if let Err(error) = driver.take(connection) {
        tracing::warn!("a connection could not be served: {error}");
    }
}

/// Says why, and closes. It must not wait: the next connection is waiting already.
fn refuse(mut socket: TcpStream, shared: &Shared) {
    shared.meter.refused.fetch_add(1, Ordering::Relaxed);
    // BEGIN SOLUTION stage 2: what does a client need to hear that isn't served?
    let most = shared.config.max_connections;
    let words = format!("error: all {most} connections are in use; try again later\n");
    // A new connection's send buffer is empty, so this doesn't block; and who is gone already
    // needs no words.
    let _ = socket.write_all(words.as_bytes());
    // END SOLUTION
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::Echo;

    /// Looks at what it is given, and lets it go.
    struct Inspector(AtomicBool);

    impl Driver for Inspector {
        fn take(&self, connection: Connection<TcpStream>) -> io::Result<()> {
            self.0
                .store(connection.socket.nodelay()?, Ordering::Relaxed);
            Ok(())
        }

        fn stop(&self) {}
    }

    #[test]
    fn a_connection_is_admitted_with_no_delay() {
        let listener = net::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let _client = TcpStream::connect(address).expect("it listens");
        let (socket, _) = listener.accept().expect("it is connected");
        assert!(!socket.nodelay().expect("a socket"), "as sockets are");
        let permit = Cap::new(1).enter().expect("a place is free");
        let (shared, inspector) = (
            Shared::new(Config::default(), Echo),
            Inspector(false.into()),
        );
        admit(socket, permit, &Arc::new(shared), &inspector);
        assert!(inspector.0.into_inner());
    }
}
