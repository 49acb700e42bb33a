//! Adaptive replication: a copy where its reads gain more than its writes cost.
//!
//! The weighing is that of Wolfson, Jajodia and Huang, *An Adaptive Data Replication Algorithm* (1997), in
//! dollars instead of messages. A copy saves, for each read, the wait for the nearest other holder and the
//! bytes from there; it costs, for each write, the bytes of an update, and its place on a disk.

use super::{Coherence, Event, Order, Strategy};
use crate::config::Config;
use crate::directory::Directory;
use crate::price::Price;
use crate::topology::Topology;

/// How much of a window's count is left after the next one: the memory is some ten windows long.
const KEPT: f64 = 0.9;

/// For how many seconds every object is taken to have been as popular as the mean. It is what is believed
/// of an object of which little has been seen.
const BELIEVED_S: f64 = 4.0;

/// How long a shipped copy is expected to be of use, in seconds: its gain until then has to be worth the
/// shipment.
const HORIZON_S: f64 = 30.0;

/// What a copy gains in a second, less what it costs, in dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Worth {
    /// If every write brings it the new version.
    updated: f64,
    /// If a write makes it worthless, until it is read again.
    invalidated: f64,
}

impl Worth {
    fn best(self) -> f64 {
        self.updated.max(self.invalidated)
    }
}

/// Weighs each node and object by itself.
#[derive(Debug)]
pub struct Adaptive {
    topology: Topology,
    price: Price,
    nodes: usize,
    objects: f64,
    /// Reads of late, at `object * nodes + node`.
    reads: Vec<f32>,
    /// Writes of late.
    writes: Vec<f32>,
    /// Reads of late of all objects, by node.
    all_reads: Vec<f64>,
    all_writes: f64,
    /// How many seconds "of late" stands for.
    seconds: f64,
}

impl Adaptive {
    /// Nothing seen so far.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let (objects, nodes) = (config.catalogue().len(), config.topology().nodes());
        Adaptive {
            topology: config.topology().clone(),
            price: config.settings().price,
            nodes,
            objects: objects as f64,
            reads: vec![0.0; objects * nodes],
            writes: vec![0.0; objects],
            all_reads: vec![0.0; nodes],
            all_writes: 0.0,
            // The first window isn't over yet; a read in it still has to mean something.
            seconds: config.settings().window_s,
        }
    }

    /// How many times a second something happens that was counted `count` times of late, when the mean
    /// object's count is `mean`.
    fn rate(&self, count: f64, mean: f64) -> f64 {
        // BEGIN SOLUTION stage 5: as if the mean had been seen for BELIEVED_S seconds besides
        let believed = mean / self.seconds * BELIEVED_S;
        (count + believed) / (self.seconds + BELIEVED_S)
        // END SOLUTION
    }

    /// What a copy at a node is worth in a second, in dollars, beside the other holders.
    fn worth(&self, node: usize, object: u32, books: &Directory) -> Worth {
        let others = books.holders_to_be(object).without(node);
        let size = books.catalogue().size(object);
        let home = books.catalogue().home(object);
        let nearest = self.topology.nearest_of(node, others).unwrap_or(home);
        let at = object as usize;
        let reads = self.rate(
            f64::from(self.reads[at * self.nodes + node]),
            self.all_reads[node] / self.objects,
        );
        let writes = self.rate(f64::from(self.writes[at]), self.all_writes / self.objects);
        let wait_ns = self.topology.round_trip_ns(node, nearest)
            + self.topology.transmission_ns(u64::from(size));
        let transfer = self.price.transfer(f64::from(size));
        // BEGIN SOLUTION stage 5: what do reads save, and what do writes cost, in either manner?
        let saved = reads * (self.price.waiting(wait_ns as f64 / 1e9) + transfer);
        let kept = self.price.storage(f64::from(size), 1.0);
        Worth {
            updated: saved - writes * transfer - kept,
            // Of the reads, those that come after a write and before another read miss.
            invalidated: saved * reads / (reads + writes).max(f64::MIN_POSITIVE) - kept,
        }
        // END SOLUTION
    }

    /// Looks at every copy that is, and every one that could be.
    fn reconsider(&self, books: &Directory, orders: &mut Vec<Order>) {
        let catalogue = books.catalogue();
        for object in catalogue.objects() {
            let there = books.holders_to_be(object);
            let shipment = self.price.transfer(f64::from(catalogue.size(object)));
            for node in (0..self.nodes).filter(|node| *node != catalogue.home(object)) {
                let gain = self.worth(node, object, books).best();
                // BEGIN SOLUTION stage 5: give up what costs; ship what pays for its shipment
                if there.has(node) && gain < 0.0 {
                    orders.push(Order::Drop { node, object });
                } else if !there.has(node) && gain * HORIZON_S > shipment {
                    orders.push(Order::Copy { node, object });
                }
                // END SOLUTION
            }
        }
    }

    /// Lets what was counted fade.
    fn fade(&mut self, seconds: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a factor below 1")]
        let kept = KEPT as f32;
        self.reads.iter_mut().for_each(|count| *count *= kept);
        self.writes.iter_mut().for_each(|count| *count *= kept);
        self.all_reads.iter_mut().for_each(|count| *count *= KEPT);
        self.all_writes *= KEPT;
        self.seconds = self.seconds * KEPT + seconds;
    }
}

impl Strategy for Adaptive {
    fn on(&mut self, event: Event, books: &Directory, orders: &mut Vec<Order>) {
        match event {
            Event::Read {
                node,
                object,
                local,
            } => {
                self.reads[object as usize * self.nodes + node] += 1.0;
                self.all_reads[node] += 1.0;
                // BEGIN SOLUTION stage 5: the answer passes anyway; is it worth keeping?
                if !local && self.worth(node, object, books).best() > 0.0 {
                    orders.push(Order::Copy { node, object });
                }
                // END SOLUTION
            }
            Event::Write { object, .. } => {
                self.writes[object as usize] += 1.0;
                self.all_writes += 1.0;
            }
            Event::Window { seconds } => {
                self.reconsider(books, orders);
                self.fade(seconds);
            }
            Event::Arrived { .. } | Event::Lost { .. } => (),
        }
    }

    fn coherence(&self, node: usize, object: u32, books: &Directory) -> Coherence {
        let worth = self.worth(node, object, books);
        // BEGIN SOLUTION stage 5: the manner that is worth more
        if worth.updated >= worth.invalidated {
            Coherence::Update
        } else {
            Coherence::Invalidate
        }
        // END SOLUTION
    }
}
