//! Stage 4: zones of zones, each row computed from those below, any node answers for all.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_monitoring::message::{Action, Ask, Message};
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::row::{Attributes, CONTACTS};
use astrolabe_monitoring::simulation::{Plan, Tree, measured, world};
use astrolabe_monitoring::table::Table;
use astrolabe_monitoring::zone::Path;
use labkit::sim::{NodeId, explore};

use support::{LAB, ROUND, direct, path, plan, row, until_all_answer};

/// Zones of very different sizes and depths.
fn uneven() -> Vec<Path> {
    let mut paths = vec![path("/alone"), path("/b/alone")];
    paths.extend((0..12).map(|node| path(&format!("/a/r1/n{node}"))));
    paths.extend((0..3).map(|node| path(&format!("/a/r2/n{node}"))));
    paths.extend((0..5).map(|node| path(&format!("/c/r1/s{}/n{node}", node % 2))));
    paths
}

fn start(plan: &Plan, paths: &[Path]) -> (Tree, Vec<(Path, Attributes)>) {
    let nodes = (0..).map(NodeId).zip(paths);
    let nodes = nodes.map(|(id, path)| (path.clone(), measured(plan.seed, id)));
    (world(plan, paths.to_vec(), None), nodes.collect())
}

#[test]
fn every_node_answers_for_all_of_them() {
    explore(LAB, 8, |seed| {
        let paths = uneven();
        let (mut tree, nodes) = start(&plan(paths.len(), 0.0, seed), &paths);
        let query = Query::standing();
        let truth = direct(&query, &nodes);
        until_all_answer(&mut tree, &query, nodes.len(), &truth, 60);
        // Zone by zone as well, at a node that is in none of them.
        let alone = tree.node(NodeId(0)).expect("it is up");
        for (zone, results) in alone.by_child(&query) {
            let in_zone = |it: &&(Path, Attributes)| **it.0.name(0) == *zone;
            let below: Vec<_> = nodes.iter().filter(in_zone).cloned().collect();
            assert_eq!(results.partials, direct(&query, &below), "{zone}");
            assert_eq!(results.nodes, below.len() as u64);
        }
    });
}

#[test]
fn a_query_installed_at_one_node_is_answered_by_all() {
    explore(LAB, 5, |seed| {
        let paths = uneven();
        let (mut tree, nodes) = start(&plan(paths.len(), 0.0, seed), &paths);
        tree.run_until(ROUND * 20);
        let text = "SELECT MAX(load), TOP(5, mem), COUNT(gpu)";
        let query = Query::parse(text).expect("a query");
        let ask = |action| {
            Message::Ask(Ask {
                nonce: 1,
                action,
                query: text.into(),
            })
        };
        tree.tell(NodeId(3), ask(Action::Install));
        until_all_answer(&mut tree, &query, nodes.len(), &direct(&query, &nodes), 30);
        // It is removed anywhere else, too.
        tree.tell(NodeId(9), ask(Action::Remove));
        let gone = tree.now() + ROUND * 30;
        let all = tree.run_while_not(gone, |tree| {
            tree.nodes()
                .all(|(_, agent)| !agent.catalogue().has(&query))
        });
        assert!(all, "somebody still computes it");
    });
}

#[test]
fn a_zone_is_spoken_for_by_a_few_of_its_nodes() {
    let plan = plan(100, 0.0, 3);
    let paths = plan.paths();
    let (mut tree, _) = start(&plan, &paths);
    tree.run_until(ROUND * 30);
    for (_, agent) in tree.nodes() {
        for level in 0..2 {
            for row in agent.table(level).here() {
                let zone = format!(
                    "{}/{}/",
                    agent.path().zone(level).trim_end_matches('/'),
                    row.name
                );
                let inside = |it: &NodeId| paths[it.index()].as_arc().starts_with(&zone);
                assert!(
                    row.contacts.iter().all(inside),
                    "{zone}: {:?}",
                    row.contacts
                );
                let different: BTreeSet<_> = row.contacts.iter().collect();
                assert_eq!(
                    different.len(),
                    CONTACTS.min(usize::try_from(row.nodes).unwrap_or(0))
                );
            }
        }
    }
}

#[test]
fn nobody_is_in_the_middle() {
    // In a collector's place, one node would get a message from each other node in each round.
    let plan = plan(1_000, 0.0, 5);
    let (mut tree, _) = start(&plan, &plan.paths());
    tree.run_until(ROUND * 25);
    let before = tree.stats();
    let news: Vec<u64> = tree.nodes().map(|(_, agent)| agent.counts().news).collect();
    tree.run_until(ROUND * 35);
    let sent = (tree.stats().sent - before.sent) / 10 / 1_000;
    assert!(sent <= 12, "{sent} messages from each node in each round");
    let news = tree
        .nodes()
        .zip(news)
        .map(|((_, agent), old)| (agent.counts().news - old) / 10);
    let most = news.max().unwrap_or(0);
    assert!(most < 300, "{most} rows to one node in each round");
}

#[test]
fn a_zones_version_grows_with_every_change_below() {
    let mut table = Table::new();
    let mut last = table.version();
    for (name, version) in [("a", 1), ("b", 5), ("a", 2), ("b", 9)] {
        table.merge(&row(name, version, 1), Duration::ZERO, None);
        assert!(table.version() > last);
        last = table.version();
    }
    // In whatever order it came.
    let mut other = Table::new();
    for (name, version) in [("b", 9), ("a", 2)] {
        other.merge(&row(name, version, 1), Duration::ZERO, None);
    }
    assert_eq!(other.version(), last);
    let shared: Vec<Arc<_>> = other.here().cloned().collect();
    assert_eq!(shared.len(), 2);
}
