//! The simulated driver: requests, nodes that queue, links that queue, in virtual time.
//!
//! Every message passes the server of the node that sends it, so what leaves a node on a link leaves it
//! in order, which is what [`Network`] asks for. There are three kinds of events: a request is made, a
//! message arrives, a window ends; the earliest is next.

mod message;

use labkit::rng::Stream;
use rand::Rng;

use crate::config::Config;
use crate::director::{Director, Route};
use crate::directory::Directory;
use crate::exponential::Exponential;
use crate::network::{Arrival, Network};
use crate::outcome::Outcome;
use crate::strategy::Kind;
use crate::topology::as_u8;
use crate::workload::{Request, Workload, nanoseconds, whole};
use message::{Message, Said};

/// The bytes of a message without an object in it: a request, an acknowledgement, an invalidation.
pub const CONTROL_BYTES: u32 = 256;

/// A run of one strategy over one workload.
#[derive(Debug)]
pub struct Simulator {
    director: Director,
    workload: Workload,
    network: Network<Message>,
    /// Until when each node's server is busy.
    busy_until: Vec<u64>,
    chance: Stream,
    exponential: Exponential,
    service_ns: f64,
    window_ns: u64,
    next_window: u64,
    requests: u64,
    warm_requests: u64,
    /// When the warm-up was over, and what had been sent until then.
    warm: Option<(u64, u64)>,
    now: u64,
    /// Windows since the warm-up, and the copied bytes at the end of each, summed up.
    samples: (u64, f64),
    outcome: Outcome,
}

