//! Throughput, latency and memory by the number of connections.

use std::path::Path;
use std::time::Duration;

use labkit::chart::Chart;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use tcp_server::load::Load;
use tcp_server::measure::{Sample, sample};
use tcp_server::{Error, Kind};

/// Measures each server with each number of connections.
pub(super) fn ladder(
    report: Report,
    run: &Run,
    program: &Path,
    ladder: &[usize],
    time: Duration,
) -> Result<Report, Error> {
    let bar = run.bar("connections", (ladder.len() * Kind::ALL.len()) as u64);
    let mut samples = Vec::new();
    for &connections in ladder {
        for kind in Kind::ALL {
            let load = Load {
                connections,
                ..Load::default()
            };
            samples.push(sample(program, kind, &load, time)?);
            bar.add(1);
        }
    }
    bar.clear();
    let most = ladder.last().copied().unwrap_or(0);
    let report = checks(report, &samples);
    let report = speed(report, &samples);
    Ok(memory(report, &samples, most))
}

fn checks(report: Report, samples: &[Sample]) -> Report {
    let failures: u64 = samples.iter().map(|sample| sample.outcome.failures).sum();
    let messages: u64 = samples.iter().map(|sample| sample.outcome.messages).sum();
    let ended = samples.iter().filter(|sample| sample.ended_well).count();
    report
        .check(
            "every client got its own answers, byte for byte",
            failures == 0,
            format!(
                "{} messages, {failures} clients without",
                number(messages as f64)
            ),
        )
        .check(
            "every server's process ended by itself after SIGTERM",
            ended == samples.len(),
            format!("{ended} of {}", samples.len()),
        )
}

fn speed(report: Report, samples: &[Sample]) -> Report {
    let best = samples
        .iter()
        .map(|sample| sample.outcome.rate())
        .fold(0.0, f64::max);
    let mut table = Table::new(["connections", "server", "messages/s", "p50 ms", "p99 ms"]);
    for sample in samples {
        table = table.row([
            sample.connections.to_string(),
            sample.kind.to_string(),
            number(sample.outcome.rate()),
            number(millis(sample, 0.5)),
            number(millis(sample, 0.99)),
        ]);
    }
    report
        .headline(Figure::new("echoed lines", best, "messages/s"))
        .heading("How fast, with how many connections")
        .text(
            "Each client sends a line, waits for the answer, and sends the next; so with more clients \
             there is more to do at once. The clients run on the same processors and take about half \
             of them.",
        )
        .chart(
            lines("Messages a second by connections", "messages/s", samples, |sample| {
                sample.outcome.rate()
            }),
        )
        .chart(
            lines("99 of 100 answers came within", "ms", samples, |sample| millis(sample, 0.99))
                .log_y(),
        )
        .table(table)
}

fn memory(report: Report, samples: &[Sample], most: usize) -> Report {
    let last: Vec<&Sample> = samples
        .iter()
        .filter(|sample| sample.connections == most)
        .collect();
    let kib = |bytes: f64| bytes / 1_024.0;
    let of = |bytes: fn(&Sample) -> f64| last.iter().map(|sample| kib(bytes(sample))).collect();
    let mut table = Table::new(["server", "process KiB", "kernel KiB", "threads"]);
    for sample in &last {
        table = table.row([
            sample.kind.to_string(),
            format!("{:.2}", kib(sample.process_bytes)),
            format!("{:.2}", kib(sample.kernel_bytes)),
            sample.threads.to_string(),
        ]);
    }
    report
        .heading("What a waiting connection costs")
        .text(format!(
            "Memory for each of {most} connections that have been answered once and are silent now. \
             The kernel's part is the growth of the whole machine's slabs, kernel stacks and page \
             tables, and holds the client's socket as well.",
        ))
        .chart(
            Chart::bars(format!("KiB for each of {most} silent connections"))
                .y("KiB")
                .groups(last.iter().map(|sample| sample.kind.name()))
                .bars_of("process", of(|sample| sample.process_bytes))
                .bars_of("kernel, both ends", of(|sample| sample.kernel_bytes)),
        )
        .table(table)
}

/// A line for each server over the number of connections.
fn lines(title: &str, unit: &str, samples: &[Sample], value: fn(&Sample) -> f64) -> Chart {
    let chart = Chart::lines(title).x("connections").y(unit).log_x();
    Kind::ALL.into_iter().fold(chart, |chart, kind| {
        let own = samples.iter().filter(|sample| sample.kind == kind);
        let points = own.map(|sample| (sample.connections as f64, value(sample)));
        chart.series(kind.name(), points.collect())
    })
}

fn millis(sample: &Sample, quantile: f64) -> f64 {
    sample.outcome.latency.quantile(quantile) as f64 / 1e6
}
