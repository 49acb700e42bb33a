//! The task set that the lab began with, on four kinds of workers at the same time.

use std::path::Path;
use std::thread;
use std::time::Duration;

use async_futures::Error;
use async_futures::squares::{Done, Workers, square_all};
use labkit::chart::Timeline;
use labkit::report::{Report, Table};
use labkit::run::Run;

const NUMBERS: u64 = 5;

/// Numbers from 1, and how long each takes: the first the whole time, every next one a little less, the
/// last about half of it. So the order of completion isn't that of submission.
pub(crate) fn staggered(numbers: u64, takes: Duration) -> Vec<(u64, Duration)> {
    let count = u32::try_from(numbers).unwrap_or(u32::MAX).max(1);
    let step = takes / count / 2;
    (0..count)
        .zip(1..=numbers)
        .map(|(place, number)| (number, takes - step * place))
        .collect()
}

/// Five squares on each kind of workers.
pub(super) fn five(report: Report, run: &Run, program: &Path) -> Result<Report, Error> {
    let takes = run.size(Duration::from_secs(2), Duration::from_millis(400));
    let plan = staggered(NUMBERS, takes);
    let all = on_all(&plan, program)?;
    let mut timeline = Timeline::new("Five squares on four kinds of workers", "s");
    let mut table = Table::new(["on", "workers", "done in this order", "after s"]);
    let (mut right, mut ordered, mut together) = (true, true, false);
    for (workers, done) in &all {
        for number in 1..=NUMBERS {
            let lane = timeline.lanes.len();
            timeline = timeline.lane(format!("{} {number}", workers.name()));
            for it in done.iter().filter(|it| it.number == number) {
                let span = (it.span.0.as_secs_f64(), it.span.1.as_secs_f64());
                timeline = timeline.span(lane, span, it.square.to_string(), workers.name());
            }
        }
        right &= done.len() == plan.len() && done.iter().all(|it| it.square == it.number.pow(2));
        ordered &= done.is_sorted_by_key(|it| it.span.1);
        // All have begun before the first one is done. (When a process begins, only it knows.)
        if *workers == Workers::Executor {
            let last_begun = done.iter().map(|it| it.span.0).max();
            together = last_begun < done.iter().map(|it| it.span.1).min();
        }
        table = table.row(summary(*workers, done));
    }
    Ok(report
        .check("every number was squared, on all of them", right, "4 times 5 squares")
        .check("results came in the order of completion", ordered, "by the time of each")
        .check("all five tasks were under way at once",together,"on two threads, of the executor")
        .heading("Five squares")
        .text(format!(
            "The first number takes {} s, each next one a tenth of that less. A thread or a process \
             stands still for its number; a task of the executor stands nowhere.",
            takes.as_secs_f64()
        ))
        .timeline(timeline)
        .table(table))
}

/// All kinds at the same time: they only wait, so none is in the others' way.
fn on_all(plan: &[(u64, Duration)], program: &Path) -> Result<Vec<(Workers, Vec<Done>)>, Error> {
    thread::scope(|scope| {
        let running = Workers::ALL.map(|workers| {
            let work = move || square_all(workers, plan, program).map(|done| (workers, done));
            scope.spawn(work)
        });
        let results = running.map(|thread| match thread.join() {
            Ok(result) => result,
            Err(payload) => std::panic::resume_unwind(payload),
        });
        results.into_iter().collect()
    })
}

fn summary(workers: Workers, done: &[Done]) -> [String; 4] {
    let count = workers.count(done.len());
    let what = match workers {
        Workers::Processes => "processes",
        Workers::Executor | Workers::Threads => "threads",
        Workers::Tokio => "thread",
    };
    let squares: Vec<String> = done.iter().map(|it| it.square.to_string()).collect();
    let last = done.last().map_or(0.0, |it| it.span.1.as_secs_f64());
    [
        workers.name().to_owned(),
        format!("{count} {what}"),
        squares.join(", "),
        format!("{last:.2}"),
    ]
}
