//! The program itself: what it prints, and how it answers bad input.

use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(60);

fn lab(arguments: &'static [&str]) -> Output {
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_astrolabe-monitoring"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

#[test]
fn words_are_counted() {
    let output = lab(&["count", "to", "be", "be"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "be 2\n");
}

#[test]
fn no_words_are_refused_in_one_line() {
    let output = lab(&["count"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: no words"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_demo_ends_well() {
    let output = lab(&["--quick", "--seed", "1"]);
    assert!(output.status.success(), "{output:?}");
}
