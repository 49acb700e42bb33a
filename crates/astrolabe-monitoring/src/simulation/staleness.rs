//! How old is what nodes know of each other?

use std::collections::HashMap;

use labkit::sim::NodeId;
use labkit::stats::Histogram;

use super::Tree;
use crate::agent::Agent;

/// By how many rounds, in thousandths, each row that a node knows of others is behind the truth: first
/// those of nodes in its own zone, then those of zones, whose rows are behind by the mean of the nodes in
/// them. A node renews its row once a round, so its version counts rounds.
#[must_use]
pub fn staleness(tree: &Tree) -> [Histogram; 2] {
    let mut truth: HashMap<String, (u64, u64)> = HashMap::new();
    for (_, agent) in tree.nodes() {
        for level in 1..=agent.path().depth() {
            let (versions, nodes) = truth.entry(agent.path().zone(level)).or_default();
            *versions += agent.version();
            *nodes += 1;
        }
    }
    let mut histograms = [Histogram::new(), Histogram::new()];
    for (_, agent) in tree.nodes() {
        for level in 0..agent.path().depth() {
            of_table(agent, level, &truth, &mut histograms);
        }
    }
    histograms
}

fn of_table(
    agent: &Agent<NodeId>,
    level: usize,
    truth: &HashMap<String, (u64, u64)>,
    histograms: &mut [Histogram; 2],
) {
    let own = agent.path().key(level);
    let zone = agent.path().zone(level);
    for row in agent.table(level).here().filter(|row| row.key != own) {
        let path = format!("{}/{}", zone.trim_end_matches('/'), row.name);
        if let Some((versions, nodes)) = truth.get(&path) {
            let behind = versions.saturating_sub(row.version) * 1_000 / nodes;
            histograms[usize::from(row.leaf().is_none())].record(behind);
        }
    }
}
