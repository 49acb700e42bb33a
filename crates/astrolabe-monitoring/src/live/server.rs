//! One node over UDP: one thread, one socket, and the time until the next round.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use labkit::clock::{Clock, RealClock};
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;
use labkit::sim::{Context, Effect, Event, Node};

use super::vitals::Vitals;
use crate::agent::{Agent, Config, Counts, Notice, Round};
use crate::detector::Detector;
use crate::error::Error;
use crate::message::Message;
use crate::wire::{self, LONGEST, Refusal, Seal};
use crate::zone::Path;

/// How long it takes at most until a shutdown is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How to run a node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is in the tree.
    pub path: Path,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Nodes that it may find others through.
    pub join: Vec<SocketAddr>,
    /// How long a round lasts.
    pub round: Duration,
    /// The tree's key.
    pub seal: Seal,
    /// What its random choices are drawn from, together with its address: two nodes that were given the
    /// same seed still are two.
    pub seed: u64,
}

/// What passed the socket, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Datagrams that were sent.
    pub sent: u64,
    /// Datagrams that were understood.
    pub received: u64,
    /// Datagrams that were dropped because they were longer than any may be.
    pub oversized: u64,
    /// Datagrams that were dropped because they weren't of our format.
    pub malformed: u64,
    /// Datagrams that were dropped, and rows in others that were left out, because of their signature.
    pub forged: u64,
    /// What the node made of it.
    pub counts: Counts,
}

/// A node with its socket.
#[derive(Debug)]
pub struct Server {
    socket: UdpSocket,
    address: SocketAddr,
    agent: Agent<SocketAddr>,
    seal: Seal,
    chance: Stream,
    clock: RealClock,
    vitals: Vitals,
    /// When the next round begins.
    due: Duration,
    traffic: Traffic,
}

impl Server {
    /// A node that listens, but doesn't do anything yet.
    ///
    /// # Errors
    /// If it can't listen there.
    pub fn bind(settings: Settings) -> Result<Self, Error> {
        if settings.listen.ip().is_unspecified() {
            return Err(Error::Range {
                name: "--listen",
                range: "the address at which others reach this node",
                given: settings.listen.to_string(),
            });
        }
        let listen = |source| Error::Listen {
            address: settings.listen,
            source,
        };
        let socket = UdpSocket::bind(settings.listen).map_err(listen)?;
        let address = socket.local_addr().map_err(listen)?;
        let clock = RealClock::new();
        let config = Config {
            path: settings.path,
            round: settings.round,
            detector: Some(Detector::every(settings.round)),
            attributes: Arc::default(),
        };
        Ok(Server {
            socket,
            address,
            agent: Agent::new(config, address, settings.join.into()),
            seal: settings.seal,
            chance: Stream::named(settings.seed, &address.to_string()),
            vitals: Vitals::new(clock.now()),
            clock,
            due: Duration::MAX,
            traffic: Traffic::default(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs the node until `shutdown` fires.
    ///
    /// # Errors
    /// If the socket fails, or the node's name is somebody else's.
    pub fn run(mut self, shutdown: &Shutdown) -> Result<Traffic, Error> {
        self.handle(Event::Start)?;
        let mut buffer = [0; LONGEST + 1];
        while !shutdown.is_triggered() {
            let now = self.clock.now();
            if now >= self.due {
                self.round(now)?;
                continue;
            }
            let patience = (self.due - now)
                .min(LOOK_EVERY)
                .max(Duration::from_micros(1));
            self.socket.set_read_timeout(Some(patience))?;
            match self.socket.recv_from(&mut buffer) {
                Ok((len, from)) => self.receive(&buffer[..len], from)?,
                Err(error) if is_nothing(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.traffic.counts = self.agent.counts();
        Ok(self.traffic)
    }

    fn round(&mut self, now: Duration) -> Result<(), Error> {
        self.due = Duration::MAX;
        if let Some(attributes) = self.vitals.read(now) {
            let (from, message) = (self.address, Message::Measured(attributes));
            self.handle(Event::Message { from, message })?;
        }
        self.handle(Event::Timer(Round))
    }

    fn receive(&mut self, datagram: &[u8], from: SocketAddr) -> Result<(), Error> {
        // BEGIN SOLUTION stage 6: count what is dropped; hand on what is left
        match wire::decode(datagram, &self.seal) {
            Ok(decoded) => {
                self.traffic.received += 1;
                self.traffic.forged += decoded.forged;
                let message = decoded.message;
                self.handle(Event::Message { from, message })
            }
            Err(refusal) => {
                tracing::debug!("dropped {} bytes from {from}: {refusal}", datagram.len());
                match refusal {
                    Refusal::Oversized => self.traffic.oversized += 1,
                    Refusal::Malformed => self.traffic.malformed += 1,
                    Refusal::Forged => self.traffic.forged += 1,
                }
                Ok(())
            }
        }
        // END SOLUTION
    }

    /// Gives the node an event and does what it asks for.
    fn handle(&mut self, event: Event<'_, Agent<SocketAddr>>) -> Result<(), Error> {
        let mut effects = Vec::new();
        let now = self.clock.now();
        let mut context = Context::new(now, &mut self.chance, &mut effects);
        self.agent.handle(event, &mut context);
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.send(to, &message),
                Effect::Set { after, .. } => self.due = now + after,
                Effect::Output(notice) => self.noticed(notice)?,
                Effect::Cancel(_) | Effect::Append(_) | Effect::Replace(_) | Effect::Sync => {}
            }
        }
        Ok(())
    }

    fn send(&mut self, to: SocketAddr, message: &Message<SocketAddr>) {
        let Some(datagram) = wire::encode(message, &self.seal) else {
            tracing::warn!("a message to {to} is too long for a datagram");
            return;
        };
        // UDP may lose it anyway; gossip goes on with somebody else.
        match self.socket.send_to(&datagram, to) {
            Ok(_) => self.traffic.sent += 1,
            Err(error) => tracing::debug!("nothing goes to {to}: {error}"),
        }
    }

    fn noticed(&self, notice: Notice<SocketAddr>) -> Result<(), Error> {
        match notice {
            Notice::Suspected(path) => tracing::info!("{path} is silent"),
            Notice::Returned(path) => tracing::info!("{path} is back"),
            Notice::Duplicate { address, elder } => {
                let address = address.map_or("an unknown address".to_owned(), |it| it.to_string());
                let path = self.agent.path().to_string();
                if elder {
                    return Err(Error::Duplicate { path, address });
                }
                tracing::warn!("{address} goes by our name {path}; it is for that node to stop");
            }
        }
        Ok(())
    }
}

/// Nothing came in time; or what was sent before came to where nobody listens, as some systems say.
fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, Interrupted, TimedOut, WouldBlock};
    matches!(
        error.kind(),
        WouldBlock | TimedOut | Interrupted | ConnectionRefused
    )
}
