//! A ring of processes, none of which sees more than its own locks; and one that is killed.

use std::env;

use deadlock_detection::cluster::{self, Cluster, Crash, Ring};
use deadlock_detection::edge_chasing::Cycle;
use deadlock_detection::graph::{LockId, Mode, Party, Snapshot};
use deadlock_detection::{Error, drawing};
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;

use super::empty;

/// Three nodes, in the demo.
pub(super) fn nodes(report: Report, _: &Run) -> Result<Report, Error> {
    story(report, 3)
}

/// A cluster alone, as a report.
///
/// # Errors
/// If a node can't be started, or does something else than it should.
pub(crate) fn cluster(nodes: usize) -> Result<Report, Error> {
    story(empty(), nodes)
}

fn story(report: Report, nodes: usize) -> Result<Report, Error> {
    let nodes = Error::within(
        "the number of nodes",
        nodes,
        (3, deadlock_detection::node::MAX_NODES),
    )?;
    let program = env::current_exe().map_err(Error::io("finding the own program"))?;
    let mut cluster = Cluster::start(&program, nodes)?;
    let ring = cluster::ring(&mut cluster)?;
    let crash = cluster::crash(&mut cluster)?;
    Ok(tell(report, nodes, &ring, &crash))
}

fn tell(report: Report, nodes: usize, ring: &Ring, crash: &Crash) -> Report {
    let ms = |duration: std::time::Duration| number(1e3 * duration.as_secs_f64());
    let table = Table::new(["what happened", "to", "after ms"])
        .row([
            "gave way".to_owned(),
            format!("node {}", ring.victim),
            ms(ring.took),
        ])
        .row([
            format!("node 1 killed; got {}, abandoned", list(&crash.abandoned)),
            "node 0".to_owned(),
            ms(crash.took),
        ])
        .row([
            format!("node 1 killed; {} is lost", crash.lost),
            "node 2".to_owned(),
            ms(crash.took),
        ]);
    report
        .check(
            "processes that see only their own locks find their cycle, and all get done",
            ring.cycle.0.len() == nodes && ring.done == nodes,
            format!("{}; {} of {nodes} done", ring.cycle, ring.done),
        )
        .check(
            "a node killed while it holds a lock leaves nobody waiting",
            crash.abandoned == [cluster::lock(0, 5)] && crash.lost == cluster::lock(1, 5),
            format!("{} handed on, {} lost", list(&crash.abandoned), crash.lost),
        )
        .heading("Chased through processes")
        .text(format!(
            "{nodes} processes on this machine, connected each to each; every one holds a lock and wants the \
             next one's. Probes went round, found the cycle and went round again to be sure: {} messages for \
             all of it, requests and grants included.",
            ring.messages,
        ))
        .table(table)
        .figure(Figure::new(
            "from the wait that closed the ring to the victim's answer",
            1e3 * ring.took.as_secs_f64(),
            "ms",
        ))
        .drawing("What nobody sees whole", drawing::to_svg(&picture(&ring.cycle)))
}

fn list(locks: &[deadlock_detection::edge_chasing::LockName]) -> String {
    let names: Vec<String> = locks.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// A cycle between nodes as a graph; each lock of it is held by the one behind whom somebody waits.
fn picture(cycle: &Cycle) -> Snapshot {
    let party = |at: usize| Party(u64::from(cycle.0[at].waiter.process.0));
    let places = 0..cycle.0.len();
    let lock = |at: usize| LockId(at as u64);
    let next = |at: usize| (at + 1) % cycle.0.len();
    Snapshot {
        parties: places
            .clone()
            .map(|at| (party(at), cycle.0[at].waiter.process.to_string()))
            .collect(),
        locks: places
            .clone()
            .map(|at| (lock(at), format!("lock {}", cycle.0[at].waiter.lock)))
            .collect(),
        holds: places
            .clone()
            .map(|at| (lock(at), party(next(at)), Mode::Exclusive))
            .collect(),
        waits: places
            .clone()
            .map(|at| (party(at), lock(at), Mode::Exclusive))
            .collect(),
        cycle: places.map(|at| (party(at), lock(at))).collect(),
    }
}
