//! The comparison as it was asked for: place, then request; without queues, writes or time.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::placement::{Placement, Served};
use crate::topology::Topology;

/// What a node needs to answer from its own disk, in nanoseconds.
pub const LOCAL_NS: u64 = 500_000;

/// What bringing every copy into its place costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Bytes that crossed links.
    pub bytes: u64,
    /// Replication latency: when the last copy was complete, in nanoseconds.
    pub last_ns: u64,
}

/// What requests got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Served by the node itself.
    pub local: u64,
    /// Fetched from another one.
    pub remote: u64,
    /// Bytes that crossed links.
    pub bytes: u64,
    /// The sum of all response times, in nanoseconds.
    pub total_ns: u64,
}

impl Answers {
    /// The mean response time in milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.total_ns as f64 / 1e6 / (self.local + self.remote).max(1) as f64
    }
}

/// Sends every copy from its object's home to its holder. Each link carries one after the other, all
/// links work at once.
#[must_use]
pub fn distribute(
    topology: &Topology,
    catalogue: &Catalogue,
    placement: &Placement,
) -> Distribution {
    let nodes = topology.nodes();
    let mut busy_ns = vec![0; nodes * nodes];
    let mut distribution = Distribution::default();
    for object in catalogue.objects() {
        let home = catalogue.home(object);
        // BEGIN SOLUTION stage 1: whom does the home send it to, and when has it arrived?
        for holder in placement.holders(object).without(home).iter() {
            let size = u64::from(catalogue.size(object));
            let busy = &mut busy_ns[home * nodes + holder];
            *busy += topology.transmission_ns(size);
            distribution.bytes += size;
            let arrived = *busy + topology.one_way_ns(home, holder);
            distribution.last_ns = distribution.last_ns.max(arrived);
        }
        // END SOLUTION
    }
    distribution
}

/// Answers requests, each a node and an object.
///
/// # Errors
/// If a request names a node that isn't there.
pub fn answer(
    topology: &Topology,
    catalogue: &Catalogue,
    placement: &Placement,
    requests: &[(usize, u32)],
) -> Result<Answers, Error> {
    let mut answers = Answers::default();
    for &(node, object) in requests {
        let served = placement.serve(topology, node, object)?;
        // BEGIN SOLUTION stage 1: what does each of the two cost?
        answers.total_ns += LOCAL_NS;
        match served {
            Served::Locally => answers.local += 1,
            Served::Remotely { from } => {
                let size = u64::from(catalogue.size(object));
                answers.remote += 1;
                answers.bytes += size;
                answers.total_ns +=
                    topology.round_trip_ns(node, from) + topology.transmission_ns(size);
            }
        }
        // END SOLUTION
    }
    Ok(answers)
}
