//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(60);

fn lab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parallel-primes"));
    command.args(arguments);
    command
}

fn run(arguments: &'static [&str]) -> Output {
    wait::within(LIMIT, || {
        lab(arguments).output().expect("the program starts")
    })
}

fn prints(arguments: &'static [&str], expected: &str) {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{arguments:?}"
    );
}

fn is_refused(arguments: &'static [&str], because: &str) {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(
        said.starts_with("error: ") && said.contains(because),
        "{arguments:?}: {said}"
    );
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn counts_lists_and_finds() {
    prints(&["count", "1e6"], "78498\n");
    prints(&["count", "10", "1_000", "--threads", "3"], "164\n");
    prints(&["count", "7", "7"], "0\n");
    prints(&["count", "1e5", "--rung", "odd-bits"], "9592\n");
    prints(&["list", "2^5", "50"], "37\n41\n43\n47\n");
    prints(&["list", "0"], "");
    prints(&["nth", "10^6"], "15485863\n");
}

#[test]
fn ranges_that_end_before_they_start() {
    is_refused(&["count", "10", "9"], "after its end");
    is_refused(&["list", "2^64-1", "0"], "after its end");
}

#[test]
fn numbers_beyond_2_64() {
    is_refused(&["count", "0", "2^64"], "beyond 2^64-1");
    is_refused(&["list", "18446744073709551616"], "beyond 2^64-1");
    is_refused(&["nth", "1e20"], "beyond 2^64-1");
}

#[test]
fn what_is_no_number() {
    is_refused(&["count", "many"], "not a whole number");
    is_refused(&["count", "--", "-1"], "not a whole number");
    is_refused(&["list", "1.5e3"], "not a whole number");
}

#[test]
fn threads_that_cannot_be() {
    is_refused(&["count", "100", "--threads", "0"], "0 threads");
    is_refused(&["nth", "100", "--threads", "1025"], "1025 threads");
    is_refused(&["speedup", "100", "--threads", "0"], "0 threads");
}

#[test]
fn primes_that_are_not_there() {
    is_refused(&["nth", "0"], "no prime number 0");
    is_refused(&["nth", "2^63"], "below 2^64");
}

#[test]
fn a_rung_that_would_fill_the_memory() {
    is_refused(
        &["count", "1e18", "--rung", "eratosthenes"],
        "--rung wheel doesn't",
    );
    is_refused(
        &["count", "1e18", "--rung", "odd-bits"],
        "--rung wheel doesn't",
    );
    is_refused(
        &["count", "1e18", "--rung", "segmented"],
        "--rung wheel doesn't",
    );
}

#[test]
fn a_list_that_never_fits_is_streamed_and_may_be_cut_off() {
    wait::within(LIMIT, || {
        // All 64-bit primes: 4·10^17 lines. The reader takes three and closes the pipe.
        let mut child = lab(&["list", "0", "2^64-1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        for prime in ["2", "3", "5"] {
            assert_eq!(lines.next().expect("a line").expect("text"), prime);
        }
        drop(lines);
        let output = child.wait_with_output().expect("the program ends");
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_list_that_cannot_be_written_says_so() {
    wait::within(LIMIT, || {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let output = lab(&["list", "1e6"])
            .stdout(full)
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("error: cannot write the list: "), "{said}");
    });
}

#[test]
fn the_demo_finds_all_checks_met() {
    let output = run(&["--quick", "--seed", "1"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert_eq!(report.matches('✓').count(), 3, "{report}");
}
