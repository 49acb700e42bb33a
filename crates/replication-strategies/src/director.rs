//! A strategy and the books, joined: what both drivers, the simulated and the live one, ask and obey.

use crate::config::Config;
use crate::directory::Directory;
use crate::placement::NodeSet;
use crate::strategy::{Coherence, Event, Kind, Order, Source, Strategy};
use crate::topology::Topology;

/// Where a read gets its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// From the node's own copy.
    Local,
    /// From another node.
    Remote {
        /// Which one.
        from: usize,
        /// Whether the node keeps what comes.
        keep: bool,
    },
}

/// What follows from a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The new version's number.
    pub version: u32,
    /// Who gets it.
    pub updated: NodeSet,
    /// Who only gets word of it.
    pub invalidated: NodeSet,
}

/// Decides for all nodes; has no clock, no chance and no wire.
#[derive(Debug)]
pub struct Director {
    strategy: Box<dyn Strategy>,
    source: Source,
    directory: Directory,
    topology: Topology,
    orders: Vec<Order>,
    shipments: Vec<(usize, u32)>,
    /// What the last call had nodes drop.
    drops: Vec<(usize, u32)>,
}

impl Director {
    /// Copies where a strategy wants them at first.
    #[must_use]
    pub fn new(config: &Config, kind: Kind, seed: u64) -> Self {
        let (strategy, placement) = kind.build(config, seed);
        Director {
            source: strategy.source(),
            strategy,
            directory: Directory::new(config.catalogue().clone(), placement),
            topology: config.topology().clone(),
            orders: Vec::new(),
            shipments: Vec::new(),
            drops: Vec::new(),
        }
    }

    /// The books.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// A node reads an object.
    pub fn read(&mut self, node: usize, object: u32) -> Route {
        let local = self.directory.holds(node, object);
        self.tell(Event::Read {
            node,
            object,
            local,
        });
        // The copy that the answer brings anyway needs no shipment.
        let missed = (!local).then_some((node, object));
        let keep = !self.orders.is_empty() && self.obey(missed);
        if local {
            return Route::Local;
        }
        let home = self.directory.catalogue().home(object);
        let from = match self.source {
            Source::Home => home,
            Source::Nearest => {
                let holders = self.directory.holders(object);
                self.topology.nearest_of(node, holders).unwrap_or(home)
            }
        };
        Route::Remote { from, keep }
    }

    /// A node's write has reached the object's home.
    pub fn commit(&mut self, node: usize, object: u32) -> Commit {
        let (version, holders) = self.directory.commit(object);
        self.tell(Event::Write { node, object });
        self.obey(None);
        let mut commit = Commit {
            version,
            updated: NodeSet::EMPTY,
            invalidated: NodeSet::EMPTY,
        };
        for holder in holders.iter() {
            match self.strategy.coherence(holder, object, &self.directory) {
                Coherence::Update => commit.updated = commit.updated.with(holder),
                Coherence::Invalidate => commit.invalidated = commit.invalidated.with(holder),
            }
        }
        commit
    }

    /// A copy has arrived at a node.
    pub fn arrived(&mut self, node: usize, object: u32, version: u32) {
        if self.directory.arrive(node, object, version) {
            self.tell(Event::Arrived { node, object });
            self.obey(None);
        }
    }

    /// Word of a new version has arrived at a node.
    pub fn invalidated(&mut self, node: usize, object: u32, version: u32) {
        if self.directory.invalidate(node, object, version) {
            self.tell(Event::Lost { node, object });
            self.obey(None);
        }
    }

    /// A window is over.
    pub fn window(&mut self, seconds: f64) {
        self.tell(Event::Window { seconds });
        self.obey(None);
    }

    /// The next copy that has to be shipped: to which node, and which object.
    pub fn next_shipment(&mut self) -> Option<(usize, u32)> {
        self.shipments.pop()
    }

    /// The next copy that the last call had a node drop: which node, and which object. The books know
    /// already; it is for whoever has to delete a file.
    pub fn next_drop(&mut self) -> Option<(usize, u32)> {
        self.drops.pop()
    }

    fn tell(&mut self, event: Event) {
        self.drops.clear();
        self.strategy.on(event, &self.directory, &mut self.orders);
    }

    /// Carries out the orders; says whether the answer to `missed` is to be kept.
    fn obey(&mut self, missed: Option<(usize, u32)>) -> bool {
        let mut keep = false;
        for order in self.orders.drain(..) {
            match order {
                Order::Drop { node, object } => {
                    self.directory.drop_copy(node, object);
                    if !self.directory.holds(node, object) {
                        self.drops.push((node, object));
                    }
                }
                Order::Copy { node, object } if missed == Some((node, object)) => {
                    self.directory.expect(node, object);
                    keep = true;
                }
                Order::Copy { node, object } => {
                    if !self.directory.holders_to_be(object).has(node) {
                        self.directory.expect(node, object);
                        self.shipments.push((node, object));
                    }
                }
            }
        }
        keep
    }
}
