//! What was seen, told as a report.

use std::collections::BTreeMap;

use labkit::chart::{Chart, Timeline};
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use labkit::stats::{mean, quantile};

use crate::burst::{Answer, Burst};
use crate::pipeline::{CAPACITY, Ended, Pipeline, WORKERS};
use crate::visit::Visit;

/// How many clients the timeline shows.
const SHOWN: usize = 8;

/// Runs the scenario.
///
/// # Errors
/// What the system refused, or a client met.
pub(crate) fn tell(run: &Run) -> Result<Report, Box<dyn std::error::Error>> {
    let burst = Burst {
        clients: run.size(64, 24),
        questions: run.size(8, 4),
    };
    let watch = Stopwatch::start();
    let pipeline = Pipeline::start(watch)?;
    let answers = burst.run(pipeline.address(), run.seed)?;
    let seconds = watch.seconds();
    let ended = pipeline.end();
    let report = Report::new("section-processes", "Processes and threads, together")
        .lead(format!(
            "{} clients ask a server for {} counts of primes, all at once. Each question is read by its \
             connection's thread, waits in a buffer for {CAPACITY}, and is computed by one of {WORKERS} \
             workers.",
            burst.clients,
            burst.total(),
        ))
        .headline(Figure::new(
            "questions answered",
            burst.total() as f64 / seconds,
            "questions/s",
        ));
    let report = checks(report, burst, &answers, &ended);
    Ok(pictures(report, &ended.visits))
}

fn checks(report: Report, burst: Burst, answers: &[Answer], ended: &Ended) -> Report {
    let mut known: BTreeMap<u64, String> = BTreeMap::new();
    let right = answers
        .iter()
        .filter(|answer| {
            let below = answer.below;
            let count = known
                .entry(below)
                .or_insert_with(|| parallel_primes::eratosthenes::count(0..below).to_string());
            *count == answer.said
        })
        .count();
    let deepest = ended.visits.iter().map(|visit| visit.depth).max();
    report
        .check(
            "every question has one answer, and it is right",
            right == burst.total() && ended.visits.len() == burst.total(),
            format!("{right} of {}", burst.total()),
        )
        .check(
            "every question was one job of the pool",
            ended.pool.ended() == burst.total() as u64,
            format!("{} jobs", ended.pool.ended()),
        )
        .check(
            "the buffer never held more than its bound",
            deepest.is_some_and(|deepest| deepest <= CAPACITY),
            format!("{} of {CAPACITY}", deepest.unwrap_or(0)),
        )
        .check(
            "the server ended with nothing left open",
            ended.server.cut == 0 && ended.server.statistics.open == 0,
            format!("{} connections cut", ended.server.cut),
        )
}

fn pictures(report: Report, visits: &[Visit]) -> Report {
    let mut depth: Vec<(f64, f64)> = visits
        .iter()
        .map(|visit| (1e3 * visit.buffered, visit.depth as f64))
        .collect();
    depth.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut means = Chart::bars("Where a question's time goes, on average")
        .x("")
        .y("ms");
    let mut table = Table::new(["stretch", "mean, ms", "p50, ms", "p99, ms"]);
    for place in 0..Visit::default().stretches().len() {
        let (name, ..) = Visit::default().stretches()[place];
        let spent: Vec<f64> = visits
            .iter()
            .map(|visit| {
                let (_, from, to) = visit.stretches()[place];
                1e3 * (to - from)
            })
            .collect();
        means = means.bar(name, mean(&spent));
        table = table.row(row(name, &spent));
    }
    let whole: Vec<f64> = visits.iter().map(|visit| 1e3 * visit.seconds()).collect();
    report
        .heading("One timeline, from socket to worker")
        .text(
            "Every client's lane shows what its questions wait for; below them is what the workers do. \
             When the buffer is full, the wait moves to the front: that is back-pressure.",
        )
        .timeline(timeline(visits))
        .heading("Where the time goes")
        .chart(means)
        .table(table.row(row("from arrival to answer", &whole)))
        .chart(
            Chart::lines("How many jobs the buffer holds")
                .x("ms since the start")
                .y("jobs")
                .series("in the buffer", depth),
        )
}

fn row(name: &str, spent: &[f64]) -> [String; 4] {
    [
        name.to_owned(),
        number(mean(spent)),
        number(quantile(spent, 0.5)),
        number(quantile(spent, 0.99)),
    ]
}

fn timeline(visits: &[Visit]) -> Timeline {
    let mut timeline = Timeline::new("The first clients, and all work", "ms since the start");
    for client in 0..SHOWN {
        timeline = timeline.lane(format!("client {client}"));
    }
    for worker in 0..WORKERS {
        timeline = timeline.lane(format!("worker {worker}"));
    }
    for visit in visits {
        if visit.client < SHOWN {
            for (name, from, to) in visit.stretches() {
                timeline = timeline.span(visit.client, (1e3 * from, 1e3 * to.max(from)), "", name);
            }
        }
        if visit.worker < WORKERS {
            let times = (1e3 * visit.started, 1e3 * visit.done);
            let label = visit.client.to_string();
            timeline = timeline.span(SHOWN + visit.worker, times, label, "computed");
        }
    }
    timeline
}
