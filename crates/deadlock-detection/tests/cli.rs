//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::io::Write;
use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(60);

fn run(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
    wait::within(LIMIT, move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deadlock-detection"));
        command
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn succeeds(arguments: &[&str], saying: &[&str]) {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    for expected in saying {
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

fn is_refused(arguments: &[&str], because: &str) {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(
        said.starts_with("error: ") && said.contains(because),
        "{arguments:?}: {said}"
    );
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn philosophers_dine() {
    succeeds(
        &["philosophers", "3", "--meals", "50"],
        &["150 of 150 meals", "fork 0"],
    );
    succeeds(
        &["philosophers", "7", "--meals", "50", "--ordered"],
        &["350 of 350 meals"],
    );
}

#[test]
fn a_bank_keeps_its_sum() {
    for policy in ["youngest", "lowest-priority", "least-work", "requester"] {
        let flags = [
            "bank",
            "--rows",
            "2",
            "--tellers",
            "4",
            "--transfers",
            "50",
            "--policy",
            policy,
        ];
        succeeds(&flags, &["2000 before, 2000 after"]);
    }
}

#[test]
fn a_banker_decides() {
    let textbook = [
        "P1 P3 P4 P0 P2",
        "not enough is free",
        "the state would be unsafe",
    ];
    succeeds(&["banker"], &textbook);
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    let text = "available 1 # one tape\nprocess A has 1 claims 2\nrequest A 1\n";
    file.write_all(text.as_bytes()).expect("it is written");
    let path = file.path().to_str().expect("a path of text");
    succeeds(&["banker", path], &["granted; safe order A"]);
}

#[test]
fn a_banker_refuses_what_it_cannot_read() {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(b"available 1\nprocess A has 2 claims 1\n")
        .expect("it is written");
    let path = file.path().to_str().expect("a path of text").to_owned();
    is_refused(
        &["banker", &path],
        "line 2: A has 2 of resource 0, but claims at most 1",
    );
    is_refused(&["banker", "no/such/file"], "cannot read no/such/file");
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(b"available 1\nprocess A has 0 claims 1\nrequest A 2\n")
        .expect("it is written");
    let path = file.path().to_str().expect("a path of text").to_owned();
    is_refused(
        &["banker", &path],
        "A has 2 of resource 0, but claims at most 1",
    );
}

#[test]
fn a_graph_is_drawn_at_the_moment_of_the_cycle() {
    succeeds(
        &["graph", "--dot"],
        &[
            "digraph wait_for",
            "label=\"fork 0\"",
            "style=dashed",
            "color=red",
        ],
    );
    succeeds(
        &["graph", "5", "--svg"],
        &["<svg xmlns=", "a cycle of 5 threads", "edge wait hot"],
    );
}

#[test]
fn a_cluster_breaks_its_ring_and_survives_a_kill() {
    succeeds(
        &["cluster", "--nodes", "4"],
        &["4 of 4 done", "0/5 handed on, 1/5 lost"],
    );
}

#[test]
fn an_oracle_judges_and_says_how_many() {
    succeeds(
        &["oracle", "--schedules", "50", "--seed", "7"],
        &["misses no deadlock and reports no other (50 schedules"],
    );
}

#[test]
fn impossible_wishes_are_refused() {
    is_refused(
        &["philosophers", "1"],
        "the number of philosophers must be 2 to 500, not 1",
    );
    is_refused(&["philosophers", "501"], "not 501");
    is_refused(
        &["philosophers", "2", "--meals", "0"],
        "the number of meals must be 1",
    );
    is_refused(&["bank", "--rows", "1"], "the number of rows must be 2");
    is_refused(
        &["bank", "--tellers", "0"],
        "the number of tellers must be 1 to 1000, not 0",
    );
    is_refused(
        &["oracle", "--schedules", "0"],
        "the number of schedules must be 1",
    );
    is_refused(&["bank", "--policy", "dice"], "possible values");
    is_refused(
        &["cluster", "--nodes", "2"],
        "the number of nodes must be 3 to 16, not 2",
    );
    is_refused(&["node", "16"], "the node's number must be 0 to 15, not 16");
    is_refused(&["graph", "--dot", "--svg"], "cannot be used with");
    is_refused(&["dance"], "unrecognized subcommand");
}

#[test]
fn the_demo_finds_all_checks_met() {
    let output = run(&["--quick", "--seed", "1"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert_eq!(report.matches('✓').count(), 9, "{report}");
}
