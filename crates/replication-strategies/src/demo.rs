//! The default run: full against selective as asked, then who wins where, and at which price.

mod live;
mod picture;

use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;

use replication_strategies::asked::{answer, distribute};
use replication_strategies::catalogue::Catalogue;
use replication_strategies::comparison::{ALLOWED, MIXES, Mix, compare, compare_mixes};
use replication_strategies::config::{Config, Settings};
use replication_strategies::error::Error;
use replication_strategies::outcome::Outcome;
use replication_strategies::placement::Placement;
use replication_strategies::simulator::simulate;
use replication_strategies::strategy::Kind;
use replication_strategies::topology::Topology;

pub(crate) use live::live;

/// The columns of a strategy's outcome.
const HEAD: [&str; 9] = [
    "strategy",
    "mean ms",
    "p99 ms",
    "local %",
    "stale %",
    "lag ms",
    "KB/request",
    "copies MB",
    "$/million",
];

/// Runs the demo; the same seed makes the same report, bit by bit.
///
/// # Errors
/// None that the lab's own numbers can cause.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let settings = Settings {
        requests: run.size(150_000, 60_000),
        ..Settings::default()
    };
    let bar = run.bar("replication", (MIXES.len() * Kind::ALL.len()) as u64);
    let mixes = compare_mixes(&settings, run.seed, &|| bar.add(1))?;
    bar.clear();
    let worst = mixes.iter().map(Mix::adaptive_ratio).fold(0.0, f64::max);
    let report = Report::new("replication-strategies", "Replication strategies")
        .lead(
            "Each copy makes reads cheaper and writes dearer. Seven strategies place the copies of a \
             thousand objects in ten regions of a simulated network; the same for the same seed.",
        )
        .headline(Figure::new("adaptive to best other, at worst", worst, "× cost"));
    let report = asked(report, run)?;
    let report = checked(report, run, &mixes)?;
    let mut report = winners(report, &mixes, worst);
    for mix in &mixes {
        report = section(report, mix);
    }
    Ok(report)
}

/// Five files, three nodes, everything everywhere or two random choices each.
fn asked(report: Report, run: &Run) -> Result<Report, Error> {
    const DRAWS: usize = 2;
    const REQUESTS: usize = 3_000;
    let topology = Topology::of_regions(&["washington", "london", "tokyo"], 100.0)?;
    let catalogue = Catalogue::new(5, 1e6, topology.nodes())?;
    let mut chance = run.rng("as asked");
    let random = Placement::random(&catalogue, DRAWS, &mut chance);
    let mut draw = |below: usize| chance.index(below);
    let requests: Vec<(usize, u32)> = (0..REQUESTS)
        .map(|_| (draw(3), u32::try_from(draw(5)).unwrap_or(0)))
        .collect();
    let mut table = Table::new([
        "strategy",
        "bandwidth to place",
        "replication latency",
        "mean response",
        "served locally",
        "bandwidth to serve",
    ]);
    let mut means = Vec::new();
    for (name, placement) in [
        ("full", Placement::full(&catalogue)),
        ("selective, at random", random),
    ] {
        let placed = distribute(&topology, &catalogue, &placement);
        let answers = answer(&topology, &catalogue, &placement, &requests)?;
        let local = 100 * answers.local / REQUESTS as u64;
        means.push(answers.mean_ms());
        table = table.row([
            name.to_owned(),
            format!("{:.1} MB", placed.bytes as f64 / 1e6),
            format!("{:.0} ms", placed.last_ns as f64 / 1e6),
            format!("{:.1} ms", answers.mean_ms()),
            format!("{local} %"),
            format!("{:.1} MB", answers.bytes as f64 / 1e6),
        ]);
    }
    Ok(report
        .heading("As asked: five files, three nodes")
        .text(
            "Full replication sends every file to every node; under selective replication each node \
             draws two. Files are 1 MB on average, links carry 100 Mbit/s, 3,000 requests are spread \
             evenly.",
        )
        .check(
            "full replication answers sooner than random selective replication",
            means.first() < means.last(),
            means
                .iter()
                .map(|ms| format!("{ms:.1} ms"))
                .collect::<Vec<_>>()
                .join(" against "),
        )
        .table(table))
}

/// What has to hold of every run, and the queue whose answer is known.
fn checked(report: Report, run: &Run, mixes: &[Mix]) -> Result<Report, Error> {
    let outcomes = || mixes.iter().flat_map(|mix| &mix.outcomes);
    let full = || outcomes().filter(|(kind, _)| *kind == Kind::Full);
    let bytes: u64 = outcomes().map(|(_, outcome)| outcome.bytes).sum();
    let reads: u64 = full().map(|(_, outcome)| outcome.reads).sum();
    let (mean_ms, expected_ms) = queue_alone(run)?;
    Ok(report
        .check(
            "every byte received was sent, and every byte sent was received",
            outcomes().all(|(_, outcome)| outcome.unaccounted == 0),
            format!("{:.1} GB", bytes as f64 / 1e9),
        )
        .check(
            "full replication never fetches",
            full().all(|(_, outcome)| outcome.local == outcome.reads),
            format!("{} reads", number(reads as f64)),
        )
        .check(
            "a node alone answers as M/M/1 queues do, within 2 %",
            (mean_ms / expected_ms - 1.0).abs() < 0.02,
            format!("{mean_ms:.4} ms against {expected_ms:.4} ms"),
        ))
}

