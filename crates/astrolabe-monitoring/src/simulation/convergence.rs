//! Rounds and bytes until everybody knows.

use std::time::Duration;

use labkit::rng::Stream;
use labkit::sim::NodeId;

use super::{Plan, Tree, measured};
use crate::agent::Agent;
use crate::aggregate::Partial;
use crate::message::Message;
use crate::query::{Attribute, Query};
use crate::value::Value;

/// How often in a round it is looked who knows.
const LOOKS: u32 = 4;
/// Which share of the nodes has to know.
const ENOUGH: f64 = 0.999;
/// The change: what is added to the load of one node, far more than all have together by chance alone.
const CHANGE: i32 = 1_000_000;
/// After so many times the theory it is given up.
const PATIENCE: f64 = 40.0;

/// How knowledge spread.
#[derive(Clone, Debug)]
pub struct Spread {
    /// The share of nodes that know, by rounds since the start.
    pub curve: Vec<(f64, f64)>,
    /// Messages until all knew, or until it was given up.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Spread {
    /// Rounds until 99.9 % of the nodes knew (all of them, if there are fewer than a thousand); none if
    /// they never did.
    #[must_use]
    pub fn rounds(&self) -> Option<f64> {
        let enough = |point: &&(f64, f64)| point.1 >= ENOUGH;
        self.curve.iter().find(enough).map(|point| point.0)
    }
}

/// What was measured of one tree.
#[derive(Clone, Debug)]
pub struct Convergence {
    /// How many nodes.
    pub nodes: u32,
    /// From the start, when nobody knows anybody, until all count all.
    pub start: Spread,
    /// From a change at one node until all have the new sum.
    pub change: Spread,
}

/// In how many rounds a rumour that each who knows tells one other a round has come to all n:
/// log₂ n + ln n (Pittel, *On spreading a rumor*, 1987).
#[must_use]
pub fn theory(nodes: u32) -> f64 {
    let nodes = f64::from(nodes.max(2));
    nodes.log2() + nodes.ln()
}

/// Starts a tree, lets it find itself, changes one node's load, and watches. Also returns the tree.
#[must_use]
pub fn measure(plan: &Plan, mut progress: impl FnMut(f64)) -> (Convergence, Tree) {
    let mut tree = plan.world();
    let query = Query::standing();
    let nodes = u64::from(plan.nodes);
    let start = watch(&mut tree, plan, &mut progress, |agent| {
        let summary = agent.summary(&query);
        summary.nodes == nodes && summary.is_complete()
    });
    // Those last told have to be told nothing more.
    let rested = tree.now() + plan.round * 3;
    tree.run_until(rested);
    let wanted = change(&mut tree, plan);
    let change = watch(&mut tree, plan, &mut progress, |agent| {
        agent.summary(&query).partials.get(2) == Some(&wanted)
    });
    let nodes = plan.nodes;
    (
        Convergence {
            nodes,
            start,
            change,
        },
        tree,
    )
}

/// Adds to the load of a random node, and returns what the sum has to become.
fn change(tree: &mut Tree, plan: &Plan) -> Partial {
    let mut chance = Stream::named(plan.seed, "change");
    let id = NodeId(u32::try_from(chance.below(plan.nodes.into())).unwrap_or(0));
    let load = Attribute::new("load");
    let more = |it: &(Attribute, Value)| match it {
        (name, value) if *name == load => (name.clone(), value.plus(CHANGE.into())),
        other => other.clone(),
    };
    let changed = measured(plan.seed, id).iter().map(more).collect();
    tree.tell(id, Message::Measured(changed));
    let all = (0..plan.nodes).flat_map(|id| measured(plan.seed, NodeId(id)).to_vec());
    let loads = all.filter(|it| it.0 == load).map(|it| it.1);
    Partial::Sum(loads.fold(CHANGE.into(), Value::plus))
}

/// Lets the tree go on until all nodes know, and notes how many do.
fn watch(
    tree: &mut Tree,
    plan: &Plan,
    progress: &mut impl FnMut(f64),
    knows: impl Fn(&Agent<NodeId>) -> bool,
) -> Spread {
    let (begin, before) = (tree.now(), tree.stats());
    let most = begin + plan.round.mul_f64(PATIENCE * theory(plan.nodes));
    let mut curve = Vec::new();
    loop {
        let know = tree.nodes().filter(|(_, agent)| knows(agent)).count();
        let share = know as f64 / f64::from(plan.nodes);
        curve.push((rounds(tree.now() - begin, plan.round), share));
        progress(share);
        if know == plan.nodes as usize || tree.now() >= most {
            break;
        }
        let next = tree.now() + plan.round / LOOKS;
        tree.run_until(next);
    }
    Spread {
        curve,
        messages: tree.stats().sent - before.sent,
        bytes: tree.stats().bytes - before.bytes,
    }
}

fn rounds(time: Duration, round: Duration) -> f64 {
    time.as_secs_f64() / round.as_secs_f64()
}
