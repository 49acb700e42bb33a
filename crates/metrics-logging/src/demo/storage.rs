//! What storing it takes: bytes and time, and that everything can be read back.

use labkit::chart::Chart;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};

use metrics_logging::column::encode;
use metrics_logging::config::{Config, DAY, HOUR, MINUTE};
use metrics_logging::engine::Written;
use metrics_logging::error::Error;
use metrics_logging::fleet::{Fleet, MEASUREMENT, Smooth};
use metrics_logging::line::Precision;
use metrics_logging::query::{Aggregate, Query};
use metrics_logging::store::{Embedded, Store};

/// Steps in a batch of lines.
const BATCH: usize = 500;
/// What a sample takes as it is: a time and a float.
const PLAIN: f64 = 16.0;
/// So often is a question asked, to say how long it takes.
const ASKED: usize = 5;

/// Writes everything, and looks at what it became.
pub(super) fn section(report: Report, fleet: &Fleet) -> Result<Report, Error> {
    let folder = tempfile::tempdir().map_err(temporary)?;
    let store = Embedded::open(folder.path(), Config::default())?;
    let watch = Stopwatch::start();
    for from in (0..fleet.steps()).step_by(BATCH) {
        store.write(&fleet.lines(from..(from + BATCH).min(fleet.steps())))?;
    }
    let seconds = watch.seconds();
    store.engine().checkpoint()?;
    let samples = (fleet.traces.len() * fleet.steps()) as f64;
    let bytes = store.engine().segment_bytes() as f64 / samples;
    let report = report
        .headline(Figure::new("bytes a sample on disk", bytes, "bytes"))
        .heading("What the services wrote")
        .check(
            "every sample is read back bit by bit",
            is_whole(&store, fleet)?,
            format!("{} samples of {} series", number(samples), fleet.traces.len()),
        )
        .text(format!(
            "{} samples in {:.1} s, acknowledged batch by batch: {} a second. Plain, a sample is a time \
             and a float, {PLAIN} bytes; compressed it takes {bytes:.2}. Noise in the last digits, as these \
             have, compresses worst. A smooth series, of the kind that Gorilla was made for, takes {:.2}.",
            number(samples),
            seconds,
            number((samples / seconds).round()),
            smooth(),
        ))
        .chart(overview(fleet));
    questions(report, &store, fleet)
}

pub(super) fn temporary(source: std::io::Error) -> Error {
    Error::File {
        what: "cannot make",
        path: std::env::temp_dir(),
        source,
    }
}

/// Whether the store gives back what the fleet wrote.
fn is_whole(store: &dyn Store, fleet: &Fleet) -> Result<bool, Error> {
    for trace in &fleet.traces {
        let query = Query::new(MEASUREMENT, trace.field, i64::MIN..i64::MAX);
        let query = query.with("host", trace.key.tag("host"));
        let groups = store.query(&query)?;
        let rows = groups
            .first()
            .map(|group| group.rows.as_slice())
            .unwrap_or_default();
        let same = rows.len() == trace.values.len()
            && rows
                .iter()
                .zip(&trace.values)
                .enumerate()
                .all(|(step, (row, value))| {
                    row.0 == fleet.time(step) && row.1.to_bits() == value.to_bits()
                });
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Bytes a sample of a smooth series.
fn smooth() -> f64 {
    const SAMPLES: usize = 20_000;
    let samples: Vec<_> = Smooth::new(1, "smooth", 0).take(SAMPLES).collect();
    let bytes: usize = encode(&samples).iter().map(|chunk| chunk.bytes.len()).sum();
    bytes as f64 / SAMPLES as f64
}

/// Hourly means of every service's CPU.
fn overview(fleet: &Fleet) -> Chart {
    let per_hour = usize::try_from(HOUR / fleet.plan.step).unwrap_or(1).max(1);
    let mut chart =
        Chart::lines("CPU of each service, hour by hour: a day's rhythm and a slow trend")
            .x("day")
            .y("% CPU");
    for trace in fleet.traces.iter().filter(|trace| trace.field == "cpu") {
        let hours = trace.values.chunks(per_hour).enumerate();
        let points = hours.map(|(hour, values)| {
            (
                hour as f64 / 24.0,
                values.iter().sum::<f64>() / values.len() as f64,
            )
        });
        chart = chart.series(trace.key.tag("host"), points.collect());
    }
    chart
}

/// Asks for the last day in several ways.
fn questions(report: Report, store: &Embedded, fleet: &Fleet) -> Result<Report, Error> {
    let end = fleet.time(fleet.steps());
    let day = Query::new(MEASUREMENT, "cpu", end - DAY..end);
    let mut table = Table::new(["the last 24 h of all services", "rows", "ms"]);
    for (name, aggregate, every) in [
        ("mean by host, 5 min", Aggregate::Mean, 5 * MINUTE),
        ("max by host, 1 h", Aggregate::Max, HOUR),
        ("p99 by host, 1 h", Aggregate::Percentile(99.0), HOUR),
        ("rate by host, 1 h", Aggregate::Rate, HOUR),
    ] {
        let query = day.clone().windows(aggregate, every).by(&["host"]);
        let watch = Stopwatch::start();
        let mut rows = 0;
        for _ in 0..ASKED {
            rows = store
                .query(&query)?
                .iter()
                .map(|group| group.rows.len())
                .sum();
        }
        let ms = watch.seconds() * 1e3 / ASKED as f64;
        table = table.row([name.to_owned(), rows.to_string(), format!("{ms:.2}")]);
    }
    let bad = "cpu,host=a usage=1 1767571200000000000\ncpu,host=a usage=NaN\ncpu usage\n,host=a x=1\ncpu,host x=1";
    let written = store
        .engine()
        .write(bad.as_bytes(), Precision::NANOSECONDS, store.now())?;
    Ok(report
        .table(table)
        .heading("Five lines, four of them wrong")
        .check(
            "the good line is kept, the bad ones are named",
            (written.samples, written.refused_lines) == (1, 4),
            format!(
                "{} kept, {} refused",
                written.samples, written.refused_lines
            ),
        )
        .table(refusals(&written)))
}

fn refusals(written: &Written) -> Table {
    let mut table = Table::new(["line", "text", "what is wrong"]);
    for refusal in &written.refused {
        let reason = refusal.reason.to_string();
        table = table.row([refusal.line.to_string(), refusal.text.clone(), reason]);
    }
    table
}
