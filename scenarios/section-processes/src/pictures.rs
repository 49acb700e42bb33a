//! What was seen, drawn: one timeline of all parts, and where the time goes.

use deadlock_detection::Event;
use labkit::chart::{Chart, Timeline};
use labkit::report::{Report, Table, number};
use labkit::stats::{mean, quantile};

use crate::books::LOCKS;
use crate::pipeline::{Ended, WORKERS};
use crate::pulse::{Gauges, Sample};
use crate::visit::Visit;

/// How many clients the timeline shows.
const SHOWN: usize = 8;

/// Adds all pictures to a report.
pub(crate) fn add(report: Report, ended: &Ended) -> Report {
    let visits = &ended.books.visits;
    let (means, table) = stretches(visits);
    report
        .heading("One timeline, from socket to worker")
        .text(
            "Every client's lane shows what its questions wait for; below them is what the workers do, and \
             who waits for the locks of the books. When the buffer is full, the wait moves to the front: \
             that is back-pressure. Where two orders of locks meet, whoever stands behind them meets as well: \
             a deadlock rarely comes alone.",
        )
        .timeline(timeline(ended))
        .chart(pulse(&ended.samples))
        .text(lateness(&ended.samples))
        .heading("Where the time goes")
        .chart(means)
        .table(table)
}

fn timeline(ended: &Ended) -> Timeline {
    let mut timeline = Timeline::new(
        "The first clients, all work, and the locks",
        "ms since the start",
    );
    for client in 0..SHOWN {
        timeline = timeline.lane(format!("client {client}"));
    }
    for worker in 0..WORKERS {
        timeline = timeline.lane(format!("worker {worker}"));
    }
    for lock in LOCKS {
        timeline = timeline.lane(lock);
    }
    for visit in &ended.books.visits {
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
    for event in &ended.books.events {
        if let Some((lock, times, label, kind)) = wait(event) {
            timeline = timeline.span(SHOWN + WORKERS + lock, times, label, kind);
        }
    }
    timeline
}

/// A wait for one of the books' locks: which lock, from when to when, whose, and how it ended.
fn wait(event: &Event) -> Option<(usize, (f64, f64), String, &'static str)> {
    let Event::Waited(waited) = event else {
        return None;
    };
    let lock = LOCKS.iter().position(|lock| *lock == waited.lock)?;
    let from = 1e3 * waited.at.as_secs_f64();
    let to = from + 1e3 * waited.took.as_secs_f64();
    let kind = if waited.granted {
        "waited for"
    } else {
        "gave way"
    };
    Some((lock, (from, to), waited.thread.clone(), kind))
}

/// How things stood at every beat.
fn pulse(samples: &[Sample]) -> Chart {
    let line = |read: fn(&Gauges) -> usize| -> Vec<(f64, f64)> {
        samples
            .iter()
            .map(|sample| (1e3 * sample.at, read(&sample.gauges) as f64))
            .collect()
    };
    Chart::lines("The pulse: how things stand at every beat of the executor's timer")
        .x("ms since the start")
        .y("questions, jobs, threads")
        .series("questions open", line(|gauges| gauges.open))
        .series("jobs in the buffer", line(|gauges| gauges.buffered))
        .series("threads waiting for a lock", line(|gauges| gauges.waiting))
}

fn lateness(samples: &[Sample]) -> String {
    let late: Vec<f64> = samples.iter().map(|sample| 1e3 * sample.late).collect();
    format!(
        "The timer came {} ms late in the middle and {} ms late one time in a hundred: every thread of the \
         burst wants the same cores.",
        number(quantile(&late, 0.5)),
        number(quantile(&late, 0.99)),
    )
}

/// The mean of every stretch as bars, and its distribution as a table.
fn stretches(visits: &[Visit]) -> (Chart, Table) {
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
    (means, table.row(row("from arrival to answer", &whole)))
}

fn row(name: &str, spent: &[f64]) -> [String; 4] {
    [
        name.to_owned(),
        number(mean(spent)),
        number(quantile(spent, 0.5)),
        number(quantile(spent, 0.99)),
    ]
}
