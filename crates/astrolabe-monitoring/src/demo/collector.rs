//! As asked: three nodes report, one sums up every two seconds. And then that one is gone.

use std::sync::Arc;
use std::time::Duration;

use labkit::report::{Report, Table};
use labkit::run::Run;
use labkit::sim::{Fault, Network, NodeId, Schedule, World};

use astrolabe_monitoring::central::{Member, Report as NodeReport};
use astrolabe_monitoring::query::{Aggregate, Attribute, Query};
use astrolabe_monitoring::simulation::measured;

/// When the collector crashes, and when the story ends.
const CRASH: Duration = Duration::from_secs(7);
const END: Duration = Duration::from_secs(14);

pub(super) fn section(report: Report, run: &Run) -> Report {
    let [cpu, mem] = ["cpu", "mem"].map(Attribute::new);
    let query = Query::of(vec![
        Aggregate::Avg(cpu.clone()),
        Aggregate::Max(cpu),
        Aggregate::Sum(mem),
        Aggregate::Count(None),
    ]);
    let (seed, asked) = (run.seed, query.clone());
    let network = Network::steady(Duration::from_millis(5));
    let mut world = World::new(seed, network, 4, move |id| match id {
        NodeId(0) => Member::collector(asked.clone()),
        NodeId(number) => Member::Reporter(NodeReport {
            path: Arc::from(format!("/n{number}")),
            attributes: measured(seed, id),
        }),
    });
    world.schedule(Schedule::new().at(CRASH, Fault::Crash(NodeId(0))));
    world.run_until(END);
    let said = world.take_said();
    let head = query.aggregates().iter().map(Aggregate::to_string);
    let mut table = Table::new(std::iter::once("second".to_owned()).chain(head));
    for summary in &said {
        let cells = summary.what.iter().map(ToString::to_string);
        table = table.row(std::iter::once(summary.at.as_secs().to_string()).chain(cells));
    }
    let silent = END.saturating_sub(said.back().map_or(END, |last| last.at));
    report
        .heading("As asked: three nodes, one collector")
        .text(format!(
            "Each node reports every second, the collector sums up every two. It crashes after {} s, and \
             the {} s after its last summary nobody knows anything, though all three nodes are well.",
            CRASH.as_secs(),
            silent.as_secs(),
        ))
        .table(table)
}
