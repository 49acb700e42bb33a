//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(120);

fn lab(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_replication-strategies"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn is_refused(arguments: &[&str], because: &str) {
    let output = lab(arguments);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
    assert!(words.starts_with("error: "), "{arguments:?}: {words}");
    assert!(words.contains(because), "{arguments:?}: {words}");
    assert_eq!(words.lines().count(), 1, "{arguments:?}: {words}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
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
    let some = ["--requests", "5000", "--seed", "1"];
    for kind in [
        "full", "single", "random", "demand", "hash", "lru", "adaptive",
    ] {
        let output = lab(&[&["simulate", "--strategy", kind], some.as_slice()].concat());
        assert!(output.status.success(), "{output:?}");
        assert!(said(&output).contains("$/million"), "{output:?}");
    }
    let regions = ["compare", "--regions", "london,tokyo", "--writes", "0.2"];
    let output = lab(&[regions.as_slice(), some.as_slice()].concat());
    assert!(output.status.success(), "{output:?}");
    assert!(
        said(&output).contains("adaptive to best other"),
        "{output:?}"
    );
}

#[test]
fn an_object_is_located() {
    let output = lab(&[
        "locate",
        "--strategy",
        "full",
        "--node",
        "4",
        "--object",
        "42",
    ]);
    assert!(output.status.success(), "{output:?}");
    let words = said(&output);
    assert!(
        words.contains("london's read of object 42 is served by itself"),
        "{words}"
    );
    assert_eq!(words.matches("holds it").count(), 10, "{words}");
    let output = lab(&[
        "locate",
        "--strategy",
        "hash",
        "--node",
        "4",
        "--object",
        "42",
    ]);
    assert_eq!(said(&output).matches("holds it").count(), 3, "{output:?}");
}

#[test]
fn more_replicas_than_nodes_are_refused() {
    is_refused(
        &["compare", "--replicas", "11"],
        "11 replicas need as many nodes, and there are 10",
    );
    is_refused(
        &[
            "simulate",
            "--strategy",
            "hash",
            "--regions",
            "london,tokyo",
            "--replicas",
            "3",
        ],
        "give --replicas 1 to 2",
    );
    is_refused(&["compare", "--replicas", "0"], "0 replicas");
}

#[test]
fn an_empty_catalogue_is_refused() {
    is_refused(&["compare", "--objects", "0"], "the catalogue is empty");
    is_refused(&["compare", "--objects", "1000001"], "--objects is 1000001");
}

#[test]
fn a_negative_skew_is_refused() {
    is_refused(
        &["simulate", "--skew", "-0.5"],
        "--skew is -0.5; give a number from 0 to 10",
    );
    is_refused(&["simulate", "--skew", "NaN"], "--skew is NaN");
    is_refused(&["simulate", "--skew", "inf"], "--skew is inf");
}

#[test]
fn a_node_that_isnt_there_is_refused() {
    is_refused(
        &["locate", "--node", "10", "--object", "1"],
        "node 10 isn't there; give 0 to 9",
    );
    is_refused(
        &["compare", "--regions", "london,atlantis"],
        "region \"atlantis\" isn't there",
    );
    is_refused(&["compare", "--regions", "london,london"], "named twice");
    is_refused(
        &["locate", "--node", "1", "--object", "1000"],
        "--object is 1000",
    );
}

#[test]
fn quantities_outside_their_ranges_are_refused() {
    is_refused(
        &["simulate", "--writes", "1.5"],
        "--writes is 1.5; give a share from 0 to 1",
    );
    is_refused(&["simulate", "--writes", "-0.1"], "--writes is -0.1");
    is_refused(&["simulate", "--local-taste", "2"], "--local-taste is 2");
    is_refused(&["simulate", "--budget", "NaN"], "--budget is NaN");
    is_refused(&["simulate", "--rate", "0"], "--rate is 0");
    is_refused(&["simulate", "--requests", "0"], "--requests is 0");
    is_refused(&["simulate", "--mbit", "0"], "the bandwidth is 0");
    is_refused(&["live", "--requests", "2001"], "--requests is 2001");
    is_refused(&["live", "--writes", "-1"], "--writes is -1");
}
