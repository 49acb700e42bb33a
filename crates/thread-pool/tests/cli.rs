//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(60);

fn run(arguments: &'static [&str]) -> Output {
    wait::within(LIMIT, move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thread-pool"));
        command
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn succeeds(arguments: &'static [&str], saying: &str) {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(saying), "{arguments:?}: {said}");
}

fn is_refused(arguments: &'static [&str], because: &str) {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn a_load_is_run_and_reported() {
    succeeds(&["run", "--jobs", "5000", "--threads", "2"], "5000 of 5000");
    succeeds(
        &[
            "run",
            "--jobs",
            "5000",
            "--scheduler",
            "shared",
            "--panic-every",
            "100",
        ],
        "50 panics",
    );
    succeeds(
        &[
            "run",
            "--jobs",
            "500",
            "--queue",
            "1",
            "--overflow",
            "caller",
            "--work",
            "5",
        ],
        "500 of 500",
    );
    succeeds(
        &[
            "run",
            "--jobs",
            "500",
            "--queue",
            "1",
            "--overflow",
            "reject",
        ],
        "every job ran exactly once or was handed back (500 of 500)",
    );
}

#[test]
fn forks_are_run_and_reported() {
    succeeds(&["fib", "20"], "fib(20) = 6765");
    succeeds(&["fib", "0", "--threads", "1"], "fib(0) = 0");
    succeeds(&["fib", "12", "--scheduler", "shared"], "fib(12) = 144");
}

#[test]
fn impossible_pools_are_refused() {
    is_refused(
        &["run", "--threads", "0"],
        "a pool needs 1 to 1024 threads, not 0",
    );
    is_refused(&["fib", "20", "--threads", "1025"], "not 1025");
    is_refused(&["run", "--queue", "0"], "room for at least 1 job");
}

#[test]
fn impossible_loads_are_refused() {
    is_refused(&["run", "--jobs", "0"], "1..=100000000");
    is_refused(&["run", "--jobs", "many"], "invalid digit");
    is_refused(&["run", "--work", "1000001"], "1000000");
    is_refused(&["fib", "46"], "45");
    is_refused(&["run", "--overflow", "explode"], "possible values");
    is_refused(&["dig"], "unrecognized subcommand");
}