impl Simulator {
    /// A strategy's run under a configuration; the same seed makes the same run.
    #[must_use]
    pub fn new(config: &Config, kind: Kind, seed: u64) -> Self {
        let settings = config.settings();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a whole number"
        )]
        let warm_requests = (settings.requests as f64 * settings.warm_share) as u64;
        let window_ns = nanoseconds(settings.window_s).max(1);
        Simulator {
            director: Director::new(config, kind, seed),
            workload: Workload::new(config, Stream::named(seed, "workload")),
            network: Network::new(config.topology().clone()),
            busy_until: vec![0; config.topology().nodes()],
            chance: Stream::named(seed, "service"),
            exponential: Exponential::new(),
            service_ns: settings.service_s * 1e9,
            window_ns,
            next_window: window_ns,
            requests: settings.requests,
            warm_requests,
            warm: None,
            now: 0,
            samples: (0, 0.0),
            outcome: Outcome::default(),
        }
    }

    /// Runs to the end: all requests made, and all messages arrived.
    pub fn run(&mut self) -> Outcome {
        let mut left = self.requests;
        let mut request = self.workload.next_request();
        while left > 0 {
            let message_at = self.network.next_at();
            let first = request.at.min(message_at).min(self.next_window);
            self.now = first;
            if first == message_at {
                self.receive();
            } else if first == self.next_window {
                self.end_window();
            } else {
                if self.warm.is_none() && self.requests - left >= self.warm_requests {
                    self.warm = Some((self.now, self.network.total_sent()));
                }
                self.accept(request);
                request = self.workload.next_request();
                left -= 1;
            }
        }
        self.sum_up();
        while self.network.next_at() < u64::MAX {
            self.receive();
        }
        self.outcome.unaccounted = self.network.unaccounted();
        std::mem::take(&mut self.outcome)
    }

    /// The books, as the strategy has left them.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.director.directory()
    }

    fn sum_up(&mut self) {
        let (start, sent) = self.warm.unwrap_or((0, 0));
        let (windows, bytes) = self.samples;
        self.outcome.seconds = (self.now - start) as f64 / 1e9;
        self.outcome.bytes = self.network.total_sent() - sent;
        self.outcome.copied_bytes = if windows > 0 {
            bytes / windows as f64
        } else {
            self.director.directory().copied_bytes() as f64
        };
    }

    /// Whether what began then is counted.
    fn counts(&self, start: u64) -> bool {
        self.warm.is_some_and(|(warm, _)| start >= warm)
    }

    /// When a node will have done what comes to it at `at`: first come, first served.
    fn serve(&mut self, node: usize, at: u64) -> u64 {
        let took = self.exponential.draw(self.chance.next_u64()) * self.service_ns;
        // BEGIN SOLUTION stage 3: behind what is there already, and then for as long as it took
        let done = at.max(self.busy_until[node]) + whole(took);
        self.busy_until[node] = done;
        done
        // END SOLUTION
    }

    /// A client makes a request at its node.
    fn accept(&mut self, request: Request) {
        let (node, object) = (usize::from(request.node), request.object);
        let done = self.serve(node, request.at);
        if request.write {
            return self.accept_write(request, done);
        }
        match self.director.read(node, object) {
            Route::Local => {
                if self.counts(request.at) {
                    self.outcome.local += 1;
                    self.count_read(node, object);
                    self.outcome.respond(false, done - request.at);
                }
            }
            Route::Remote { from, keep } => {
                let message = Message {
                    start: request.at,
                    object,
                    version: 0,
                    kind: Said::Fetch,
                    client: request.node,
                    keep,
                };
                self.network.send(node, from, done, CONTROL_BYTES, message);
            }
        }
    }

    fn accept_write(&mut self, request: Request, done: u64) {
        let (node, object) = (usize::from(request.node), request.object);
        let home = self.director.directory().catalogue().home(object);
        if home == node {
            self.commit(request.node, object, request.at, done);
            if self.counts(request.at) {
                self.outcome.respond(true, done - request.at);
            }
            return;
        }
        let message = Message {
            start: request.at,
            object,
            version: 0,
            kind: Said::Write,
            client: request.node,
            keep: false,
        };
        let size = self.size(object);
        self.network.send(node, home, done, size, message);
    }

    /// A message arrives.
    fn receive(&mut self) {
        let Some(arrival) = self.network.deliver() else {
            return;
        };
        let Arrival {
            at, to, message, ..
        } = arrival;
        let (client, object) = (usize::from(message.client), message.object);
        match message.kind {
            Said::Fetch => self.answer(to, at, message),
            Said::Answer => {
                if message.keep {
                    self.director.arrived(to, object, message.version);
                }
                self.respond(false, message.start, at);
            }
            Said::Write => {
                let done = self.serve(to, at);
                self.commit(message.client, object, at, done);
                let message = Message {
                    kind: Said::Acknowledge,
                    ..message
                };
                self.network.send(to, client, done, CONTROL_BYTES, message);
            }
            Said::Acknowledge => self.respond(true, message.start, at),
            Said::Update => {
                self.director.arrived(to, object, message.version);
                self.count_lag(message.start, at);
            }
            Said::Invalidate => {
                self.director.invalidated(to, object, message.version);
                self.count_lag(message.start, at);
            }
            Said::Copy => self.director.arrived(to, object, message.version),
        }
    }

    /// A node is asked by another one.
    fn answer(&mut self, node: usize, at: u64, message: Message) {
        let done = self.serve(node, at);
        let (client, object) = (usize::from(message.client), message.object);
        let directory = self.director.directory();
        if !directory.holds(node, object) {
            // Its copy went while the request was under way. The home's never does.
            let home = directory.catalogue().home(object);
            self.network.send(node, home, done, CONTROL_BYTES, message);
            return;
        }
        let version = directory.version_at(node, object);
        if self.counts(message.start) {
            self.count_read(node, object);
        }
        let message = Message {
            kind: Said::Answer,
            version,
            ..message
        };
        let size = self.size(object);
        self.network.send(node, client, done, size, message);
    }

    /// A write has reached its home; the others hear of it once the home has worked on it.
    fn commit(&mut self, client: u8, object: u32, at: u64, done: u64) {
        let commit = self.director.commit(usize::from(client), object);
        let home = self.director.directory().catalogue().home(object);
        let update = Message {
            start: at,
            object,
            version: commit.version,
            kind: Said::Update,
            client,
            keep: false,
        };
        let invalidate = Message {
            kind: Said::Invalidate,
            ..update
        };
        let size = self.size(object);
        for holder in commit.updated.iter() {
            self.network.send(home, holder, done, size, update);
        }
        for holder in commit.invalidated.iter() {
            self.network
                .send(home, holder, done, CONTROL_BYTES, invalidate);
        }
    }

    /// A window ends: the strategy looks back, and homes ship what it orders.
    fn end_window(&mut self) {
        self.next_window += self.window_ns;
        self.director.window(self.window_ns as f64 / 1e9);
        while let Some((node, object)) = self.director.next_shipment() {
            let directory = self.director.directory();
            let home = directory.catalogue().home(object);
            let message = Message {
                start: self.now,
                object,
                version: directory.version_at(home, object),
                kind: Said::Copy,
                client: as_u8(node),
                keep: true,
            };
            // Reading the disk ahead of time isn't what clients wait for, but order on the link is kept.
            let at = self.now.max(self.busy_until[home]);
            let size = self.size(object);
            self.network.send(home, node, at, size, message);
        }
        if self.warm.is_some() {
            self.samples.0 += 1;
            self.samples.1 += self.director.directory().copied_bytes() as f64;
        }
    }

    fn size(&self, object: u32) -> u32 {
        self.director.directory().catalogue().size(object)
    }

    /// Counts a read that a node answers: is its version the newest?
    fn count_read(&mut self, node: usize, object: u32) {
        let directory = self.director.directory();
        let version = directory.version_at(node, object);
        self.outcome.stale += u64::from(version < directory.newest(object));
    }

    fn respond(&mut self, write: bool, start: u64, at: u64) {
        if self.counts(start) {
            self.outcome.respond(write, at - start);
        }
    }

    fn count_lag(&mut self, start: u64, at: u64) {
        if self.counts(start) {
            self.outcome.lags.record((at - start) / 1_000);
        }
    }
}

/// Runs a strategy under a configuration.
#[must_use]
pub fn simulate(config: &Config, kind: Kind, seed: u64) -> Outcome {
    Simulator::new(config, kind, seed).run()
}
