//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(60);

fn run(arguments: &'static [&str]) -> Output {
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_producer-consumer"))
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
fn a_load_is_run_and_reported_on_every_buffer() {
    let well = "5,000 received, 0 lost, 0 doubled, 0 out of order";
    succeeds(&["run", "--items", "5000"], well);
    succeeds(
        &["run", "-b", "spsc", "--items", "5000", "--batch", "4"],
        well,
    );
    succeeds(
        &[
            "run", "-b", "mpmc", "-p", "3", "-r", "2", "-i", "5000", "-c", "1",
        ],
        well,
    );
    succeeds(&["run", "-b", "semaphores", "-i", "5000"], well);
    succeeds(&["run", "-b", "segmented", "-i", "5000"], well);
}

#[test]
fn stress_accounts_for_every_item() {
    succeeds(
        &["stress", "--items", "20000"],
        "segmented: none lost, none doubled, none overtaken (20,000 received, 0 lost",
    );
}

#[test]
fn the_demo_ends_well() {
    succeeds(&["--quick", "--seed", "1"], "on 5 buffers");
}

#[test]
fn impossible_buffers_are_refused() {
    is_refused(&["run", "--capacity", "0"], "a channel needs room for 1 to");
    is_refused(&["run", "--capacity", "16777217"], "not 16777217");
    is_refused(
        &["stress", "--capacity", "0"],
        "a channel needs room for 1 to",
    );
    is_refused(&["run", "--buffer", "bucket"], "possible values");
}

#[test]
fn impossible_loads_are_refused() {
    is_refused(&["run", "-p", "0"], "1 to 64 producers, not 0");
    is_refused(&["run", "-r", "65"], "1 to 64 consumers, not 65");
    is_refused(&["run", "-b", "spsc", "-p", "2"], "take mpmc");
    is_refused(&["run", "--items", "0"], "not 0");
    is_refused(&["run", "--items", "many"], "invalid digit");
    is_refused(&["run", "--batch", "11"], "room for (10), not 11");
    is_refused(
        &["stress", "--items", "10000000000"],
        "can't be accounted for in memory",
    );
    is_refused(&["dig"], "unrecognized subcommand");
}
