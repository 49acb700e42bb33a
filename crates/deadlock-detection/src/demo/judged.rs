//! The detector on trial: random schedules on real threads, and an oracle that knows no graphs.

use deadlock_detection::Error;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;

use super::empty;
use crate::actors::Troupe;

/// The least and the most schedules.
const SCHEDULES: (u64, u64) = (1, 10_000_000);

/// Some schedules, in the demo.
pub(super) fn schedules(report: Report, run: &Run) -> Result<Report, Error> {
    Ok(play(
        report.heading("Judged by brute force"),
        run.size(1_500, 200),
        run,
    ))
}

/// Schedules alone, as a report.
///
/// # Errors
/// If there are too few or too many.
pub(crate) fn oracle(schedules: usize, run: &Run) -> Result<Report, Error> {
    let schedules = Error::within("the number of schedules", schedules, SCHEDULES)?;
    Ok(play(empty(), schedules, run))
}

fn play(report: Report, schedules: usize, run: &Run) -> Report {
    let bar = run.bar("schedules", schedules as u64);
    let mut chance = run.rng("schedules");
    let mut troupe = Troupe::new();
    let watch = Stopwatch::start();
    let played = (0..schedules).try_for_each(|number| {
        bar.add(1);
        let played = troupe.play(&mut chance);
        played.map_err(|wrong| format!("schedule {number} of seed {}: {wrong}", run.seed))
    });
    let seconds = watch.seconds();
    bar.clear();
    let tally = troupe.tally;
    // After a mistake some threads wait for ever; they end with the program.
    if played.is_ok() {
        troupe.end();
    }
    let [done, waits, cycles] = [tally.schedules, tally.waits, tally.cycles].map(|it| it as f64);
    let table = Table::new(["schedules", "waits", "of them deadlocks", "seconds"]).row([
        number(done),
        number(waits),
        number(cycles),
        number(seconds),
    ]);
    report
        .check(
            "on real threads the detector misses no deadlock and reports no other",
            played.is_ok() && cycles > 0.0,
            played.err().unwrap_or_else(|| {
                format!("{} schedules, {} deadlocks", number(done), number(cycles))
            }),
        )
        .text(
            "Up to five threads take and give back up to five locks as chance will have it. An oracle that knows \
             no graphs tries every order in which the threads could still end, and so says after each step who \
             can't. The detector has to say the same, at once, and of nobody else.",
        )
        .table(table)
        .figure(Figure::new("schedules judged", done / seconds, "schedules/s"))
}
