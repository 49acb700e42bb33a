//! The default run: the same words to four servers, then ever more connections, then an end.

mod cost;
mod rules;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use labkit::report::Report;
use labkit::run::Run;
use tcp_server::Error;

/// Numbers of connections that are measured, each as far as asked for.
const LADDER: [usize; 5] = [1, 10, 100, 1_000, 10_000];

/// Runs the demo.
///
/// # Errors
/// If the system refuses sockets, threads or the servers' processes.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let report = Report::new("tcp-server", "TCP server").lead(
        "One line protocol, four servers: a thread for each connection, a bounded pool, a readiness \
         loop on each core, and async tasks. They give the same answers. What differs is who waits, \
         and what waiting costs.",
    );
    let report = rules::same_answers(report)?;
    let ladder: &[usize] = run.size(&[1, 10, 100, 1_000, 3_000], &[10, 300]);
    let time = Duration::from_millis(run.size(250, 100));
    let report = cost::ladder(report, run, &program()?, ladder, time)?;
    let report = rules::never_reads(report)?;
    rules::nothing_left(report)
}

/// Measures all four up to a number of connections, and nothing else.
///
/// # Errors
/// As the demo; and if this process may not open so many connections.
pub(crate) fn compare(run: &Run, connections: usize, time: Duration) -> Result<Report, Error> {
    let below = LADDER.into_iter().filter(|step| *step < connections);
    let ladder: Vec<usize> = below.chain([connections]).collect();
    let title = format!("Four servers, up to {connections} connections");
    cost::ladder(
        Report::new("tcp-server", title),
        run,
        &program()?,
        &ladder,
        time,
    )
}

/// This program; it is its own server in other processes.
fn program() -> Result<PathBuf, Error> {
    Ok(env::current_exe()?)
}
