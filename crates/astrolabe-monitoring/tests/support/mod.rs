//! What several test files need: trees to look at, and answers computed without them.

#![expect(dead_code, reason = "every test file uses some of it")]

use std::sync::Arc;
use std::time::Duration;

use astrolabe_monitoring::agent::Agent;
use astrolabe_monitoring::aggregate::Partial;
use astrolabe_monitoring::query::{Aggregate, Attribute, Query};
use astrolabe_monitoring::row::{Attributes, Content, Leaf, Row};
use astrolabe_monitoring::simulation::{Plan, Tree};
use astrolabe_monitoring::value::Value;
use astrolabe_monitoring::zone::Path;
use labkit::sim::NodeId;

/// The crate's name, for the command that repeats a failure.
pub(crate) const LAB: &str = env!("CARGO_PKG_NAME");

/// Rounds of a second.
pub(crate) const ROUND: Duration = Duration::from_secs(1);

/// A plan with rounds of a second.
pub(crate) fn plan(nodes: usize, loss: f64, seed: u64) -> Plan {
    Plan::new(u32::try_from(nodes).expect("few"), loss, seed).expect("an allowed plan")
}

/// A node's path.
pub(crate) fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

/// Paths `/n0`, `/n1` and so on: all nodes in one zone.
pub(crate) fn one_zone(nodes: usize) -> Vec<Path> {
    (0..nodes).map(|node| path(&format!("/n{node}"))).collect()
}

/// Measurements from whole numbers.
pub(crate) fn attributes(all: &[(&str, i32)]) -> Attributes {
    let named = all.iter();
    named
        .map(|(name, number)| (Attribute::new(name), Value::from(*number)))
        .collect()
}

/// What a node says of itself.
pub(crate) fn leaf(path: &str, all: &[(&str, i32)]) -> Leaf {
    Leaf {
        path: path.into(),
        instance: 7,
        uptime: 1,
        attributes: attributes(all),
    }
}

/// A node's row.
pub(crate) fn row(name: &str, version: u64, node: u32) -> Arc<Row<NodeId>> {
    let content = Content::Leaf(leaf(&format!("/{name}"), &[("cpu", 1)]));
    Arc::new(Row::new(
        name.into(),
        version,
        1,
        [NodeId(node)].into(),
        content,
    ))
}

/// The answer to a query, by going through all nodes once.
pub(crate) fn direct(query: &Query, nodes: &[(Path, Attributes)]) -> Vec<Partial> {
    let values = |of: &Attribute| -> Vec<(Value, Arc<str>)> {
        let pairs = nodes.iter().flat_map(|(path, all)| {
            let found = all.iter().filter(|it| it.0 == *of);
            found.map(|it| (it.1, Arc::clone(path.as_arc())))
        });
        pairs.collect()
    };
    let sum = |of: &Attribute| {
        let all = values(of).into_iter().map(|it| it.0.thousandths());
        Value::from_thousandths(all.sum())
    };
    let answer = |aggregate: &Aggregate| match aggregate {
        Aggregate::Min(of) => Partial::Min(values(of).into_iter().map(|it| it.0).min()),
        Aggregate::Max(of) => Partial::Max(values(of).into_iter().map(|it| it.0).max()),
        Aggregate::Sum(of) => Partial::Sum(sum(of)),
        Aggregate::Avg(of) => Partial::Avg(sum(of), values(of).len() as u64),
        Aggregate::Count(None) => Partial::Count(nodes.len() as u64),
        Aggregate::Count(Some(of)) => Partial::Count(values(of).len() as u64),
        Aggregate::Top(most, of) => {
            let mut all = values(of);
            all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            all.truncate(*most);
            Partial::Top(all)
        }
    };
    query.aggregates().iter().map(answer).collect()
}

/// Lets a tree go on until every node that is up gives this answer over so many nodes; says after how many
/// rounds, and fails if that takes more than `most`.
pub(crate) fn until_all_answer(
    tree: &mut Tree,
    query: &Query,
    nodes: usize,
    answer: &[Partial],
    most: u32,
) -> f64 {
    // Before that, nobody is up, and nobody is wrong.
    let begin = tree.now() + ROUND / 1_000;
    tree.run_until(begin);
    let right = |agent: &Agent<NodeId>| {
        let summary = agent.summary(query);
        summary.is_complete() && summary.nodes == nodes as u64 && summary.partials == answer
    };
    loop {
        let wrong = tree.nodes().find(|(_, agent)| !right(agent));
        let rounds = (tree.now() - begin).as_secs_f64() / ROUND.as_secs_f64();
        let Some((_, agent)) = wrong else {
            return rounds;
        };
        assert!(
            rounds <= f64::from(most),
            "{} still says {:?} after {rounds} rounds; right is {answer:?} over {nodes}",
            agent.path(),
            agent.summary(query),
        );
        let next = tree.now() + ROUND / 2;
        tree.run_until(next);
    }
}

/// As [`until_all_answer`], for the number of nodes alone.
pub(crate) fn until_all_count(tree: &mut Tree, nodes: usize, most: u32) -> f64 {
    let standing = Query::standing();
    let begin = tree.now() + ROUND / 1_000;
    tree.run_until(begin);
    loop {
        let wrong = tree.nodes().find(|(_, agent)| {
            let summary = agent.summary(&standing);
            !summary.is_complete() || summary.nodes != nodes as u64
        });
        let rounds = (tree.now() - begin).as_secs_f64() / ROUND.as_secs_f64();
        let Some((_, agent)) = wrong else {
            return rounds;
        };
        assert!(
            rounds <= f64::from(most),
            "{} still counts {} of {nodes} after {rounds} rounds",
            agent.path(),
            agent.summary(&standing).nodes,
        );
        let next = tree.now() + ROUND / 2;
        tree.run_until(next);
    }
}
