//! What a task costs: to spawn and join one, and to let others go first.

use std::hint::black_box;

use async_futures::{Error, Executor, TaskError, spawn, yield_now};
use labkit::chart::Chart;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report};
use labkit::run::Run;
use labkit::stats::median;

const ROUNDS: usize = 5;

/// Nanoseconds for a task and for a yield, ours and tokio's.
pub(super) fn of_a_task(report: Report, run: &Run) -> Result<Report, Error> {
    let count = run.size(100_000, 20_000);
    let executor = Executor::builder().workers(2).build()?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    let (mut ours, mut theirs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut sums = Vec::new();
    for _ in 0..ROUNDS {
        let watch = Stopwatch::start();
        sums.push(executor.block_on(executor.spawn(spawn_and_join(count)))??);
        ours[0].push(per_item(watch, count));
        let watch = Stopwatch::start();
        executor.block_on(executor.spawn(yields(count)))?;
        ours[1].push(per_item(watch, count));
        let watch = Stopwatch::start();
        let sum = tokio.block_on(tokio.spawn(tokio_spawn_and_join(count)));
        sums.push(sum.map_err(std::io::Error::other)?);
        theirs[0].push(per_item(watch, count));
        let watch = Stopwatch::start();
        let yielded = tokio.block_on(tokio.spawn(async move {
            for _ in 0..count {
                tokio::task::yield_now().await;
            }
        }));
        yielded.map_err(std::io::Error::other)?;
        theirs[1].push(per_item(watch, count));
    }
    let (ours, theirs) = (ours.map(|it| median(&it)), theirs.map(|it| median(&it)));
    let right = count * (count - 1) / 2;
    Ok(report
        .headline(Figure::new("spawn and join", ours[0], "ns"))
        .check(
            "every task returned what it was given",
            sums.iter().all(|sum| *sum == right),
            format!("{} times {count} tasks", 2 * ROUNDS),
        )
        .heading("What a task costs")
        .text(
            "A task is spawned and joined, and a task lets all others go first, on two threads each. \
             This build is for development; the benches compare in release.",
        )
        .chart(
            Chart::bars("Median of five rounds")
                .y("ns")
                .groups(["spawn and join", "yield"])
                .bars_of("executor", ours.into())
                .bars_of("tokio", theirs.into()),
        ))
}

async fn spawn_and_join(count: u64) -> Result<u64, TaskError> {
    let tasks: Vec<_> = (0..count)
        .map(|task| spawn(async move { black_box(task) }))
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await?;
    }
    Ok(sum)
}

async fn tokio_spawn_and_join(count: u64) -> u64 {
    let tasks: Vec<_> = (0..count)
        .map(|task| tokio::spawn(async move { black_box(task) }))
        .collect();
    let mut sum = 0;
    for task in tasks {
        // A task that is lost is missed in the sum.
        sum += task.await.unwrap_or(0);
    }
    sum
}

async fn yields(count: u64) {
    for _ in 0..count {
        yield_now().await;
    }
}

fn per_item(watch: Stopwatch, count: u64) -> f64 {
    1e9 * watch.seconds() / count as f64
}
