//! What detectors find of what was put in.

use labkit::chart::{Chart, Timeline};
use labkit::report::{Report, Table};

use metrics_logging::detect::Method;
use metrics_logging::detect::score::{Score, alarms, score};
use metrics_logging::fleet::{Fleet, Kind, Trace};

/// The best detector's share of anomalies found, and of alarms that are right, at least.
const GOOD: f64 = 0.85;
/// Days of the series in the picture.
const PICTURED: usize = 3;
/// More points than this can't be told apart in a chart of the page's width.
const POINTS: usize = 800;

/// What each method came to over all series.
struct Outcome {
    method: Method,
    all: Score,
    by_kind: Vec<Score>,
}

/// The demo's section.
pub(super) fn section(report: Report, fleet: &Fleet) -> Report {
    let outcomes: Vec<Outcome> = Method::ALL
        .iter()
        .map(|method| outcome(fleet, *method))
        .collect();
    let best = outcomes
        .iter()
        .max_by(|a, b| a.all.f1().total_cmp(&b.all.f1()));
    let report = report.heading("What is unusual in it");
    let report = match best {
        None => report,
        Some(best) => report.check(
            format!(
                "the best detector finds {} % at least, and is right as often",
                GOOD * 100.0
            ),
            best.all.recall() >= GOOD && best.all.precision() >= GOOD,
            format!(
                "{}: recall {:.2}, precision {:.2}",
                best.method.name(),
                best.all.recall(),
                best.all.precision()
            ),
        ),
    };
    pictures(tables(report, &outcomes), fleet, &Method::ALL)
}

/// The report of `detect`.
pub(crate) fn detected(fleet: &Fleet, methods: &[Method]) -> Report {
    let outcomes: Vec<Outcome> = methods
        .iter()
        .map(|method| outcome(fleet, *method))
        .collect();
    let report = Report::new("metrics-logging", "Who finds what was put in");
    pictures(tables(report, &outcomes), fleet, methods)
}

fn outcome(fleet: &Fleet, method: Method) -> Outcome {
    let mut all = Score::default();
    let mut by_kind = vec![Score::default(); Kind::ALL.len()];
    for trace in &fleet.traces {
        let flags = method.flags(&trace.values, fleet.plan.per_day());
        all += score(&flags, &trace.anomalies);
        for (kind, sum) in Kind::ALL.iter().zip(&mut by_kind) {
            let of_kind: Vec<_> = trace
                .anomalies
                .iter()
                .filter(|it| it.kind == *kind)
                .cloned()
                .collect();
            *sum += score(&flags, &of_kind);
        }
    }
    Outcome {
        method,
        all,
        by_kind,
    }
}

fn tables(report: Report, outcomes: &[Outcome]) -> Report {
    let mut table = Table::new([
        "detector",
        "precision",
        "recall",
        "F1",
        "alarms",
        "anomalies",
    ]);
    for outcome in outcomes {
        table = table.row([
            outcome.method.name().to_owned(),
            format!("{:.2}", outcome.all.precision()),
            format!("{:.2}", outcome.all.recall()),
            format!("{:.2}", outcome.all.f1()),
            outcome.all.alarms.to_string(),
            outcome.all.anomalies.to_string(),
        ]);
    }
    let mut head = vec!["found of each kind".to_owned()];
    head.extend(Kind::ALL.map(|kind| kind.name().to_owned()));
    let mut kinds = Table::new(head);
    for outcome in outcomes {
        let cells = outcome
            .by_kind
            .iter()
            .map(|sum| format!("{} of {}", sum.found, sum.anomalies));
        kinds = kinds.row(std::iter::once(outcome.method.name().to_owned()).chain(cells));
    }
    report
        .text(
            "Precision is the share of alarms that were right, recall the share of anomalies that were \
             found. An anomaly out of season has a value that is usual by day, at night: who knows only \
             the last hours doesn't see it.",
        )
        .table(table)
        .table(kinds)
}

/// The last days of one service's CPU, and under it what was put in and what each detector says.
fn pictures(report: Report, fleet: &Fleet, methods: &[Method]) -> Report {
    let Some(trace) = fleet.traces.iter().find(|trace| trace.field == "cpu") else {
        return report;
    };
    let per_day = fleet.plan.per_day();
    let from = trace.values.len().saturating_sub(PICTURED * per_day);
    let day = |step: usize| (step - from) as f64 / per_day as f64;
    let line = thinned(trace, from).into_iter();
    let host = trace.key.tag("host");
    let chart = Chart::lines(format!("Three days of {host}'s CPU"))
        .x("days")
        .y("% CPU")
        .series(host, line.map(|(step, value)| (day(step), value)).collect());
    let title = "The same days: what was put in, and who said so";
    let mut timeline = Timeline::new(title, "days").lane("put in");
    for anomaly in trace.anomalies.iter().filter(|it| it.samples.start >= from) {
        let ends = (day(anomaly.samples.start), day(anomaly.samples.end));
        timeline = timeline.span(0, ends, anomaly.kind.name(), "put in");
    }
    for (lane, method) in methods.iter().enumerate() {
        timeline = timeline.lane(method.name());
        let flags = method.flags(&trace.values, per_day);
        for alarm in alarms(&flags).into_iter().filter(|it| it.start >= from) {
            let ends = (day(alarm.start), day(alarm.end));
            timeline = timeline.span(lane + 1, ends, "", "alarm");
        }
    }
    report.chart(chart).timeline(timeline)
}

/// Of every few values the one furthest from the last that was kept, so that peaks stay.
fn thinned(trace: &Trace, from: usize) -> Vec<(usize, f64)> {
    let values = &trace.values[from..];
    let few = values.len().div_ceil(POINTS).max(1);
    let mut last = values.first().copied().unwrap_or(0.0);
    let mut points = Vec::new();
    for (at, chunk) in values.chunks(few).enumerate() {
        let places = chunk.iter().copied().enumerate();
        let furthest = places.max_by(|a, b| (a.1 - last).abs().total_cmp(&(b.1 - last).abs()));
        if let Some((place, value)) = furthest {
            points.push((from + at * few + place, value));
            last = value;
        }
    }
    points
}
