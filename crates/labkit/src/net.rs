//! Blocking servers: bind, announce, accept with a cap, stop when told.
//!
//! Never reads or writes a connection; that is the lab's protocol.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::clock::Deadline;
use crate::rng::Stream;
use crate::shutdown::Shutdown;

/// The rest after an accept that failed, first and at most: such errors (out of descriptors) pass
/// only when something else ends.
const REST: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(500));
/// How long the wake-up of a blocked accept may take to connect to the own listener.
const WAKE_UP: Duration = Duration::from_secs(1);

/// Binds a listener; port 0 takes a free one.
///
/// # Errors
/// If it can't; a port in use is said with what to do about it.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "; stop what holds it, or use --port 0 for a free port",
            io::ErrorKind::PermissionDenied => "; ports below 1024 need rights, use a higher one",
            io::ErrorKind::AddrNotAvailable => "; this machine doesn't have that address",
            _ => "",
        };
        io::Error::new(
            error.kind(),
            format!("cannot listen on {address}: {error}{advice}"),
        )
    })
}

/// Says on stdout that a server is ready: `listening on http://127.0.0.1:8080`.
///
/// # Errors
/// If stdout can't be written.
pub fn announce(scheme: &str, address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "listening on {scheme}://{address}")?;
    out.flush()
}

/// Accepts connections until `shutdown` fires, each with a permit of `cap`; `serve` is called on
/// this thread and hands the connection on. Above the cap, `refuse` gets it instead, to say so and
/// close it. Returns with the listener closed; wait for the open ones with [`Cap::wait_idle`].
///
/// # Errors
/// If the listener itself is broken; a single failed accept is logged and survived.
pub fn accept_loop(
    listener: TcpListener,
    cap: &Cap,
    shutdown: &Shutdown,
    mut serve: impl FnMut(TcpStream, Permit),
    mut refuse: impl FnMut(TcpStream),
) -> io::Result<()> {
    wake_on(shutdown, listener.local_addr()?);
    let mut backoff = Backoff::new(REST.0, REST.1, Stream::named(0, "accept"));
    while !shutdown.is_triggered() {
        match listener.accept() {
            // The connection that woke us, or one that came too late.
            Ok(_) if shutdown.is_triggered() => break,
            Ok((connection, _)) => {
                backoff.reset();
                match cap.enter() {
                    Some(permit) => serve(connection, permit),
                    None => refuse(connection),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                let _ = shutdown.wait_timeout(backoff.next_wait());
            }
        }
    }
    Ok(())
}

/// A blocked accept can't be told anything, except by a connection: so make one when it is time.
fn wake_on(shutdown: &Shutdown, listening: SocketAddr) {
    let mut reachable = listening;
    if listening.ip().is_unspecified() {
        match listening {
            SocketAddr::V4(_) => reachable.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => reachable.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
    }
    let shutdown = shutdown.clone();
    thread::spawn(move || {
        shutdown.wait();
        // It fails if the listener is gone already, which is what was wanted.
        let _ = TcpStream::connect_timeout(&reachable, WAKE_UP);
    });
}

/// An upper bound on what is open at once. Clones share the bound.
#[derive(Clone, Debug)]
pub struct Cap {
    shared: Arc<Shared>,
    most: usize,
}

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<usize>,
    left: Condvar,
}

/// One of a [`Cap`]'s places, given back on drop.
#[derive(Debug)]
pub struct Permit(Arc<Shared>);

impl Cap {
    /// A bound of `most` at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Cap {
            shared: Arc::default(),
            most,
        }
    }

    /// Takes a place, if one is free.
    #[must_use]
    pub fn enter(&self) -> Option<Permit> {
        let mut open = self.shared.count();
        (*open < self.most).then(|| {
            *open += 1;
            Permit(Arc::clone(&self.shared))
        })
    }

    /// How many places are taken.
    #[must_use]
    pub fn open(&self) -> usize {
        *self.shared.count()
    }

    /// Waits until no place is taken, at most for `timeout`; says whether none is.
    #[must_use]
    pub fn wait_idle(&self, timeout: Duration) -> bool {
        let deadline = Deadline::after(timeout);
        let mut open = self.shared.count();
        while *open > 0 && !deadline.expired() {
            let (next, _) = self
                .shared
                .left
                .wait_timeout(open, deadline.remaining())
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            open = next;
        }
        *open == 0
    }
}

impl Shared {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.open
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::mpsc;

    use super::*;
    use crate::wait;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn listen() -> (TcpListener, SocketAddr) {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        (listener, address)
    }

    #[test]
    fn a_port_in_use_is_said_with_advice() {
        let (_listener, address) = listen();
        let error = bind(address).expect_err("it is taken");
        assert!(error.to_string().contains("--port 0"), "{error}");
    }

    #[test]
    fn the_cap_refuses_and_a_drop_makes_room() {
        let (listener, address) = listen();
        let (cap, shutdown) = (Cap::new(1), Shutdown::new());
        let (served, permits) = mpsc::channel();
        let (loop_cap, loop_shutdown) = (cap.clone(), shutdown.clone());
        let server = thread::spawn(move || {
            accept_loop(
                listener,
                &loop_cap,
                &loop_shutdown,
                |connection, permit| served.send((connection, permit)).expect("the test listens"),
                |mut connection| connection.write_all(b"full").expect("it is open"),
            )
        });
        let _first = TcpStream::connect(address).expect("it listens");
        let held = permits.recv_timeout(PATIENCE).expect("it was served");
        let mut answer = String::new();
        let mut second = TcpStream::connect(address).expect("it listens");
        second
            .read_to_string(&mut answer)
            .expect("refused in words");
        assert_eq!((answer.as_str(), cap.open()), ("full", 1));
        drop(held);
        assert!(cap.wait_idle(PATIENCE));
        shutdown.trigger();
        assert!(wait::until(PATIENCE, || server.is_finished()));
        assert!(
            TcpStream::connect(address).is_err(),
            "the listener is closed"
        );
    }
}
