//! Which node holds what: sets of nodes, and the two placements that the lab was asked for.

use labkit::rng::Stream;

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::topology::Topology;

/// A set of nodes, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeSet(u16);

impl NodeSet {
    /// No node.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// One node.
    #[must_use]
    pub fn of(node: usize) -> Self {
        NodeSet(1 << node)
    }

    /// The nodes 0 to `nodes - 1`.
    #[must_use]
    pub fn first(nodes: usize) -> Self {
        (0..nodes).fold(NodeSet::EMPTY, NodeSet::with)
    }

    /// The set and one more.
    #[must_use]
    pub fn with(self, node: usize) -> Self {
        NodeSet(self.0 | 1 << node)
    }

    /// The set but for one.
    #[must_use]
    pub fn without(self, node: usize) -> Self {
        NodeSet(self.0 & !(1 << node))
    }

    /// What is in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        NodeSet(self.0 | other.0)
    }

    /// Whether a node is in it.
    #[must_use]
    pub fn has(self, node: usize) -> bool {
        self.0 >> node & 1 == 1
    }

    /// How many nodes are in it.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no node is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its nodes, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let node = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(node)
        })
    }
}

/// Where a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// By the node itself.
    Locally,
    /// By another node.
    Remotely {
        /// Which one.
        from: usize,
    },
}

/// The holders of every object. Its home is always among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    holders: Vec<NodeSet>,
    nodes: usize,
}

impl Placement {
    /// Every object at its home alone.
    #[must_use]
    pub fn single(catalogue: &Catalogue) -> Self {
        let homes = catalogue.objects().map(|o| NodeSet::of(catalogue.home(o)));
        Placement {
            holders: homes.collect(),
            nodes: catalogue.nodes(),
        }
    }

    /// Full replication: every object at every node.
    #[must_use]
    pub fn full(catalogue: &Catalogue) -> Self {
        // BEGIN SOLUTION stage 1: everything everywhere
        let everywhere = NodeSet::first(catalogue.nodes());
        Placement {
            holders: vec![everywhere; catalogue.len()],
            nodes: catalogue.nodes(),
        }
        // END SOLUTION
    }

    /// Random selective replication: every node draws `draws` objects, perhaps one of them twice.
    #[must_use]
    pub fn random(catalogue: &Catalogue, draws: usize, chance: &mut Stream) -> Self {
        let mut placement = Self::single(catalogue);
        // BEGIN SOLUTION stage 1: the home keeps its copy; who draws what besides?
        for node in 0..catalogue.nodes() {
            for _ in 0..draws {
                let drawn = &mut placement.holders[chance.index(catalogue.len())];
                *drawn = drawn.with(node);
            }
        }
        placement
        // END SOLUTION
    }

    /// Adds a copy.
    #[must_use]
    pub fn with(mut self, object: u32, node: usize) -> Self {
        let holders = &mut self.holders[object as usize];
        *holders = holders.with(node);
        self
    }

    /// Who holds an object.
    #[must_use]
    pub fn holders(&self, object: u32) -> NodeSet {
        self.holders[object as usize]
    }

    /// Where a node's request for an object is answered: by itself, else by the nearest holder.
    ///
    /// # Errors
    /// If there is no such node.
    pub fn serve(&self, topology: &Topology, node: usize, object: u32) -> Result<Served, Error> {
        if node >= self.nodes {
            return Err(Error::NoSuchNode {
                node,
                nodes: self.nodes,
            });
        }
        // BEGIN SOLUTION stage 1: the requester itself is the nearest of all, if it is a holder
        let from = topology.nearest_of(node, self.holders(object));
        Ok(match from {
            Some(from) if from != node => Served::Remotely { from },
            _ => Served::Locally,
        })
        // END SOLUTION
    }

    /// All holders, object by object.
    #[must_use]
    pub fn into_holders(self) -> Vec<NodeSet> {
        self.holders
    }
}
