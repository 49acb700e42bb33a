//! The scenario as its users run it: a process, judged by its exit code and its report.

use std::process::Command;
use std::time::Duration;

use labkit::report::Report;
use labkit::wait;

#[test]
fn everything_that_was_asked_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let json = file.clone();
    let output = wait::within(Duration::from_secs(60), move || {
        Command::new(env!("CARGO_BIN_EXE_section-processes"))
            .args(["--quick", "--seed", "1", "--json"])
            .arg(json)
            .output()
            .unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    let report = Report::from_json(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(report.checks().len() >= 4);
    assert!(report.passed());
}
