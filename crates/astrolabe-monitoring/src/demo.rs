//! The default run: a collector and what becomes of it, trees without one, and three real processes.

mod collector;
mod live;
mod spread;
mod story;

use std::thread;

use labkit::report::{Figure, Report};
use labkit::run::Run;

use astrolabe_monitoring::Error;
use astrolabe_monitoring::simulation::{Convergence, Plan, measure, theory};

pub(crate) use story::trace;

/// The trees of the picture: up to as many nodes as the largest has.
const SIZES: [u32; 8] = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000];

/// How many times the theory a change may take to get to 99.9 % of the nodes.
const TARGET: f64 = 1.2;

/// The lab's name in reports.
const LAB: &str = env!("CARGO_PKG_NAME");

/// Runs the demo. What is simulated is the same for the same seed; what the processes did is not.
///
/// # Errors
/// If the processes can't be started or asked.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let plan = Plan::new(run.size(1_000, 100), 0.0, run.seed)?;
    let (seed, quick) = (run.seed, run.quick);
    // The processes mostly wait, so the simulation runs meanwhile.
    let live = thread::spawn(move || live::play(seed, quick));
    let report = Report::new(LAB, "Astrolabe monitoring").lead(
        "How are all of them? Everybody reports to one, or everybody tells somebody: three nodes and a \
         collector first, then trees of nodes that gossip, simulated and for real.",
    );
    let report = collector::section(report, run);
    let report = grown(report, run, &plan)?;
    let report = story::section(report, run.seed);
    match live.join() {
        Ok(seen) => Ok(live::section(report, &seen?)),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The report of a simulation: trees up to a size.
///
/// # Errors
/// None that a checked plan can cause.
pub(crate) fn simulated(run: &Run, plan: &Plan) -> Result<Report, Error> {
    let report = Report::new(LAB, format!("Gossip among {} nodes", plan.nodes)).lead(
        "Nodes that know nobody find each other, then one of them changes. Who knows when? All of it is \
         simulated: the same seed makes the same report, bit by bit.",
    );
    let report = grown(report, run, plan)?;
    Ok(story::section(report, run.seed))
}

/// Trees of growing size, up to the plan's.
fn grown(report: Report, run: &Run, plan: &Plan) -> Result<Report, Error> {
    let smaller = SIZES.iter().filter(|size| **size < plan.nodes);
    let sizes: Vec<u32> = smaller.copied().chain([plan.nodes]).collect();
    let bar = run.bar(
        "simulated nodes",
        sizes.iter().map(|size| u64::from(*size)).sum(),
    );
    let mut all = Vec::new();
    let mut last = None;
    for size in sizes {
        let plan = Plan::new(size, plan.loss, plan.seed)?;
        let (convergence, tree) = measure(&plan, |_| ());
        bar.add(size.into());
        all.push(convergence);
        last = Some(tree);
    }
    bar.clear();
    let report = target(report, &all);
    let report = spread::section(report, &all, plan);
    Ok(match last {
        Some(tree) => spread::stale(report, &tree),
        None => report,
    })
}

fn target(report: Report, all: &[Convergence]) -> Report {
    let Some(largest) = all.last() else {
        return report;
    };
    let allowed = TARGET * theory(largest.nodes);
    let rounds = largest.change.rounds();
    let nodes = largest.nodes;
    let all_know = all
        .iter()
        .all(|it| it.change.rounds().is_some() && it.start.rounds().is_some());
    report
        .headline(Figure::new(
            format!("rounds until 99.9 % of {nodes} know of a change"),
            rounds.unwrap_or(f64::NAN),
            "rounds",
        ))
        .check(
            "in every tree all nodes come to the sum that is computed directly",
            all_know,
            format!("{} trees", all.len()),
        )
        .check(
            format!(
                "a change comes to 99.9 % of {nodes} nodes within {TARGET} times log2 n + ln n"
            ),
            rounds.is_some_and(|rounds| rounds <= allowed),
            match rounds {
                Some(rounds) => format!("{rounds} rounds, {allowed:.1} allowed"),
                None => "never".to_owned(),
            },
        )
}
