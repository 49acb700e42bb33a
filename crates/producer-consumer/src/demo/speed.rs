//! What the five buffers cost: who waits how long, and how many items a second go through.

use labkit::chart::Chart;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use producer_consumer::load::{self, Load};
use producer_consumer::{Error, Kind};

use super::ROOM;
use crate::cli::{seen, waits};

/// Room that a program would give such a buffer.
const AMPLE: usize = 1024;
/// Threads on each side.
const THREADS: [usize; 3] = [1, 2, 4];

/// How often and how long each side waits at a buffer of ten.
pub(super) fn waiting(report: Report, run: &Run) -> Result<Report, Error> {
    let load = Load {
        capacity: ROOM,
        producers: 1,
        consumers: 1,
        items: run.size(100_000, 20_000),
        batch: 1,
    };
    let mut table = Table::new(["side", "times waited", "median µs", "99 % µs", "longest µs"]);
    let mut shares = [Vec::new(), Vec::new()];
    for kind in Kind::ALL {
        let outcome = load::run(kind, load, |_| ())?;
        let sides = [
            ("producer", &outcome.send_waits),
            ("consumer", &outcome.recv_waits),
        ];
        for ((side, times), shares) in sides.into_iter().zip(&mut shares) {
            table = table.row(waits(format!("{kind} {side}"), times));
            let waited = times.mean() * times.count() as f64 / 1e9;
            shares.push(100.0 * waited / outcome.seconds);
        }
    }
    let [producer, consumer] = shares;
    Ok(report
        .heading("Who waits")
        .text(format!(
            "One producer and one consumer that do nothing else, and room for {ROOM}: each is always at \
             the other's heels. A segmented queue has no bound, so its producer never waits, and its \
             consumer is the one who is behind.",
        ))
        .chart(
            Chart::bars("Time spent waiting")
                .y("% of the run")
                .groups(Kind::ALL.map(|kind| kind.to_string()))
                .bars_of("producer", producer)
                .bars_of("consumer", consumer),
        )
        .table(table))
}

/// Items a second through each buffer, by the number of threads.
pub(super) fn throughput(report: Report, run: &Run) -> Result<Report, Error> {
    let items = run.size(1_000_000, 100_000);
    let mut chart = Chart::lines(format!("Items a second, room for {AMPLE}"))
        .x("threads on each side")
        .y("items/s")
        .log_y();
    let mut table = Table::new(["buffer", "1 to 1", "2 to 2", "4 to 4", "1 to 1, by 64"]);
    let (mut best, mut wrong, mut total) = (0.0_f64, Vec::new(), 0);
    for kind in Kind::ALL {
        let mut measure = |threads, batch| {
            let load = Load {
                capacity: AMPLE,
                producers: threads,
                consumers: threads,
                items,
                batch,
            };
            let outcome = load::run(kind, load, |_| ())?;
            total += items;
            if !outcome.findings.all_is_well() {
                wrong.push(format!("{kind}: {}", seen(&outcome.findings)));
            }
            let rate = items as f64 / outcome.seconds;
            best = best.max(rate);
            Ok::<f64, Error>(rate)
        };
        let mut row = vec![kind.to_string()];
        let mut line = Vec::new();
        for threads in THREADS {
            if threads > 1 && !kind.is_shared() {
                row.push("–".to_owned());
                continue;
            }
            let rate = measure(threads, 1)?;
            line.push((threads as f64, rate));
            row.push(number(rate));
        }
        row.push(number(measure(1, 64)?));
        table = table.row(row);
        chart = chart.series(kind.to_string(), line);
    }
    let said = match wrong.as_slice() {
        [] => format!("{} items, 0 lost, 0 doubled", number(total as f64)),
        wrong => wrong.join("; "),
    };
    Ok(report
        .headline(Figure::new("items per second, at best", best, "items/s"))
        .check(
            "every item arrived once, and nobody's were overtaken by his own",
            wrong.is_empty(),
            said,
        )
        .heading("What it costs")
        .text(
            "Every item is accounted for while it is measured, so these are lower than a bench's. The \
             ring for two is only there for one thread on each side.",
        )
        .chart(chart)
        .table(table))
}
