//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(120);

fn lab(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_feedback-control"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn is_refused(arguments: &[&str], because: &str) {
    let output = lab(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

fn is_refused_in_one_line(arguments: &[&str], because: &str) {
    is_refused(arguments, because);
    let said = lab(arguments).stderr;
    assert_eq!(String::from_utf8_lossy(&said).lines().count(), 1);
}

#[test]
fn the_demo_is_the_same_for_the_same_seed_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    let reports: Vec<Vec<u8>> = ["a", "b"]
        .iter()
        .map(|name| {
            let file = folder.path().join(name);
            let path = file.to_str().unwrap();
            let output = lab(&["--quick", "--seed", "7", "--json", path]);
            assert!(output.status.success(), "{output:?}");
            fs::read(file).unwrap()
        })
        .collect();
    assert!(reports[0].len() > 10_000);
    assert!(reports[0] == reports[1], "two runs with one seed differ");
}

#[test]
fn one_run_and_a_comparison_are_reported() {
    for controller in ["threshold", "pid", "target-tracking", "predictive"] {
        let output = lab(&["simulate", "--controller", controller, "--cycles", "50"]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(said.contains("server-hours"), "{said}");
    }
    let output = lab(&[
        "compare",
        "--traffic",
        "step",
        "--cycles",
        "300",
        "--seed",
        "1",
    ]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("clairvoyant pays"),
        "{said}"
    );
}

#[test]
fn printed_traffic_can_be_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.csv");
    let printed = lab(&[
        "traffic",
        "--traffic",
        "diurnal",
        "--cycles",
        "100",
        "--seed",
        "4",
    ]);
    assert!(printed.status.success());
    fs::write(&file, &printed.stdout).unwrap();
    let path = file.to_str().unwrap();
    let output = lab(&["compare", "--trace", path]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn limits_that_exclude_each_other_are_refused() {
    is_refused_in_one_line(
        &["simulate", "--min", "5", "--max", "3"],
        "at least 5 servers and at most 3",
    );
    is_refused_in_one_line(&["simulate", "--min", "0"], "--min is 0");
    is_refused_in_one_line(&["simulate", "--max", "1001"], "--max is 1001");
    is_refused_in_one_line(
        &["simulate", "--max", "5", "--servers", "6"],
        "outside 1 to 5",
    );
    is_refused_in_one_line(&["live", "--max", "5"], "give --max 1 to 4");
    is_refused_in_one_line(&["live", "--max", "0"], "--max is 0");
}

#[test]
fn no_cycles_and_impossible_rates_are_refused() {
    is_refused_in_one_line(&["simulate", "--cycles", "0"], "0 cycles");
    is_refused_in_one_line(&["compare", "--cycles", "1000001"], "1000001 cycles");
    is_refused_in_one_line(&["simulate", "--rate", "-1"], "the rate is -1");
    is_refused_in_one_line(&["simulate", "--rate", "NaN"], "the rate is NaN");
    is_refused_in_one_line(&["simulate", "--rate", "inf"], "the rate is inf");
    is_refused_in_one_line(&["simulate", "--slo", "0"], "--slo is 0");
    is_refused_in_one_line(&["simulate", "--slo", "NaN"], "--slo is NaN");
    is_refused_in_one_line(&["simulate", "--start-up", "101"], "start-up delay is 101");
    is_refused_in_one_line(&["compare", "--cycles", "900000"], "states");
    is_refused(&["simulate", "--rate", "many"], "invalid float");
    is_refused(&["simulate", "--controller", "magic"], "possible values");
}

#[test]
fn a_malformed_trace_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.csv");
    fs::write(&file, "cycle,rate\n0,10\n1,ten\n").unwrap();
    let path = file.to_str().unwrap();
    is_refused_in_one_line(&["compare", "--trace", path], "bad.csv:3: rate \"ten\"");
    fs::write(&file, "cycle,rate\n").unwrap();
    is_refused_in_one_line(&["compare", "--trace", path], "0 cycles");
    fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    is_refused_in_one_line(&["compare", "--trace", path], "cannot read");
    let missing = folder.path().join("none.csv");
    is_refused_in_one_line(
        &["compare", "--trace", missing.to_str().unwrap()],
        "cannot read",
    );
}
