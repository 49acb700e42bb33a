//! Over random trees, measurements, queries and losses: what every node says is what is computed directly.

mod support;

use astrolabe_monitoring::detector::Detector;
use astrolabe_monitoring::message::{Action, Ask, Message};
use astrolabe_monitoring::query::{Attribute, Query};
use astrolabe_monitoring::row::Attributes;
use astrolabe_monitoring::simulation::world;
use astrolabe_monitoring::value::Value;
use astrolabe_monitoring::zone::Path;
use labkit::rng::Stream;
use labkit::sim::{NodeId, explore};

use support::{LAB, ROUND, direct, path, plan, until_all_answer};

const NAMES: [&str; 4] = ["cpu", "mem", "load", "gpu"];

/// A random tree: each zone's children are nodes or zones, down to five levels.
fn paths(chance: &mut Stream) -> Vec<Path> {
    let wanted = 1 + chance.index(70);
    let width = 1 + chance.index(9);
    let mut zones = vec![String::new()];
    let mut paths: Vec<Path> = Vec::new();
    let mut serial = 0;
    while paths.len() < wanted {
        let zone = zones[chance.index(zones.len())].clone();
        serial += 1;
        if chance.index(width) == 0 && zone.matches('/').count() < 4 {
            zones.push(format!("{zone}/z{serial}"));
        } else {
            paths.push(path(&format!("{zone}/n{serial}")));
        }
    }
    paths
}

/// A node measures some of what there is.
fn measurements(chance: &mut Stream) -> Attributes {
    let mut all = Vec::new();
    for name in NAMES {
        if chance.index(4) > 0 {
            let thousandths = i64::try_from(chance.below(2_000_000)).expect("small") - 1_000_000;
            all.push((Attribute::new(name), Value::from_thousandths(thousandths)));
        }
    }
    all.into()
}

fn query(chance: &mut Stream) -> Query {
    let functions = ["MIN", "MAX", "SUM", "AVG", "COUNT", "TOP"];
    let parts = (0..1 + chance.index(4)).map(|_| {
        let name = NAMES[chance.index(NAMES.len())];
        match functions[chance.index(functions.len())] {
            "TOP" => format!("TOP({}, {name})", 1 + chance.index(4)),
            function => format!("{function}({name})"),
        }
    });
    let parts: Vec<String> = parts.collect();
    Query::parse(&format!("SELECT {}", parts.join(", "))).expect("of the grammar")
}

#[test]
fn every_aggregate_equals_what_is_computed_directly() {
    explore(LAB, 40, |seed| {
        let mut chance = Stream::named(seed, "random tree");
        let paths = paths(&mut chance);
        let loss = 0.3 * chance.unit();
        let plan = plan(paths.len(), loss, seed);
        let mut tree = world(&plan, paths.clone(), Some(Detector::every(ROUND)));
        tree.run_until(ROUND / 1_000);
        let mut nodes = Vec::new();
        for (id, path) in (0..).map(NodeId).zip(paths) {
            let measured = measurements(&mut chance);
            tree.tell(id, Message::Measured(measured.clone()));
            nodes.push((path, measured));
        }
        let asked = query(&mut chance);
        let node = NodeId(u32::try_from(chance.index(nodes.len())).expect("few"));
        let action = Action::Install;
        let text = asked.text().clone();
        tree.tell(
            node,
            Message::Ask(Ask {
                nonce: 1,
                action,
                query: text,
            }),
        );
        for query in [Query::standing(), asked] {
            let truth = direct(&query, &nodes);
            until_all_answer(&mut tree, &query, nodes.len(), &truth, 200);
        }
    });
}
