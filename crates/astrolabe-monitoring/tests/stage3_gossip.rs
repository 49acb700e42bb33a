//! Stage 3: nodes of one zone come to know each other, with nobody in the middle.

mod support;

use std::sync::Arc;
use std::time::Duration;

use astrolabe_monitoring::agent::{Agent, Config, Round};
use astrolabe_monitoring::aggregate::{Partial, Results};
use astrolabe_monitoring::message::{Delta, Message};
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::row::{Content, Row};
use astrolabe_monitoring::simulation::{measured, world};
use astrolabe_monitoring::table::{Entry, MOST_CHILDREN, Merged, Part, Table};
use astrolabe_monitoring::wire::PACKET;
use astrolabe_monitoring::zone::{Key, Path};
use labkit::rng::Stream;
use labkit::sim::{Context, Effect, Event, Node, NodeId, Payload, explore};

use support::{LAB, ROUND, attributes, leaf, one_zone, plan, row};

/// What all nodes of a simulated zone sum up to; in one zone no partial results are merged.
fn truth(seed: u64, nodes: u32) -> (u64, i64) {
    let all = (0..nodes).flat_map(|id| measured(seed, NodeId(id)).to_vec());
    let loads = all.filter(|it| &*it.0.name == "load");
    (u64::from(nodes), loads.map(|it| it.1.thousandths()).sum())
}

fn said(agent: &Agent<NodeId>) -> (u64, i64) {
    let query = Query::standing();
    let rows = agent.table(0).here().map(|row| &**row);
    let results = Results::over(&query, rows);
    match results.partials[2] {
        Partial::Sum(sum) => (results.nodes, sum.thousandths()),
        _ => (results.nodes, 0),
    }
}

#[test]
fn every_node_comes_to_know_all() {
    explore(LAB, 6, |seed| {
        for (nodes, loss) in [(2, 0.0), (3, 0.3), (20, 0.0), (60, 0.3)] {
            let plan = plan(nodes, loss, seed);
            let mut tree = world(&plan, one_zone(nodes), None);
            let done = |agent: &Agent<NodeId>| said(agent) == truth(seed, plan.nodes);
            let all = tree.run_while_not(ROUND * 60, |tree| {
                tree.nodes().count() == nodes && tree.nodes().all(|(_, agent)| done(agent))
            });
            assert!(all, "{nodes} nodes, {loss} lost");
        }
    });
}

