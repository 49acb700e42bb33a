//! What holds when tasks and processes go wrong.

use std::path::Path;
use std::time::Duration;

use async_futures::processes::{MAX_TRIES, ProcessPool};
use async_futures::squares::{Job, WORKER_COMMAND};
use async_futures::ticket;
use async_futures::{Error, Executor, TaskError, sleep, timeout};
use labkit::report::{Report, Table};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

/// Tasks that panic, never wake, are aborted; one worker has to live through all of it.
pub(super) fn tasks(report: Report) -> Result<Report, Error> {
    let executor = Executor::builder().workers(1).build()?;
    let panics = executor.spawn(async {
        // Without a word on stderr: the hook isn't called for a resumed panic.
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    let panicked: Result<(), TaskError> = executor.block_on(panics);
    let never = executor
        .spawn(std::future::pending::<()>())
        .cancel_on_drop();
    let late = executor.block_on(timeout(SHORT, never));
    let sleeper = executor.spawn(sleep(LONG));
    sleeper.abort();
    let aborted = executor.block_on(sleeper);
    let after = executor.block_on(executor.spawn(async { 6 * 7 }))?;
    let said = |result: &Result<(), TaskError>| match result {
        Ok(()) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    };
    let metrics = executor.metrics();
    let table = Table::new(["a task that", "its handle says"])
        .row(["panics".to_owned(), said(&panicked)])
        .row([
            "never wakes".to_owned(),
            late.as_ref().map_or_else(ToString::to_string, said),
        ])
        .row([
            "sleeps for an hour, and is aborted".to_owned(),
            said(&aborted),
        ])
        .row(["comes after all of them".to_owned(), after.to_string()]);
    let as_it_should = matches!(panicked, Err(TaskError::Panicked(_)))
        && late.is_err()
        && matches!(aborted, Err(TaskError::Aborted))
        && after == 42;
    Ok(report
        .heading("When it goes wrong")
        .check(
            "each handle heard of what became of its task",
            as_it_should,
            "4 of 4 as it should be",
        )
        .check(
            "no timer is left of what was dropped",
            metrics.timers == 0,
            format!("{} timers", metrics.timers),
        )
        .table(table))
}

/// Jobs whose processes are killed, and one that kills its own.
pub(super) fn processes(report: Report, program: &Path) -> Result<Report, Error> {
    let pool: ProcessPool<Job, u64> = ProcessPool::new(2, program, &[WORKER_COMMAND])?;
    let square = |number| Job::Square {
        number,
        takes_ms: 50,
    };
    let tickets: Vec<_> = (0..8).map(|number| pool.submit(&square(number))).collect();
    let victims = pool.processes();
    for id in &victims {
        // It fails only if the process is gone already, and then that is what we wanted.
        let _ = kill(Pid::from_raw(id.cast_signed()), Signal::SIGKILL);
    }
    let squares: Vec<_> = ticket::as_completed(tickets)
        .filter_map(|(number, square)| Some((number as u64, square.ok()?)))
        .collect();
    let right = squares
        .iter()
        .all(|(number, square)| *square == number * number);
    let killed = pool.restarts();
    let poison = pool.submit(&Job::Die).wait();
    let given_up = matches!(
        poison,
        Err(TaskError::GaveUp {
            tries: MAX_TRIES,
            ..
        })
    );
    let said = poison.map_or_else(|error| error.to_string(), |square| square.to_string());
    Ok(report
        .check(
            "a killed process costs no job",
            right && squares.len() == 8,
            format!(
                "{} of 8 squares, {killed} processes replaced",
                squares.len()
            ),
        )
        .check("a job that kills every process is given up", given_up, said))
}
