//! Five nodes in two zones, message by message: one crashes and comes back.

use std::time::Duration;

use labkit::report::Report;
use labkit::sim::{Fault, NodeId, Schedule};
use labkit::trace::Trace;

use astrolabe_monitoring::detector::Detector;
use astrolabe_monitoring::simulation::{Plan, world};
use astrolabe_monitoring::zone::Path;

/// The nodes, and the one that crashes.
const NODES: [&str; 5] = [
    "/rome/n1",
    "/rome/n2",
    "/paris/n3",
    "/paris/n4",
    "/paris/n5",
];
const VICTIM: NodeId = NodeId(4);

/// Rounds until the crash, and from there until it is back.
const UP: u32 = 3;
const DOWN: u32 = 3;

/// What passes between them in nine rounds.
pub(crate) fn trace(seed: u64, loss: f64) -> Trace {
    let plan = Plan {
        nodes: 5,
        loss,
        round: Duration::from_secs(1),
        seed,
    };
    let paths = NODES.iter().filter_map(|path| path.parse::<Path>().ok());
    let mut tree = world(&plan, paths.collect(), Some(Detector::every(plan.round)));
    tree.record(Trace::new("Gossip among five nodes", NODES));
    tree.schedule(
        Schedule::new()
            .at(plan.round * UP, Fault::Crash(VICTIM))
            .at(plan.round * (UP + DOWN), Fault::Restart(VICTIM)),
    );
    tree.run_until(plan.round * (UP + DOWN + 3));
    tree.take_trace().unwrap_or_else(|| Trace::new("", NODES))
}

pub(super) fn section(report: Report, seed: u64) -> Report {
    report
        .heading("Nine rounds of five nodes")
        .text(
            "A digest says which versions there are, the answer brings what is newer and asks for what is \
             missing, and that follows. One node of each zone at least talks to the other zone. \
             simulate --trace FILE writes a page on which this can be stepped through.",
        )
        .drawing("One node crashes and comes back", trace(seed, 0.0).to_svg())
}
