//! Where copies should be: seven strategies behind one trait.
//!
//! A strategy is a value that hears events and gives orders. It has no clock, no chance and no wire,
//! and can't tell a simulated network from a real one.

mod adaptive;
mod demand;
mod fixed;
mod lru;
mod ring;

use std::fmt;

use labkit::rng::Stream;

use crate::config::Config;
use crate::directory::Directory;
use crate::placement::Placement;

pub use adaptive::Adaptive;
pub use demand::{Demand, most_popular};
pub use fixed::Fixed;
pub use lru::Lru;
pub use ring::Ring;

/// What a strategy hears.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A node was asked for an object.
    Read {
        /// The node.
        node: usize,
        /// The object.
        object: u32,
        /// Whether the node held it.
        local: bool,
    },
    /// A write from a node has reached the object's home.
    Write {
        /// The node where it was made.
        node: usize,
        /// The object.
        object: u32,
    },
    /// A node holds a copy since now.
    Arrived {
        /// The node.
        node: usize,
        /// The object.
        object: u32,
    },
    /// A node's copy was invalidated.
    Lost {
        /// The node.
        node: usize,
        /// The object.
        object: u32,
    },
    /// Time to look back.
    Window {
        /// Since the last time.
        seconds: f64,
    },
}

/// What a strategy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A node is to hold a copy. In answer to a read that missed, it is the one that the answer brings;
    /// otherwise the home ships it.
    Copy {
        /// The node.
        node: usize,
        /// The object.
        object: u32,
    },
    /// A node is to forget its copy.
    Drop {
        /// The node.
        node: usize,
        /// The object.
        object: u32,
    },
}

/// What becomes of a copy when its object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coherence {
    /// The home sends the holder the new version.
    Update,
    /// The home sends the holder word that its copy is worth nothing.
    Invalidate,
}

/// Whom a node asks for what it hasn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The nearest holder.
    Nearest,
    /// The home: a cache doesn't know what other caches hold.
    Home,
}

/// Decides where copies should be.
pub trait Strategy: fmt::Debug + Send {
    /// Hears of an event, with the books as they are, and adds what it wants to `orders`.
    fn on(&mut self, event: Event, books: &Directory, orders: &mut Vec<Order>);

    /// What becomes of a node's copy when its object is written.
    fn coherence(&self, _node: usize, _object: u32, _books: &Directory) -> Coherence {
        Coherence::Update
    }

    /// Whom nodes ask.
    fn source(&self) -> Source {
        Source::Nearest
    }
}

/// The strategies by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Every object at every node
    Full,
    /// Every object at its home alone
    Single,
    /// Every node draws its copies once, at random
    Random,
    /// Every region gets what it asked for most
    Demand,
    /// Copies at the next nodes of a hash ring
    Hash,
    /// A cache at every node, least recently used out first
    Lru,
    /// A copy where reads gain more than writes cost
    Adaptive,
}

impl Kind {
    /// All of them, as they are shown.
    pub const ALL: [Kind; 7] = [
        Kind::Full,
        Kind::Single,
        Kind::Random,
        Kind::Demand,
        Kind::Hash,
        Kind::Lru,
        Kind::Adaptive,
    ];

    /// How it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Full => "full",
            Kind::Single => "single",
            Kind::Random => "random",
            Kind::Demand => "demand",
            Kind::Hash => "hash",
            Kind::Lru => "lru",
            Kind::Adaptive => "adaptive",
        }
    }

    /// The strategy, and where the copies are at first.
    #[must_use]
    pub fn build(self, config: &Config, seed: u64) -> (Box<dyn Strategy>, Placement) {
        let catalogue = config.catalogue();
        let single = Placement::single(catalogue);
        match self {
            Kind::Full => (Box::new(Fixed), Placement::full(catalogue)),
            Kind::Single => (Box::new(Fixed), single),
            Kind::Random => {
                let mut chance = Stream::named(seed, "random placement");
                let draws = config.budget_objects();
                let placement = Placement::random(catalogue, draws, &mut chance);
                (Box::new(Fixed), placement)
            }
            Kind::Hash => {
                let ring = Ring::new(catalogue.nodes());
                let placement = ring.placement(catalogue, config.settings().replicas);
                (Box::new(Fixed), placement)
            }
            Kind::Demand => (
                Box::new(Demand::new(catalogue, config.budget_objects())),
                single,
            ),
            Kind::Lru => (Box::new(Lru::new(catalogue, config.budget_bytes())), single),
            Kind::Adaptive => (Box::new(Adaptive::new(config)), single),
        }
    }
}
