//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(60);

fn run(arguments: &'static [&str]) -> Output {
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_resource-allocation"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn says(arguments: &'static [&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn is_refused(arguments: &'static [&str], because: &str) {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

fn is_refused_in_one_line(arguments: &'static [&str], because: &str) {
    is_refused(arguments, because);
    let said = run(arguments).stderr;
    assert_eq!(
        String::from_utf8_lossy(&said).lines().count(),
        1,
        "{arguments:?}"
    );
}

#[test]
fn the_paper_can_be_asked_for() {
    let said = says(&[
        "share",
        "cpu=9,memory=18",
        "A:cpu=1,memory=4",
        "B:cpu=3,memory=1",
        "--tasks",
    ]);
    assert!(said.contains("A runs 3, B runs 2 tasks"), "{said}");
}

#[test]
fn every_rule_can_be_asked_for() {
    for (arguments, row) in [
        (
            &[
                "share", "cpu=10", "a:cpu=8", "b:cpu=8", "--policy", "greedy",
            ],
            "b 2",
        ),
        (
            &[
                "share", "cpu=10", "a:cpu=8", "b:cpu=8", "--policy", "max-min",
            ],
            "b 5",
        ),
        (
            &[
                "share",
                "cpu=10",
                "a:cpu=8,weight=4",
                "b:cpu=8",
                "--policy",
                "proportional",
            ],
            "b 2",
        ),
        (
            &[
                "share",
                "cpu=10",
                "a:cpu=8,weight=4",
                "b:cpu=8",
                "--policy",
                "drf",
            ],
            "b 2",
        ),
        (
            &[
                "share",
                "cpu=10",
                "a:cpu=8,min.cpu=1",
                "b:cpu=9,priority=1",
                "--policy",
                "priority",
            ],
            "b 9",
        ),
    ] as [(&'static [&str], &str); 5]
    {
        let said = says(arguments);
        let rows = said
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let found = rows.into_iter().any(|line| line.starts_with(row));
        assert!(found, "{arguments:?}: {said}");
    }
}

#[test]
fn the_same_seed_is_the_same_report_to_the_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = |name: &str| -> Vec<u8> {
        let page = folder.path().join(name);
        let output = Command::new(env!("CARGO_BIN_EXE_resource-allocation"))
            .args(["--seed", "7", "--json"])
            .arg(Path::new(&page))
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        [output.stdout, fs::read(page).expect("it was written")].concat()
    };
    assert_eq!(demo("first"), demo("second"));
}

#[test]
fn the_demo_finds_all_checks_met_whatever_the_seed() {
    for seed in [["--seed", "1"], ["--seed", "2"], ["--seed", "3"]] {
        let output = wait::within(LIMIT, move || {
            Command::new(env!("CARGO_BIN_EXE_resource-allocation"))
                .args(["--quick"])
                .args(seed)
                .output()
                .expect("the program starts")
        });
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}");
        assert_eq!(report.matches('✓').count(), 6, "{report}");
    }
}

#[test]
fn a_simulation_can_be_asked_for() {
    let said = says(&[
        "simulate",
        "--services",
        "30",
        "--cycles",
        "20",
        "--seed",
        "4",
    ]);
    assert!(said.contains("30 services"), "{said}");
    says(&[
        "simulate",
        "--services",
        "1",
        "--cycles",
        "1",
        "--seed",
        "4",
    ]);
}

#[test]
fn demand_beyond_capacity() {
    is_refused_in_one_line(
        &["share", "cpu=100", "web:cpu=120"],
        "web demands 120 of cpu, of which there are 100",
    );
}

#[test]
fn weights_that_are_none() {
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=1,weight=0"],
        "the weight of a is 0",
    );
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=1,weight=-2"],
        "the weight of a is -2",
    );
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=1,weight=NaN"],
        "the weight of a is NaN",
    );
}

#[test]
fn minima_beyond_capacity() {
    is_refused_in_one_line(
        &["share", "cpu=100", "a:min.cpu=60", "b:min.cpu=70"],
        "the minima of cpu add up to 130, of which there are 100",
    );
}

#[test]
fn what_is_no_quantity() {
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=NaN"],
        "the demand of a for cpu is NaN",
    );
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=-1"],
        "the demand of a for cpu is -1",
    );
    is_refused_in_one_line(
        &["share", "cpu=NaN", "a:cpu=1"],
        "the capacity of cpu is NaN",
    );
    is_refused_in_one_line(&["share", "cpu=0", "a:cpu=1"], "the capacity of cpu is 0");
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=much"],
        "\"much\" is not a number",
    );
}

#[test]
fn what_is_not_there() {
    is_refused_in_one_line(&["share", "cpu=9", "a:gpu=1"], "not a kind of resource");
    is_refused_in_one_line(
        &["share", "cpu=9", "a:cpu=1", "a:cpu=2"],
        "a is there twice",
    );
    is_refused_in_one_line(&["share", "cpu", "a:cpu=1"], "not a pool");
    is_refused(&["share", "cpu=9"], "required");
}

#[test]
fn simulations_that_cannot_be() {
    is_refused(&["simulate", "--services", "0"], "1..=1000");
    is_refused(&["simulate", "--cycles", "0"], "1..=10000");
    is_refused_in_one_line(&["simulate", "--low", "0.9"], "hysteresis needs");
    is_refused_in_one_line(&["simulate", "--headroom", "NaN"], "hysteresis needs");
}

#[test]
fn machines_that_cannot_be() {
    is_refused_in_one_line(&["live", "--cpus", "2"], "a part of a processor");
    is_refused_in_one_line(&["live", "--cpus", "NaN"], "a part of a processor");
    is_refused(&["live", "--memory", "1"], "16..=4096");
    is_refused(&["live", "--services", "0"], "1..=32");
}
