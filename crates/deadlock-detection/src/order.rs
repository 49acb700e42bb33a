//! The order in which locks are taken, and the deadlock that has not happened yet.
//!
//! Whoever takes a lock while it holds another orders the two. If the orders of a whole run have a cycle,
//! then some schedule may close it, even if this one never came near: that is how Linux's lockdep finds a
//! deadlock without having one. *May*: a third lock around both, or one thread that does both, keeps
//! it from happening, and an order graph knows of neither.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::graph::LockId;

/// One lock taken while another was held; `S` says where both were taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge<S> {
    /// The lock that was held.
    pub held: LockId,
    /// Where it had been taken.
    pub held_at: S,
    /// The lock that was taken next.
    pub taken: LockId,
    /// Where it was taken.
    pub taken_at: S,
}

/// The orders seen in a run, each with the places where it was seen first.
#[derive(Clone, Debug)]
pub struct OrderGraph<S> {
    after: BTreeMap<LockId, BTreeMap<LockId, (S, S)>>,
}

impl<S> Default for OrderGraph<S> {
    fn default() -> Self {
        OrderGraph {
            after: BTreeMap::new(),
        }
    }
}

impl<S: Clone> OrderGraph<S> {
    /// No orders yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a lock is taken while another is held. If that contradicts the orders seen before,
    /// returns the shortest cycle of orders, this one first; each contradiction once, when it is new.
    pub fn record(&mut self, edge: Edge<S>) -> Option<Vec<Edge<S>>> {
        // BEGIN SOLUTION stage 4: is it new? is there a way back from the lock taken to the lock held?
        let Edge { held, taken, .. } = edge;
        let after = self.after.entry(held).or_default();
        if held == taken || after.contains_key(&taken) {
            return None;
        }
        after.insert(taken, (edge.held_at.clone(), edge.taken_at.clone()));
        let mut cycle = self.way(taken, held)?;
        cycle.insert(0, edge);
        Some(cycle)
        // END SOLUTION
    }

    /// How many orders were seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.after.values().map(BTreeMap::len).sum()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets a lock that no longer exists.
    pub fn forget(&mut self, lock: LockId) {
        self.after.remove(&lock);
        for after in self.after.values_mut() {
            after.remove(&lock);
        }
    }

    /// The shortest way along orders from one lock to another.
    fn way(&self, from: LockId, to: LockId) -> Option<Vec<Edge<S>>> {
        // BEGIN SOLUTION stage 4: breadth first, then back along the links
        let mut links: BTreeMap<LockId, LockId> = BTreeMap::new();
        let mut seen = BTreeSet::from([from]);
        let mut next = VecDeque::from([from]);
        while let Some(lock) = next.pop_front() {
            if lock == to {
                break;
            }
            for after in self.after.get(&lock).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(*after) {
                    links.insert(*after, lock);
                    next.push_back(*after);
                }
            }
        }
        let (mut way, mut at) = (Vec::new(), to);
        while at != from {
            let held = *links.get(&at)?;
            let (held_at, taken_at) = self.after.get(&held)?.get(&at)?.clone();
            way.push(Edge {
                held,
                held_at,
                taken: at,
                taken_at,
            });
            at = held;
        }
        way.reverse();
        Some(way)
        // END SOLUTION
    }
}
