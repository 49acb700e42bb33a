//! The scenario as its users run it: a process, judged by its exit code, its report and what it leaves.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use labkit::process::Child;
use labkit::report::Report;
use labkit::services::http;
use labkit::wait;

const PROGRAM: &str = env!("CARGO_BIN_EXE_section-self-management");

#[test]
fn a_service_that_looks_after_itself_meets_a_crowd() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let json = file.clone();
    let output = wait::within(Duration::from_secs(90), move || {
        Command::new(PROGRAM)
            .args(["--quick", "--seed", "1", "--json"])
            .arg(json)
            .output()
            .unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    let report = Report::from_json(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(report.checks().len() >= 6);
    assert!(report.passed());
}

#[test]
fn its_page_is_there_while_it_lives_and_nothing_is_left_behind() {
    let (status, address) = wait::within(Duration::from_secs(60), || {
        let mut command = Command::new(PROGRAM);
        command.arg("live").stdout(Stdio::piped());
        let mut live = Child::spawn(command).unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(live.take_stdout().unwrap());
        out.read_line(&mut said).unwrap();
        let address = said.trim().strip_prefix("listening on http://").unwrap();
        let address: SocketAddr = address.parse().unwrap();
        assert!(http::get(address, "/").unwrap().text().contains("<html"));
        let question = http::percent_encoded("SELECT max(ready) FROM workers");
        let path = format!("/query?db=together&q={question}");
        let numbers = || http::get(address, &path).unwrap().text().contains("series");
        assert!(wait::until(Duration::from_secs(30), numbers));
        (live.stop(Duration::from_secs(10)).unwrap(), address)
    });
    assert!(status.success(), "{status}");
    assert!(http::get(address, "/").is_err());
}
