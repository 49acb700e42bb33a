//! What was seen, drawn: one timeline of the processes, and what each part said cycle by cycle.

use std::collections::BTreeMap;

use auto_repair::supervisor::Notice;
use labkit::chart::{Chart, Timeline};
use labkit::report::{Report, Table, number};

use crate::control::{CYCLE, Ended, Sample};

/// Adds all pictures to a report.
pub(crate) fn add(report: Report, ended: &Ended) -> Report {
    let samples = &ended.samples;
    report
        .heading("One timeline of all processes")
        .text(
            "Each lane is a process under the supervisor. Workers come with the crowd and batch jobs go, for \
             the machine has eight slots; after the crowd it is the other way round.",
        )
        .timeline(timeline(ended))
        .heading("What each part said")
        .chart(crowd(samples))
        .chart(workers(samples))
        .text(
            "The gossip counts one more for a while after the kill: whoever was killed said no goodbye, and \
             is counted until its silence is too long to be chance.",
        )
        .chart(answers(samples))
        .table(totals(ended))
        .text("To see it as it happens, on the database's page: section-self-management live")
}

/// From its start to its end each process has a span, by its service's number.
fn timeline(ended: &Ended) -> Timeline {
    let mut timeline = Timeline::new("Who ran when", "seconds");
    let end = ended.samples.last().map_or(0.0, |sample| sample.at);
    let mut lanes: BTreeMap<usize, (usize, Option<(f64, bool)>)> = BTreeMap::new();
    for happening in &ended.happenings {
        let at = happening.at.as_secs_f64().min(end);
        let (service, open) = match &happening.notice {
            Notice::Starting(service) => (*service, Some(false)),
            Notice::Ready(service) => (*service, Some(true)),
            Notice::Failed(service, _) | Notice::Stopped(service) => (*service, None),
            _ => continue,
        };
        let next = lanes.len();
        if !lanes.contains_key(&service) {
            let name = happening.text.split_whitespace().next().unwrap_or("?");
            timeline = timeline.lane(name.trim_end_matches(':'));
        }
        let (lane, since) = lanes.entry(service).or_insert((next, None));
        if let Some((from, ready)) = since.take() {
            timeline = timeline.span(*lane, (from, at), "", kind(ready));
        }
        if matches!(happening.notice, Notice::Failed(..)) {
            timeline = timeline.span(*lane, (at, at), "killed", "killed");
        }
        *since = open.map(|ready| (at, ready));
    }
    for (lane, since) in lanes.into_values() {
        if let Some((from, ready)) = since {
            timeline = timeline.span(lane, (from, end.max(from)), "", kind(ready));
        }
    }
    timeline
}

fn kind(ready: bool) -> &'static str {
    if ready { "ready" } else { "starting" }
}

fn line(samples: &[Sample], read: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    samples
        .iter()
        .map(|sample| (sample.at, read(sample)))
        .collect()
}

fn crowd(samples: &[Sample]) -> Chart {
    let second = CYCLE.as_secs_f64();
    Chart::lines("The crowd: requests, and what became of them")
        .x("seconds")
        .y("requests/s")
        .series(
            "came",
            line(samples, |sample| sample.tally.arrived as f64 / second),
        )
        .series(
            "answered",
            line(samples, |sample| sample.tally.answered as f64 / second),
        )
        .series(
            "dropped",
            line(samples, |sample| sample.tally.dropped as f64 / second),
        )
}

fn workers(samples: &[Sample]) -> Chart {
    let counted = samples
        .iter()
        .filter_map(|sample| Some((sample.at, sample.gossip? as f64)));
    Chart::lines("Workers: wanted, ready, counted by gossip; and batch jobs")
        .x("seconds")
        .y("processes")
        .series(
            "the autoscaler wants",
            line(samples, |sample| sample.desired as f64),
        )
        .series("ready", line(samples, |sample| sample.ready as f64))
        .series("the gossip counts", counted.collect())
        .series("batch jobs", line(samples, |sample| sample.batch as f64))
}

fn answers(samples: &[Sample]) -> Chart {
    let mean = |sample: &Sample| {
        1e3 * sample.tally.response.as_secs_f64() / sample.tally.answered.max(1) as f64
    };
    Chart::lines("How long an answer takes, on average")
        .x("seconds")
        .y("ms")
        .series("", line(samples, mean))
}

fn totals(ended: &Ended) -> Table {
    let total = &ended.total;
    Table::new([
        "requests",
        "answered",
        "later than 100 ms",
        "dropped",
        "failed",
    ])
    .row([
        number(total.arrived as f64),
        number(total.answered as f64),
        number(total.late as f64),
        number(total.dropped as f64),
        number(total.failed as f64),
    ])
}
