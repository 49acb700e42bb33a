//! What was seen, told as a report.

use std::collections::BTreeMap;

use deadlock_detection::Event;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report};
use labkit::run::Run;

use crate::burst::{Answer, Burst};
use crate::pictures;
use crate::pipeline::{CAPACITY, Ended, Pipeline, WORKERS};

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
    let ended = pipeline.end()?;
    let report = Report::new("section-processes", "Processes and threads, together")
        .lead(format!(
            "{} clients ask a server for {} counts of primes, all at once. Each question is read by its \
             connection's thread, waits in a buffer for {CAPACITY}, and is computed by one of {WORKERS} \
             workers. Connections and workers keep two books, and lock them in opposite orders under the \
             eyes of a deadlock detector.",
            burst.clients,
            burst.total(),
        ))
        .headline(Figure::new(
            "questions answered",
            burst.total() as f64 / seconds,
            "questions/s",
        ));
    let report = checks(report, burst, &answers, &ended);
    Ok(pictures::add(report, &ended))
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
    let deepest = ended.books.visits.iter().map(|visit| visit.depth).max();
    report
        .check(
            "every question has one answer, and it is right",
            right == burst.total() && ended.books.visits.len() == burst.total(),
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
            "the detector warned that the books are locked in two orders",
            ended.books.counts.order_warnings > 0,
            warning(ended),
        )
        .check(
            "no deadlock cost an entry: who gave way tried again",
            ended.books.computed == burst.total() as u64,
            format!(
                "{} entries, {} deadlocks broken, {} waits",
                ended.books.computed, ended.books.counts.deadlocks, ended.books.counts.waits
            ),
        )
        .check(
            "the executor's timer beat to the end",
            ended.samples.len() > 1,
            format!("{} beats", ended.samples.len()),
        )
        .check(
            "the server ended with nothing left open",
            ended.server.cut == 0 && ended.server.statistics.open == 0,
            format!("{} connections cut", ended.server.cut),
        )
}

/// The first thing that the detector warned of, without the places in the code.
fn warning(ended: &Ended) -> String {
    let warnings = ended.books.events.iter().filter_map(|event| match event {
        Event::Order(warning) => Some(warning),
        _ => None,
    });
    let first = warnings.min_by_key(|warning| warning.at);
    first.map_or_else(
        || "no warning".to_owned(),
        |warning| {
            format!(
                "after {:.1} ms: {}",
                1e3 * warning.at.as_secs_f64(),
                warning.names.join(" and ")
            )
        },
    )
}
