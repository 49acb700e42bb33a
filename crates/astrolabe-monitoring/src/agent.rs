//! A node of the tree, as a value: messages and time in, messages out.
//!
//! It knows one table for each zone on its way to the root, the zone's children in it. Once a round it
//! renews its own row, computes the rows of its zones, and tells a random peer in its innermost zone which
//! versions it has; those that speak for a zone do the same with a peer of each sibling zone they find
//! further up. Whoever is told answers with what is newer and asks for what is newer there. Nobody is in
//! the middle of it.

mod asked;
mod climb;
mod exchange;
mod identity;
mod partner;
mod time;

use std::sync::Arc;
use std::time::Duration;

use labkit::rng::Stream;
use labkit::sim::{Context, Event, Node};

use crate::catalogue::Catalogue;
use crate::detector::Detector;
use crate::message::Message;
use crate::query::Query;
use crate::row::Attributes;
use crate::table::Table;
use crate::wire::Address;
use crate::zone::Path;

use identity::Identity;
use time::Time;

/// What is decided before a node starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it is.
    pub path: Path,
    /// How long a round lasts.
    pub round: Duration,
    /// Who is suspected when; nobody ever, if there is none.
    pub detector: Option<Detector>,
    /// What it measured by now.
    pub attributes: Attributes,
}

/// The only timer: the next round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Round;

/// What a node tells its surroundings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice<A> {
    /// A node or zone is silent for too long.
    Suspected(String),
    /// One that was suspected is back.
    Returned(String),
    /// Another node goes by our name.
    Duplicate {
        /// Where it is.
        address: Option<A>,
        /// Whether it was there before us, so that it is for us to go.
        elder: bool,
    },
}

/// What happened at a node, in numbers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Rounds.
    pub rounds: u64,
    /// Rows that brought news.
    pub news: u64,
    /// Rows that didn't.
    pub old: u64,
    /// Rows for which there was no room.
    pub full: u64,
    /// Times that somebody else's row under our name was met.
    pub conflicts: u64,
}

/// One node.
#[derive(Debug)]
pub struct Agent<A> {
    config: Config,
    address: A,
    /// Where others may be found, when nobody else is known.
    seeds: Arc<[A]>,
    time: Time,
    identity: Identity,
    /// By level: the root's children first, those of the innermost zone last.
    tables: Vec<Table<A>>,
    catalogue: Catalogue,
    /// Whether the catalogue changed since zones were computed last.
    catalogue_changed: bool,
    counts: Counts,
}

impl<A: Address> Agent<A> {
    /// A node that hasn't started. It answers [`Query::standing`] from the start.
    #[must_use]
    pub fn new(config: Config, address: A, seeds: Arc<[A]>) -> Self {
        let mut catalogue = Catalogue::default();
        // Every node installs it by itself, so all of them have the same first version of it.
        let installed = catalogue.install(&Query::standing());
        debug_assert!(installed.is_ok(), "an empty catalogue has room");
        Agent {
            time: Time::limited(config.round * 4),
            identity: Identity::new(&config),
            tables: (0..config.path.depth()).map(|_| Table::new()).collect(),
            catalogue,
            catalogue_changed: true,
            counts: Counts::default(),
            config,
            address,
            seeds,
        }
    }

    /// Where it is in the tree.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.config.path
    }

    /// The rows that it knows of a zone above it; level 0 is the root.
    ///
    /// # Panics
    /// If it has no such level.
    #[must_use]
    pub fn table(&self, level: usize) -> &Table<A> {
        &self.tables[level]
    }

    /// The version of its own row.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.identity.version()
    }

    /// The queries that it knows.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn bottom(&self) -> usize {
        self.tables.len() - 1
    }

    fn start(&mut self, context: &mut Context<'_, Self>) {
        self.identity.begin(context.chance());
        // Not all at once, if all start at once.
        let first = self.config.round.mul_f64(context.chance().unit());
        context.set(Round, first);
    }

    fn round(&mut self, now: Duration, context: &mut Context<'_, Self>) {
        self.counts.rounds += 1;
        self.identity.beat();
        self.renew(now);
        self.sweep(now, context);
        self.climb(now);
        for (to, levels) in self.partners(context.chance()) {
            for digest in self.digests(levels) {
                context.send(to, Message::Digest(digest));
            }
        }
        let next = self.config.round.mul_f64(about_one(context.chance()));
        context.set(Round, next);
    }

    /// Puts the own row, as it is now, into the innermost table.
    fn renew(&mut self, now: Duration) {
        let row = self.identity.row(&self.config.path, self.address);
        let bottom = self.bottom();
        self.tables[bottom].put(row, now, self.config.detector.as_ref());
    }

    fn sweep(&mut self, now: Duration, context: &mut Context<'_, Self>) {
        let Some(detector) = self.config.detector else {
            return;
        };
        for (level, table) in self.tables.iter_mut().enumerate() {
            for row in table.sweep(self.config.path.key(level), now, &detector) {
                let zone = self.config.path.zone(level);
                let path = format!("{}/{}", zone.trim_end_matches('/'), row.name);
                context.output(Notice::Suspected(path));
            }
        }
    }
}

/// A round's length varies by five per cent either way, so that no two nodes stay in step.
fn about_one(chance: &mut Stream) -> f64 {
    0.95 + 0.1 * chance.unit()
}

impl<A: Address> Node for Agent<A> {
    type Address = A;
    type Message = Message<A>;
    type Timer = Round;
    type Output = Notice<A>;

    fn handle(&mut self, event: Event<'_, Self>, context: &mut Context<'_, Self>) {
        let now = self.time.at(context.now());
        match event {
            Event::Start | Event::Restart { .. } => self.start(context),
            Event::Timer(Round) => self.round(now, context),
            Event::Message { from, message } => match message {
                Message::Digest(digest) => self.digested(from, &digest, now, context),
                Message::Delta(delta) => self.told(from, &delta, now, context),
                Message::Ask(ask) => self.asked(from, &ask, now, context),
                Message::Answer(_) => {}
                Message::Measured(attributes) => {
                    self.identity.measured(attributes);
                    self.renew(now);
                }
            },
        }
    }
}
