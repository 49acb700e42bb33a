//! The same nodes by the thousand, over virtual time: how fast does a change get everywhere?

mod convergence;
mod staleness;

use std::sync::Arc;
use std::time::Duration;

use labkit::rng::Stream;
use labkit::sim::{Delay, Network, NodeId, World};

use crate::agent::{Agent, Config};
use crate::detector::Detector;
use crate::error::Error;
use crate::query::Attribute;
use crate::row::Attributes;
use crate::value::Value;
use crate::zone::Path;

pub use convergence::{Convergence, Spread, measure, theory};
pub use staleness::staleness;

/// A simulated tree.
pub type Tree = World<Agent<NodeId>>;

/// The most nodes that a simulation takes: some 20 kB each.
pub const MOST_NODES: u32 = 50_000;

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many nodes.
    pub nodes: u32,
    /// The share of messages that are lost.
    pub loss: f64,
    /// How long a round lasts.
    pub round: Duration,
    /// What decides everything that is left to chance.
    pub seed: u64,
}

impl Plan {
    /// A plan with rounds of a second.
    ///
    /// # Errors
    /// If there are no nodes or too many, or the loss isn't a share below one half.
    pub fn new(nodes: u32, loss: f64, seed: u64) -> Result<Self, Error> {
        let range = |name, range, given: String| Error::Range { name, range, given };
        if !(1..=MOST_NODES).contains(&nodes) {
            return Err(range("--nodes", "1 to 50000", nodes.to_string()));
        }
        if !(0.0..=0.5).contains(&loss) {
            return Err(range("--loss", "0 to 0.5", loss.to_string()));
        }
        Ok(Plan {
            nodes,
            loss,
            round: Duration::from_secs(1),
            seed,
        })
    }

    /// The paths of so many nodes in three levels, each zone with as many children as it takes.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let width = (1_u32..)
            .find(|width| width.pow(3) >= self.nodes)
            .unwrap_or(u32::MAX)
            .max(2);
        let path = |id: u32| {
            let (site, rack, node) = (id / width / width, id / width % width, id % width);
            let text = format!("/site-{site}/rack-{rack}/node-{node}");
            text.parse().expect("short names")
        };
        (0..self.nodes).map(path).collect()
    }

    /// The tree, with the nodes still to start. Each knows the first node of its own zone, of the zone
    /// above, and so on.
    #[must_use]
    pub fn world(&self) -> Tree {
        world(self, self.paths(), Some(Detector::every(self.round)))
    }

    fn network(&self) -> Network {
        let delay = Delay::Uniform(self.round / 200, self.round / 20);
        Network::steady(Duration::ZERO)
            .with_delay(delay)
            .with_loss(self.loss)
    }
}

/// A tree of nodes at these paths.
#[must_use]
pub fn world(plan: &Plan, paths: Vec<Path>, detector: Option<Detector>) -> Tree {
    let seeds: Vec<Arc<[NodeId]>> = seeds(&paths);
    let (seed, round) = (plan.seed, plan.round);
    World::new(seed, plan.network(), plan.nodes, move |id| {
        let config = Config {
            path: paths[id.index()].clone(),
            round,
            detector,
            attributes: measured(seed, id),
        };
        Agent::new(config, id, Arc::clone(&seeds[id.index()]))
    })
}

/// For each node the first node of every zone that it is in.
fn seeds(paths: &[Path]) -> Vec<Arc<[NodeId]>> {
    let mut firsts = std::collections::HashMap::new();
    let ids = (0..).map(NodeId);
    let of = |(id, path): (NodeId, &Path)| {
        let mut seeds: Vec<NodeId> = (0..path.depth())
            .map(|level| *firsts.entry(path.zone(level)).or_insert(id))
            .collect();
        seeds.dedup();
        seeds.into()
    };
    ids.zip(paths).map(of).collect()
}

/// What a simulated node measures: CPU in percent, memory in MiB, load.
#[must_use]
pub fn measured(seed: u64, id: NodeId) -> Attributes {
    let mut chance = Stream::named(seed, &format!("node {}", id.0));
    let mut draw = |name: &str, most: u64| {
        let thousandths = i64::try_from(chance.below(most * 1_000)).unwrap_or(0);
        (Attribute::new(name), Value::from_thousandths(thousandths))
    };
    [draw("cpu", 100), draw("mem", 8_000), draw("load", 16)].into()
}