#[test]
fn a_change_comes_to_all_in_a_few_rounds() {
    explore(LAB, 5, |seed| {
        let mut tree = world(&plan(64, 0.0, seed), one_zone(64), None);
        tree.run_until(ROUND * 20);
        tree.tell(
            NodeId(7),
            Message::Measured(attributes(&[("load", 5_000_000)])),
        );
        // log2 64 + ln 64 is 10.2.
        let known = tree.run_while_not(ROUND * 32, |tree| {
            tree.nodes().all(|(_, agent)| said(agent).1 > 4_000_000_000)
        });
        assert!(known, "12 rounds were not enough");
    });
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = |seed| {
        let mut tree = world(&plan(20, 0.2, seed), one_zone(20), None);
        tree.run_until(ROUND * 15);
        (tree.digest(), tree.stats())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn of_two_rows_the_newer_stays() {
    let mut table = Table::new();
    let mut merge = |name: &str, version| table.merge(&row(name, version, 1), Duration::ZERO, None);
    assert_eq!(merge("a", 5), Merged::New);
    assert_eq!(merge("a", 5), Merged::Old);
    assert_eq!(merge("a", 4), Merged::Old);
    assert_eq!(merge("a", 6), Merged::Newer);
    for child in 1..MOST_CHILDREN {
        assert_eq!(merge(&format!("n{child}"), 1), Merged::New);
    }
    assert_eq!(merge("one too many", 1), Merged::Full);
    assert_eq!(merge("a", 7), Merged::Newer);
}

#[test]
fn a_difference_names_what_is_newer_here_and_there() {
    let mut table = Table::new();
    for (name, version) in [("older", 1), ("same", 2), ("newer", 3), ("only here", 4)] {
        table.merge(&row(name, version, 1), Duration::ZERO, None);
    }
    let entry = |name, version, silent| Entry {
        key: Key::of(name),
        version,
        silent,
    };
    let mut theirs = [
        entry("older", 2, false),
        entry("same", 2, false),
        entry("newer", 2, false),
        entry("only there", 9, false),
        entry("silent there", 9, true),
    ];
    theirs.sort_by_key(|entry| entry.key);
    let diff = table.diff(&theirs, Part::ALL);
    let mut newer: Vec<&str> = diff.newer.iter().map(|row| &*row.name).collect();
    newer.sort_unstable();
    assert_eq!(newer, ["newer", "only here"]);
    let mut wanted = [Key::of("older"), Key::of("only there")];
    wanted.sort();
    assert_eq!(diff.wanted, wanted);
    // A part is about its own keys only: what isn't in it isn't missing.
    for of in 0..3 {
        let part = Part { of, parts: 3 };
        let in_part: Vec<Entry> = theirs
            .iter()
            .copied()
            .filter(|it| part.holds(it.key))
            .collect();
        let diff = table.diff(&in_part, part);
        assert!(diff.newer.iter().all(|row| part.holds(row.key)));
        assert!(diff.wanted.iter().all(|key| part.holds(*key)));
    }
}

/// One node by hand: the messages that it sends.
fn handle(
    agent: &mut Agent<NodeId>,
    event: Event<'_, Agent<NodeId>>,
    now: Duration,
) -> Vec<Message<NodeId>> {
    let (mut effects, mut chance) = (Vec::new(), Stream::named(1, "by hand"));
    agent.handle(event, &mut Context::new(now, &mut chance, &mut effects));
    let messages = effects.into_iter().filter_map(|effect| match effect {
        Effect::Send { message, .. } => Some(message),
        _ => None,
    });
    messages.collect()
}

fn config(path: &Path) -> Config {
    Config {
        path: path.clone(),
        round: ROUND,
        detector: None,
        attributes: attributes(&[("cpu", 5)]),
    }
}

/// The first of these nodes, knowing all others but the second: that one would meet its own past.
fn knowing(paths: &[Path]) -> Agent<NodeId> {
    let mut agent = Agent::new(config(&paths[0]), NodeId(0), [].into());
    let mut delta = Delta::from(&paths[1]);
    for (node, path) in (0_u32..).zip(paths).skip(2) {
        let leaf = leaf(path.as_arc(), &[("cpu", 5), ("mem", 1_000), ("load", 1)]);
        let contacts = [NodeId(node)].into();
        let row = Row::new(
            path.name(0).clone(),
            1_000,
            1,
            contacts,
            Content::Leaf(leaf),
        );
        delta.rows.push((0, Arc::new(row)));
    }
    let (from, message) = (NodeId(1), Message::Delta(delta));
    handle(&mut agent, Event::Message { from, message }, ROUND);
    agent
}

#[test]
fn a_full_zone_is_told_in_datagrams_that_fit() {
    let paths = one_zone(MOST_CHILDREN);
    let mut full = knowing(&paths);
    let mut empty = Agent::new(config(&paths[1]), NodeId(1), [].into());
    let own = handle(&mut empty, Event::Timer(Round), ROUND);
    assert!(own.is_empty(), "there is nobody to call");
    let digests = handle(&mut full, Event::Timer(Round), ROUND * 2);
    assert!(digests.len() > 1, "it fits no single datagram");
    // What one of them says, the other hears, until nobody says anything any more.
    let mut said: Vec<(NodeId, Message<NodeId>)> =
        digests.into_iter().map(|it| (NodeId(0), it)).collect();
    while let Some((from, message)) = said.pop() {
        assert!(message.size() <= PACKET, "{} bytes", message.size());
        let (to, agent) = match from {
            NodeId(0) => (NodeId(1), &mut empty),
            _ => (NodeId(0), &mut full),
        };
        let event = Event::Message { from, message };
        let answers = handle(agent, event, ROUND * 2);
        said.extend(answers.into_iter().map(|it| (to, it)));
    }
    assert_eq!(empty.table(0).here().count(), MOST_CHILDREN);
}
