//! Tests that can't run here say so, and why.
//!
//! A test that silently does nothing looks like one that passed. One that calls [`because`] and
//! returns is counted and listed by the runner at its end. Never for a test that could run.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// The environment variable with the file to which skipped tests add a line each.
pub const FILE_VARIABLE: &str = "LAB_SKIPPED";
/// When it is set, whatever a test needs must be there: skipping is a failure.
pub const REQUIRE_VARIABLE: &str = "LAB_REQUIRE_REAL";

/// Notes that the calling test is skipped; the reason says what is missing and how to get it.
///
/// # Panics
/// If the run requires everything to be there (`LAB_REQUIRE_REAL`).
pub fn because(reason: &str) {
    let current = thread::current();
    let line = format!("{}: {reason}\n", current.name().unwrap_or("a test"));
    assert!(
        env::var_os(REQUIRE_VARIABLE).is_none(),
        "required, but skipped: {line}"
    );
    eprint!("skipped: {line}");
    let Some(path) = env::var_os(FILE_VARIABLE) else {
        return;
    };
    // One write of one line: test processes side by side don't mix theirs.
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        eprintln!("the skipped test could not be noted: {error}");
    }
}
