//! The default run: the same words to four servers, then ever more connections, then an end.

mod cost;
mod rules;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use labkit::report::Report;
use labkit::run::Run;
use tcp_server::Error;
use tcp_server::load::{Load, allow_open_files, connections_with};

/// Numbers of connections that are measured, below the one that is asked for.
const LADDER: [usize; 4] = [1, 10, 100, 1_000];
/// The demo's last number, if the system allows as many open files.
const MOST: usize = 10_000;
/// How long the demo measures each server with each number: at least one round for everybody.
const MOMENT: Duration = Duration::from_millis(120);

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
    let most = MOST.min(connections_with(allow_open_files()));
    let ladder = run.size(steps_to(most), vec![10, 300]);
    let report = cost::ladder(report, run, &program()?, &ladder, MOMENT)?;
    let report = rules::never_reads(report)?;
    rules::nothing_left(report)
}

/// Measures all four up to a number of connections, and nothing else.
///
/// # Errors
/// As the demo; and at once if this process may not open so many connections.
pub(crate) fn compare(run: &Run, connections: usize, time: Duration) -> Result<Report, Error> {
    let load = Load {
        connections,
        ..Load::default()
    };
    load.check()?;
    let title = format!("Four servers, up to {connections} connections");
    let report = Report::new("tcp-server", title);
    cost::ladder(report, run, &program()?, &steps_to(connections), time)
}

fn steps_to(most: usize) -> Vec<usize> {
    let below = LADDER.into_iter().filter(|step| *step < most);
    below.chain([most]).collect()
}

/// This program; it is its own server in other processes.
fn program() -> Result<PathBuf, Error> {
    Ok(env::current_exe()?)
}
