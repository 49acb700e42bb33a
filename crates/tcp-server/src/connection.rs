//! A session with everything that all four servers owe it: its socket, its seat, its counts.
//!
//! Never waits and never touches the socket; that is what the servers differ in.

use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use labkit::clock::{Clock, RealClock};
use labkit::net::Permit;

use crate::Service;
use crate::config::Config;
use crate::roster::{Roster, Seat};
use crate::session::{End, Limits, Session};
use crate::statistics::{Batch, Meter};

/// How much is read at once. A line's length is limited elsewhere; this is what one connection may
/// have done before the next one has its turn.
pub(crate) const CHUNK: usize = 16 * 1024;

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) service: Box<dyn Service>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) meter: Meter,
    pub(crate) clock: RealClock,
}

impl Shared {
    pub(crate) fn new(config: Config, service: impl Service) -> Self {
        Shared {
            config,
            service: Box::new(service),
            roster: Arc::default(),
            meter: Meter::new(),
            clock: RealClock::new(),
        }
    }
}

/// One open connection over a socket of type `S`.
///
/// The order of the fields is the order of their end: the seat goes before the socket, and the
/// permit after it, so that whoever sees all permits back knows that all sockets are closed.
pub(crate) struct Connection<S> {
    session: Session,
    /// What has been done and not been counted yet, and since when.
    batch: Batch,
    since: Option<Duration>,
    seat: Seat,
    pub(crate) socket: S,
    permit: Permit,
    shared: Arc<Shared>,
}

impl<S: AsRawFd> Connection<S> {
    pub(crate) fn new(socket: S, permit: Permit, shared: &Arc<Shared>) -> Self {
        let limits = Limits {
            max_line: shared.config.max_line,
            max_output: shared.config.max_output,
        };
        shared.meter.accepted.fetch_add(1, Ordering::Relaxed);
        Connection {
            session: Session::new(limits),
            batch: Batch::default(),
            since: None,
            seat: shared.roster.enter(&socket, shared.clock.now()),
            socket,
            permit,
            shared: Arc::clone(shared),
        }
    }
}

impl<S> Connection<S> {
    /// The same connection, its socket in another wrapping.
    pub(crate) fn wrap<T: AsRawFd, E>(
        self,
        wrap: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<Connection<T>, E> {
        let shared = self.shared;
        // A wrapping that fails closes the socket, so it gives up its seat first.
        drop(self.seat);
        let socket = wrap(self.socket)?;
        Ok(Connection {
            session: self.session,
            batch: self.batch,
            since: self.since,
            seat: shared.roster.enter(&socket, shared.clock.now()),
            socket,
            permit: self.permit,
            shared,
        })
    }

    /// Bytes were read; none means that no more will come.
    pub(crate) fn received(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            let why = self.seat.why();
            if why == End::Idle {
                self.shared.meter.idle.fetch_add(1, Ordering::Relaxed);
            }
            return self.guarded(|session, service| session.end(why, service));
        }
        let now = self.shared.clock.now();
        self.seat.moved(now);
        self.since.get_or_insert(now);
        self.batch.bytes_in += bytes.len() as u64;
        self.guarded(|session, service| session.receive(bytes, service));
        if self.session.output().is_empty() {
            // Only the beginning of a line: its time begins when the rest comes.
            self.since = None;
        }
    }

    /// So many bytes of the output were written.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.batch.bytes_out += bytes as u64;
        self.guarded(|session, service| session.sent(bytes, service));
        if self.session.output().is_empty() {
            self.count();
        } else {
            self.seat.moved(self.shared.clock.now());
        }
    }

    /// The socket failed.
    pub(crate) fn failed(&mut self) {
        self.shared.meter.broken.fetch_add(1, Ordering::Relaxed);
        self.session.end(End::Broken, &*self.shared.service);
    }

    pub(crate) fn output(&self) -> &[u8] {
        self.session.output()
    }

    pub(crate) fn wants_input(&self) -> bool {
        self.session.wants_input()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.session.is_over()
    }

    /// Runs a step that calls the service. Its panic is caught here, once for all four servers, and
    /// costs this connection only.
    fn guarded(&mut self, step: impl FnOnce(&mut Session, &dyn Service)) {
        let (session, service) = (&mut self.session, &*self.shared.service);
        // The session is ended after a panic, so whatever state it is in is never looked at.
        if catch_unwind(AssertUnwindSafe(|| step(session, service))).is_err() {
            tracing::warn!("the service panicked; its connection is closed");
            self.failed();
        }
    }

    /// Hands what was done over to the statistics.
    fn count(&mut self) {
        let now = self.shared.clock.now();
        self.seat.moved(now);
        let counts = self.session.take_counts();
        self.batch.messages = counts.lines;
        self.batch.too_long = counts.too_long;
        let time = now.saturating_sub(self.since.take().unwrap_or(now));
        let batch = std::mem::take(&mut self.batch);
        self.shared.meter.add(self.seat.id(), batch, time);
    }
}
