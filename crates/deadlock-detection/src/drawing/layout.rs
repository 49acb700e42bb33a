//! Where everything goes: the cycle on a circle, the rest on a larger one around it.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use crate::graph::{LockId, Mode, Party, Snapshot};

/// The least distance of two neighbours on a circle, in the drawing's units.
const APART: f64 = 96.0;
/// The distance between the two circles.
const RINGS: f64 = 110.0;
/// The room around everything.
const MARGIN: f64 = 40.0;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// An arrow between the middles of two nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    from: Point,
    to: Point,
    pub(super) in_cycle: bool,
}

impl Arrow {
    /// The arrow without what lies within its two nodes.
    pub(super) fn between_borders(&self, radius: f64) -> (Point, Point) {
        let (x, y) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let share = (radius + 4.0) / x.hypot(y).max(1.0);
        let from = Point {
            x: self.from.x + share * x,
            y: self.from.y + share * y,
        };
        let to = Point {
            x: self.to.x - share * x,
            y: self.to.y - share * y,
        };
        (from, to)
    }
}

/// Every node's place and every arrow, in the order of the snapshot.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) size: f64,
    pub(super) parties: Vec<Point>,
    pub(super) locks: Vec<Point>,
    pub(super) holds: Vec<Arrow>,
    pub(super) waits: Vec<Arrow>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Party(Party),
    Lock(LockId),
}

impl Layout {
    pub(super) fn of(graph: &Snapshot) -> Self {
        let inner: Vec<Node> = graph
            .cycle
            .iter()
            .flat_map(|(party, lock)| [Node::Party(*party), Node::Lock(*lock)])
            .collect();
        let parties = graph.parties.iter().map(|(party, _)| Node::Party(*party));
        let locks = graph.locks.iter().map(|(lock, _)| Node::Lock(*lock));
        let outer: Vec<Node> = parties
            .chain(locks)
            .filter(|node| !inner.contains(node))
            .collect();
        let small = radius(inner.len());
        let large = match outer.len() {
            0 => small,
            others => radius(others).max(small + RINGS),
        };
        let middle = large + MARGIN;
        let mut places = BTreeMap::new();
        for (ring, radius) in [(&inner, small), (&outer, large)] {
            for (place, node) in ring.iter().enumerate() {
                let angle = TAU * (place as f64 / ring.len() as f64 - 0.25);
                let point = Point {
                    x: middle + radius * angle.cos(),
                    y: middle + radius * angle.sin(),
                };
                places.insert(*node, point);
            }
        }
        Layout::with(graph, 2.0 * middle, &places)
    }

    fn with(graph: &Snapshot, size: f64, places: &BTreeMap<Node, Point>) -> Self {
        let at = |node: Node| places.get(&node).copied().unwrap_or_default();
        let (party, lock) = (
            |id: Party| at(Node::Party(id)),
            |id: LockId| at(Node::Lock(id)),
        );
        // A lock of the cycle is held, in the cycle, by the member after the one that waits for it.
        let next = |waiter: usize| graph.cycle[(waiter + 1) % graph.cycle.len()].0;
        let cycle_hold = |lock: LockId, party: Party| {
            let mut members = graph.cycle.iter().enumerate();
            members.any(|(place, (_, wanted))| *wanted == lock && next(place) == party)
        };
        let hold = |held: &(LockId, Party, Mode)| Arrow {
            from: lock(held.0),
            to: party(held.1),
            in_cycle: cycle_hold(held.0, held.1),
        };
        let wait = |wait: &(Party, LockId, Mode)| Arrow {
            from: party(wait.0),
            to: lock(wait.1),
            in_cycle: graph.cycle.contains(&(wait.0, wait.1)),
        };
        Layout {
            size,
            parties: graph.parties.iter().map(|(id, _)| party(*id)).collect(),
            locks: graph.locks.iter().map(|(id, _)| lock(*id)).collect(),
            holds: graph.holds.iter().map(hold).collect(),
            waits: graph.waits.iter().map(wait).collect(),
        }
    }
}

/// The radius of a circle with so many nodes on it.
fn radius(nodes: usize) -> f64 {
    (APART * nodes as f64 / TAU).max(APART * 0.8)
}
