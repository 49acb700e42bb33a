//! What several test files need: engines in temporary folders, and answers that are close enough.

#![expect(dead_code, reason = "each test file uses its own part of this")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use labkit::process::Child;
use labkit::wait;
use metrics_logging::config::Config;
use metrics_logging::engine::{Engine, Written};
use metrics_logging::line::Precision;
use metrics_logging::point::Sample;
use metrics_logging::query::{Group, Query};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_metrics-logging");

pub(crate) fn engine(folder: &Path) -> Engine {
    Engine::open(folder, Config::default()).expect("the folder is free")
}

/// Writes lines at a time of day of zero.
pub(crate) fn write(engine: &Engine, lines: &str) -> Written {
    let written = engine.write(lines.as_bytes(), Precision::NANOSECONDS, 0);
    written.expect("it can be written")
}

/// All samples of a series, as rows.
pub(crate) fn rows(engine: &Engine, measurement: &str, field: &str) -> Vec<(i64, f64)> {
    let query = Query::new(measurement, field, i64::MIN..i64::MAX);
    let groups = engine.query(&query).expect("it can be answered");
    groups.into_iter().flat_map(|group| group.rows).collect()
}

pub(crate) fn sample(time: i64, value: f64) -> Sample {
    Sample { time, value }
}

/// Whether two answers are the same but for the last bits of sums.
pub(crate) fn agree(a: &[Group], b: &[Group]) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.tags == b.tags
                && a.rows.len() == b.rows.len()
                && a.rows
                    .iter()
                    .zip(&b.rows)
                    .all(|(a, b)| a.0 == b.0 && close(a.1, b.1))
        })
}

/// A server of its own process, and where it listens.
pub(crate) fn serve(folder: &Path, more: &[&str]) -> (Child, SocketAddr) {
    let mut command = Command::new(PROGRAM);
    command
        .args(["serve", "--data"])
        .arg(folder)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Child::spawn(command).expect("the program starts");
    let stdout = child.take_stdout().expect("it is piped");
    let line = wait::within(PATIENCE, || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        line
    });
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .expect("an address");
    (child, address.parse().expect("an address"))
}
