//! Consistent hashing: Karger et al., *Consistent Hashing and Random Trees*, STOC 1997.

use crate::catalogue::{Catalogue, spread};
use crate::placement::{NodeSet, Placement};
use crate::topology::as_u8;

/// Points of each node on the ring: the more, the more even their shares.
const POINTS: u64 = 64;

/// Nodes, many times each, at random places on a circle.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Places and their nodes, in order.
    points: Vec<(u64, u8)>,
}

impl Ring {
    /// The nodes 0 to `nodes - 1`.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        let points_of = |node: usize| {
            // A node's points depend on its number alone, so that others don't move when it comes.
            (0..POINTS).map(move |point| (spread(spread(node as u64) ^ point), as_u8(node)))
        };
        let mut points: Vec<(u64, u8)> = (0..nodes).flat_map(points_of).collect();
        points.sort_unstable();
        Ring { points }
    }

    /// The first `count` different nodes from an object's place on, clockwise.
    #[must_use]
    pub fn owners(&self, object: u32, count: usize) -> Vec<usize> {
        // An object and a node of the same number shouldn't meet.
        let place = spread(!u64::from(object));
        let mut owners = Vec::with_capacity(count);
        // BEGIN SOLUTION stage 4: begin at the first point not before the place; the end joins the start
        let start = self.points.partition_point(|point| point.0 < place);
        let around = self.points[start..].iter().chain(&self.points[..start]);
        for node in around.map(|point| usize::from(point.1)) {
            if owners.len() == count {
                break;
            }
            if !owners.contains(&node) {
                owners.push(node);
            }
        }
        // END SOLUTION
        owners
    }

    /// `replicas` copies of each object: one at home, the others at the owners.
    #[must_use]
    pub fn placement(&self, catalogue: &Catalogue, replicas: usize) -> Placement {
        let mut placement = Placement::single(catalogue);
        for object in catalogue.objects() {
            let home = NodeSet::of(catalogue.home(object));
            let owners = self.owners(object, replicas);
            let others = owners.into_iter().filter(|owner| !home.has(*owner));
            for owner in others.take(replicas - 1) {
                placement = placement.with(object, owner);
            }
        }
        placement
    }
}
