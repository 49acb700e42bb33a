//! Stage 1: three nodes report CPU and memory, one collector sums up every two seconds.

mod support;

use std::sync::Arc;
use std::time::Duration;

use astrolabe_monitoring::aggregate::Partial;
use astrolabe_monitoring::central::{Member, Report};
use astrolabe_monitoring::query::{Aggregate, Attribute, Query};
use astrolabe_monitoring::value::Value;
use labkit::sim::{Fault, Network, NodeId, World, explore};

use support::{LAB, attributes, direct, leaf, path};

const SECOND: Duration = Duration::from_secs(1);

fn asked() -> Query {
    let [cpu, mem] = ["cpu", "mem"].map(Attribute::new);
    Query::of(vec![
        Aggregate::Min(cpu.clone()),
        Aggregate::Max(cpu.clone()),
        Aggregate::Sum(mem.clone()),
        Aggregate::Avg(mem),
        Aggregate::Count(None),
        Aggregate::Top(2, cpu),
    ])
}

/// A collector, and nodes 1, 2 and 3, the last of them without memory.
fn world(seed: u64, network: Network) -> World<Member> {
    World::new(seed, network, 4, |id| match id {
        NodeId(0) => Member::collector(asked()),
        NodeId(number) => Member::Reporter(Report {
            path: Arc::from(format!("/n{number}")),
            attributes: match number {
                1 => attributes(&[("cpu", 10), ("mem", 512)]),
                2 => attributes(&[("cpu", 97), ("mem", 4000)]),
                _ => attributes(&[("cpu", 50)]),
            },
        }),
    })
}

fn truth() -> Vec<Partial> {
    direct(
        &asked(),
        &[
            (path("/n1"), attributes(&[("cpu", 10), ("mem", 512)])),
            (path("/n2"), attributes(&[("cpu", 97), ("mem", 4000)])),
            (path("/n3"), attributes(&[("cpu", 50)])),
        ],
    )
}

#[test]
fn three_nodes_are_summed_up_every_two_seconds() {
    explore(LAB, 5, |seed| {
        let mut world = world(seed, Network::lossy(0.0));
        world.run_until(SECOND * 9);
        let said = world.take_said();
        let at: Vec<u64> = said.iter().map(|it| it.at.as_secs()).collect();
        assert_eq!(at, [2, 4, 6, 8]);
        for summary in said {
            assert_eq!((summary.node, summary.what), (NodeId(0), truth()));
        }
    });
}

#[test]
fn a_node_that_reports_often_counts_once() {
    let mut world = world(1, Network::steady(SECOND / 100));
    world.run_until(SECOND * 20);
    let last = world.take_said().pop_back().expect("it sums up");
    assert_eq!(last.what[4], Partial::Count(3));
    assert_eq!(last.what[2], Partial::Sum(4512.into()));
}

#[test]
fn without_the_collector_nobody_knows_anything() {
    let mut world = world(1, Network::steady(SECOND / 100));
    world.run_until(SECOND * 5);
    world.inflict(Fault::Crash(NodeId(0)));
    assert_eq!(world.take_said().len(), 2);
    world.run_until(SECOND * 60);
    assert!(world.take_said().is_empty());
}

#[test]
fn a_node_without_the_attribute_counts_for_nothing() {
    let cpu = Attribute::new("cpu");
    let without = leaf("/n1", &[("mem", 5)]);
    let with = leaf("/n2", &[("cpu", -5)]);
    for (aggregate, one, both) in [
        (Aggregate::Min(cpu.clone()), "-", "-5"),
        (Aggregate::Max(cpu.clone()), "-", "-5"),
        (Aggregate::Sum(cpu.clone()), "0", "-5"),
        (Aggregate::Avg(cpu.clone()), "-", "-5"),
        (Aggregate::Count(Some(cpu.clone())), "0", "1"),
        (Aggregate::Count(None), "1", "2"),
        (Aggregate::Top(3, cpu), "-", "-5 /n2"),
    ] {
        let mut partial = Partial::nothing(&aggregate);
        partial.take(&aggregate, &without);
        assert_eq!(partial.to_string(), one, "{aggregate}");
        partial.take(&aggregate, &with);
        assert_eq!(partial.to_string(), both, "{aggregate}");
    }
}

#[test]
fn the_largest_come_first_and_of_equals_the_first_by_path() {
    let aggregate = Aggregate::Top(3, Attribute::new("cpu"));
    let mut top = Partial::nothing(&aggregate);
    for (path, cpu) in [("/d", 5), ("/c", 9), ("/b", 5), ("/e", 1), ("/a", 5)] {
        top.take(&aggregate, &leaf(path, &[("cpu", cpu)]));
    }
    assert_eq!(top.to_string(), "9 /c, 5 /a, 5 /b");
}

#[test]
fn sums_of_tenths_are_exact() {
    let load = Attribute::new("load");
    let aggregate = Aggregate::Sum(load.clone());
    let mut sum = Partial::nothing(&aggregate);
    for _ in 0..10 {
        let mut tenth = leaf("/n", &[]);
        tenth.attributes = [(load.clone(), Value::new(0.1).expect("small"))].into();
        sum.take(&aggregate, &tenth);
    }
    assert_eq!(sum, Partial::Sum(1.into()));
}
