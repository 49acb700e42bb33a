//! The live form: each strategy over real nodes, beside its simulation.

use std::env;

use labkit::chart::Chart;
use labkit::report::{Figure, Report, Table};
use labkit::run::{Failure, Run};

use replication_strategies::error::Error;
use replication_strategies::live;
use replication_strategies::live::trial::{self, Trial, disagreements};
use replication_strategies::outcome::Outcome;
use replication_strategies::simulator::simulate;
use replication_strategies::strategy::Kind;

/// By which factor the simulator has to tell two strategies apart, for their order to be expected live.
/// Half of it is what a busy machine adds to a few milliseconds.
const FACTOR: f64 = 1.5;

/// Runs strategies over real nodes; a signal ends it early.
///
/// # Errors
/// If there are no writes like these, or a node fails.
pub(crate) fn live(
    run: &Run,
    kinds: &[Kind],
    requests: u64,
    writes: f64,
) -> Result<Report, Failure> {
    let config = live::config(requests, writes)?;
    let program = env::current_exe().map_err(Error::Live)?;
    let shutdown = run.shutdown();
    let bar = run.bar("live", kinds.len() as u64);
    let mut pairs: Vec<(Kind, Outcome, Trial)> = Vec::new();
    for kind in kinds {
        let trial = trial::run(program.as_os_str(), &config, *kind, run.seed, &shutdown)?;
        let simulated = simulate(&config, *kind, run.seed);
        pairs.push((*kind, simulated, trial));
        bar.add(1);
    }
    bar.clear();
    Ok(told(&pairs))
}

fn told(pairs: &[(Kind, Outcome, Trial)]) -> Report {
    let mut table = Table::new([
        "strategy",
        "mean ms live",
        "simulated",
        "KB/request live",
        "simulated",
        "local % live",
        "simulated",
        "stale % live",
        "lag ms live",
    ]);
    for (kind, simulated, Trial { outcome: live, .. }) in pairs {
        table = table.row([
            kind.name().to_owned(),
            format!("{:.1}", live.mean_ms()),
            format!("{:.1}", simulated.mean_ms()),
            format!("{:.1}", live.bytes_per_request() / 1e3),
            format!("{:.1}", simulated.bytes_per_request() / 1e3),
            format!("{:.0}", 100.0 * live.local_share()),
            format!("{:.0}", 100.0 * simulated.local_share()),
            format!("{:.1}", 100.0 * live.stale_share()),
            format!("{:.1}", live.lag_ms()),
        ]);
    }
    let requests: u64 = pairs.iter().map(|(_, _, t)| t.outcome.requests()).sum();
    let wrong: u64 = pairs.iter().map(|(_, _, trial)| trial.wrong).sum();
    let lost: u64 = pairs.iter().map(|(_, _, t)| t.outcome.unaccounted).sum();
    let disagree = ordered_otherwise(pairs);
    Report::new(
        "replication-strategies",
        "Live: the same strategies over real nodes",
    )
    .lead(
        "Four node processes with a folder of files each, and between them relays that hold every \
             byte back for as long as a quarter of the real distance takes.",
    )
    .headline(Figure::new("requests", requests as f64, "requests"))
    .check(
        "every answer was a whole version of its file",
        wrong == 0,
        format!("{requests} requests"),
    )
    .check(
        "every byte that went into a link came out",
        lost == 0,
        format!("{lost} bytes missing"),
    )
    .check(
        format!("live and simulated order agree where the simulator sees a factor of {FACTOR}"),
        disagree.is_empty(),
        if disagree.is_empty() {
            "response time and bandwidth".to_owned()
        } else {
            disagree.join("; ")
        },
    )
    .chart(chart(pairs))
    .table(table)
}

/// The pairs of strategies whose order isn't the simulated one.
fn ordered_otherwise(pairs: &[(Kind, Outcome, Trial)]) -> Vec<String> {
    type Measure = (&'static str, fn(&Outcome) -> f64);
    const MEASURES: [Measure; 2] = [
        ("response", Outcome::mean_ms),
        ("bandwidth", Outcome::bytes_per_request),
    ];
    let mut found = Vec::new();
    for (name, of) in MEASURES {
        let simulated: Vec<_> = pairs.iter().map(|(k, s, _)| (*k, of(s))).collect();
        let live: Vec<_> = pairs.iter().map(|(k, _, t)| (*k, of(&t.outcome))).collect();
        for (better, worse) in disagreements(&simulated, &live, FACTOR) {
            let (better, worse) = (better.name(), worse.name());
            found.push(format!("{name}: {worse} before {better}"));
        }
    }
    found
}

fn chart(pairs: &[(Kind, Outcome, Trial)]) -> Chart {
    let of = |mean: &dyn Fn(&(Kind, Outcome, Trial)) -> f64| pairs.iter().map(mean).collect();
    Chart::bars("Mean response, live and simulated")
        .y("ms")
        .groups(pairs.iter().map(|(kind, _, _)| kind.name()))
        .bars_of("live", of(&|(_, _, trial)| trial.outcome.mean_ms()))
        .bars_of("simulated", of(&|(_, simulated, _)| simulated.mean_ms()))
}
