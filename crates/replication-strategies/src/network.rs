//! Links that queue, in virtual time: what is sent arrives when the link and the distance have let it.
//!
//! A link is first in, first out, so of all that is under way on it only the head can arrive next. No
//! queue of all events is needed: each link keeps its own in a ring, and a tournament of the heads (a
//! winner tree: Knuth, *The Art of Computer Programming* 3, section 5.4.1) knows the next of all. A
//! message that finds its link busy costs no comparison on the way in.

use std::collections::VecDeque;

use crate::topology::{MOST_NODES, Topology, as_u8};

/// Bits of a key that hold the link's number; the others hold the time. 2^56 ns are two years.
const LINK_BITS: u32 = (MOST_NODES * MOST_NODES).trailing_zeros();

/// The key of a link with nothing under way.
const IDLE: u64 = u64::MAX;

/// A message that is under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay<M> {
    at: u64,
    bytes: u32,
    message: M,
}

/// A message that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival<M> {
    /// When, in nanoseconds.
    pub at: u64,
    /// From which node.
    pub from: usize,
    /// At which node.
    pub to: usize,
    /// What it says.
    pub message: M,
}

/// All links between all nodes.
#[derive(Debug)]
pub struct Network<M> {
    topology: Topology,
    /// The nodes at each link's ends.
    ends: Vec<(u8, u8)>,
    /// Until when each link is busy; links are numbered `from * nodes + to`.
    busy_until: Vec<u64>,
    rings: Vec<VecDeque<UnderWay<M>>>,
    /// Keys (time, link): the leaves from `tree.len() / 2` on, above each two of them the smaller one.
    tree: Vec<u64>,
    sent: Vec<u64>,
    received: Vec<u64>,
}

impl<M: Copy> Network<M> {
    /// Links with nothing on them.
    #[must_use]
    pub fn new(topology: Topology) -> Self {
        let nodes = topology.nodes();
        let links = nodes * nodes;
        let ends = |link: usize| (as_u8(link / nodes), as_u8(link % nodes));
        Network {
            topology,
            ends: (0..links).map(ends).collect(),
            busy_until: vec![0; links],
            rings: (0..links).map(|_| VecDeque::with_capacity(64)).collect(),
            tree: vec![IDLE; 2 * links.next_power_of_two()],
            sent: vec![0; links],
            received: vec![0; links],
        }
    }

    /// Sends `bytes` from a node at a time. On one link times must not go back. Returns when they will
    /// have arrived.
    pub fn send(&mut self, from: usize, to: usize, at: u64, bytes: u32, message: M) -> u64 {
        let link = from * self.topology.nodes() + to;
        let transmission = self.topology.transmission_ns(u64::from(bytes));
        let distance = self.topology.one_way_ns(from, to);
        let arrives = self.occupy(link, at, transmission) + distance;
        self.sent[link] += u64::from(bytes);
        self.rings[link].push_back(UnderWay {
            at: arrives,
            bytes,
            message,
        });
        if self.rings[link].len() == 1 {
            self.play(link, arrives << LINK_BITS | link as u64);
        }
        arrives
    }

    /// Puts something on a link, and returns when all of it will have left.
    fn occupy(&mut self, link: usize, at: u64, transmission: u64) -> u64 {
        // BEGIN SOLUTION stage 3: behind what the link is busy with
        let left = at.max(self.busy_until[link]) + transmission;
        self.busy_until[link] = left;
        left
        // END SOLUTION
    }

    /// When the next message arrives; `u64::MAX` if nothing is under way.
    #[must_use]
    pub fn next_at(&self) -> u64 {
        match self.tree[1] {
            IDLE => u64::MAX,
            key => key >> LINK_BITS,
        }
    }

    /// Takes the next message off its link: the earliest, of equally early ones the lower link's.
    pub fn deliver(&mut self) -> Option<Arrival<M>> {
        let key = self.tree[1];
        if key == IDLE {
            return None;
        }
        let link = (key & ((1 << LINK_BITS) - 1)) as usize;
        let first = self.rings[link].pop_front()?;
        self.received[link] += u64::from(first.bytes);
        let next = self.rings[link].front();
        let key = next.map_or(IDLE, |head| head.at << LINK_BITS | link as u64);
        self.play(link, key);
        let (from, to) = self.ends[link];
        Some(Arrival {
            at: first.at,
            from: usize::from(from),
            to: usize::from(to),
            message: first.message,
        })
    }

    /// Gives a link's leaf a new key and replays its games up to where nothing changes.
    fn play(&mut self, link: usize, key: u64) {
        // BEGIN SOLUTION stage 3: a parent is the smaller of its two children; who won before counts no more
        let mut place = self.tree.len() / 2 + link;
        self.tree[place] = key;
        while place > 1 {
            let winner = self.tree[place].min(self.tree[place ^ 1]);
            place /= 2;
            if self.tree[place] == winner {
                break;
            }
            self.tree[place] = winner;
        }
        // END SOLUTION
    }

    /// By how much what was received differs from what was sent, all links together: the bytes that are
    /// under way.
    #[must_use]
    pub fn unaccounted(&self) -> u64 {
        let links = self.sent.iter().zip(&self.received);
        links.map(|(sent, received)| sent.abs_diff(*received)).sum()
    }

    /// All bytes sent so far.
    #[must_use]
    pub fn total_sent(&self) -> u64 {
        self.sent.iter().sum()
    }
}