/// The mean response of one node at half of its capacity, and what Erlang says: 1 / (mu - lambda).
fn queue_alone(run: &Run) -> Result<(f64, f64), Error> {
    let settings = Settings {
        regions: vec!["london".to_owned()],
        replicas: 1,
        rate: 1_000.0,
        requests: run.size(2_000_000, 1_000_000),
        write_share: 0.0,
        warm_share: 0.05,
        ..Settings::default()
    };
    let expected_s = 1.0 / (1.0 / settings.service_s - settings.rate);
    let outcome = simulate(&Config::new(settings)?, Kind::Full, run.seed);
    Ok((outcome.mean_ms(), 1e3 * expected_s))
}

/// Which strategy costs least, mix by mix.
fn winners(report: Report, mixes: &[Mix], worst: f64) -> Report {
    let mut table = Table::new([
        "writes",
        "cheapest",
        "$/million",
        "best other",
        "$/million",
        "adaptive",
    ]);
    for mix in mixes {
        let name = |found: Option<(Kind, f64)>| found.map_or("–", |(kind, _)| kind.name());
        let cost = |found: Option<(Kind, f64)>| found.map_or(f64::NAN, |(_, cost)| cost);
        let all = mix.cheapest(|_| true);
        let other = mix.cheapest(|kind| kind != Kind::Adaptive);
        table = table.row([
            format!("{} %", number(100.0 * mix.write_share)),
            name(all).to_owned(),
            format!("{:.3}", cost(all)),
            name(other).to_owned(),
            format!("{:.3}", cost(other)),
            format!("{:.3} ×", mix.adaptive_ratio()),
        ]);
    }
    report
        .check(
            "adaptive costs at most 5 % more than the best other strategy, at every mix",
            worst <= ALLOWED,
            format!("{worst:.3} times as much, at worst"),
        )
        .heading("Which strategy wins where")
        .text(
            "What a million requests cost: $0.10 for an hour of waiting, $0.02 for a gigabyte between \
             regions, $0.023 for a gigabyte kept for a month.",
        )
        .table(table)
        .chart(picture::costs(mixes))
}

/// One mix: a table, and the trade between waiting and bandwidth.
fn section(report: Report, mix: &Mix) -> Report {
    let mut table = Table::new(HEAD);
    for ((kind, outcome), cost) in mix.outcomes.iter().zip(&mix.costs) {
        table = table.row(row(*kind, outcome, *cost));
    }
    report
        .heading(format!("{} % writes", number(100.0 * mix.write_share)))
        .chart(picture::pareto(mix, "mean", Outcome::mean_ms))
        .chart(picture::pareto(mix, "99th percentile", Outcome::p99_ms))
        .table(table)
}

fn row(kind: Kind, outcome: &Outcome, cost: f64) -> Vec<String> {
    let lag = if outcome.lags.count() == 0 {
        "–".to_owned()
    } else {
        format!("{:.1}", outcome.lag_ms())
    };
    vec![
        kind.name().to_owned(),
        format!("{:.2}", outcome.mean_ms()),
        format!("{:.1}", outcome.p99_ms()),
        format!("{:.1}", 100.0 * outcome.local_share()),
        format!("{:.2}", 100.0 * outcome.stale_share()),
        lag,
        format!("{:.1}", outcome.bytes_per_request() / 1e3),
        format!("{:.1}", outcome.copied_bytes / 1e6),
        format!("{cost:.3}"),
    ]
}

/// The report of one strategy's run.
pub(crate) fn one(run: &Run, config: &Config, kind: Kind) -> Report {
    let outcome = simulate(config, kind, run.seed);
    let cost = outcome.cost(&config.settings().price);
    Report::new(
        "replication-strategies",
        format!("{} replication", kind.name()),
    )
    .headline(Figure::new("mean response", outcome.mean_ms(), "ms"))
    .check(
        "every byte received was sent, and every byte sent was received",
        outcome.unaccounted == 0,
        format!("{:.1} MB", outcome.bytes as f64 / 1e6),
    )
    .table(Table::new(HEAD).row(row(kind, &outcome, cost)))
}

/// The report of one mix.
pub(crate) fn compared(run: &Run, config: &Config) -> Report {
    let bar = run.bar("replication", Kind::ALL.len() as u64);
    let mix = compare(config, run.seed, &|| bar.add(1));
    bar.clear();
    let report = Report::new(
        "replication-strategies",
        "Seven strategies, the same requests",
    );
    let ratio = mix.adaptive_ratio();
    let report = report.headline(Figure::new("adaptive to best other", ratio, "× cost"));
    section(report, &mix)
}
