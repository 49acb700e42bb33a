//! The program itself: what it prints, and how it answers bad input.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use labkit::process::Child;
use labkit::wait;

const LIMIT: Duration = Duration::from_secs(120);

fn lab(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_astrolabe-monitoring"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn is_refused(arguments: &[&str], code: i32, because: &str) {
    let output = lab(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    let error = said.lines().find(|line| line.starts_with("error: "));
    assert!(
        error.is_some_and(|line| line.contains(because)),
        "{arguments:?}: {said}"
    );
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn the_demo_ends_well() {
    let output = lab(&["--quick", "--seed", "1"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("a killed process left the answers"), "{said}");
}

#[test]
fn a_simulation_is_bit_identical_for_the_same_seed() {
    let run = |seed: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let [json, trace] = ["report.json", "trace.html"].map(|name| folder.path().join(name));
        let output = lab(&[
            "simulate",
            "--nodes",
            "60",
            "--loss",
            "0.1",
            "--seed",
            seed,
            "--json",
            json.to_str().expect("a name"),
            "--trace",
            trace.to_str().expect("a name"),
        ]);
        assert!(output.status.success(), "{output:?}");
        [json, trace].map(|path| std::fs::read_to_string(path).expect("it was written"))
    };
    let [first, again, other] = ["7", "7", "8"].map(run);
    assert!(first == again && first != other);
    assert!(first[1].contains("<svg"));
}

#[test]
fn bad_input_is_one_line_with_what_would_be_right() {
    let somewhere = "127.0.0.1:1";
    let query = |text| vec!["query", text, "--node", somewhere];
    is_refused(
        &query("SELECT MEDIAN(cpu)"),
        2,
        "column 8: there is no function \"MEDIAN\"",
    );
    is_refused(&query(""), 2, "column 1: SELECT was expected");
    is_refused(
        &[
            "query",
            "SELECT COUNT(*)",
            "--node",
            somewhere,
            "--wait",
            "0",
        ],
        2,
        "1 to 3600 s",
    );
    is_refused(
        &["query", "SELECT COUNT(*)", "--node", "nowhere"],
        2,
        "invalid",
    );
    is_refused(&["node", "--path", "a/b"], 2, "it must begin with a slash");
    is_refused(&["node", "--path", "/a/b c"], 2, "\"b c\" is no name");
    is_refused(
        &["node", "--path", "/a", "--round", "1"],
        2,
        "--round must be 10 to 60000 ms",
    );
    is_refused(
        &["node", "--path", "/a", "--key-file", "/no/such/key"],
        2,
        "cannot use /no/such/key",
    );
    is_refused(
        &["node", "--path", "/a", "--listen", "0.0.0.0:0"],
        2,
        "--listen must be",
    );
    is_refused(
        &["simulate", "--nodes", "0"],
        2,
        "--nodes must be 1 to 50000",
    );
    is_refused(&["simulate", "--loss", "0.9"], 2, "--loss must be 0 to 0.5");
    is_refused(
        &[
            "query",
            "SELECT COUNT(*)",
            "--node",
            somewhere,
            "--wait",
            "1",
        ],
        69,
        "no answer from 127.0.0.1:1",
    );
}

/// A node of the program's own, with a key that nobody else has.
fn node(path: &str, key: &str) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_astrolabe-monitoring"));
    command
        .args(["node", "--path", path, "--round", "20", "--key-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Child::spawn(command).expect("it starts");
    let mut stdin = child.take_stdin().expect("piped");
    stdin.write_all(key.as_bytes()).expect("it reads");
    drop(stdin);
    let mut said = String::new();
    let stdout = child.take_stdout().expect("piped");
    BufReader::new(stdout)
        .read_line(&mut said)
        .expect("it says where it listens");
    let address = said
        .trim()
        .strip_prefix("listening on udp://")
        .expect("an address");
    (child, address.to_owned())
}

#[test]
fn a_node_answers_those_with_the_key_and_stops_when_told() {
    wait::within(LIMIT, || {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        let key = "0123456789abcdef0123456789abcdef";
        std::fs::write(&file, key).expect("written");
        let (mut child, address) = node("/a/n1", key);
        let ask = |more: &[&str]| {
            let mut arguments = vec!["query", "SELECT COUNT(*), MAX(load)", "--node", &address];
            arguments.extend(more);
            lab(&arguments)
        };
        let output = ask(&["--key-file", file.to_str().expect("a name")]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(
            said.contains("COUNT(*)") && said.contains("1 of 1 nodes"),
            "{said}"
        );
        let stranger = ask(&["--wait", "1"]);
        assert_eq!(stranger.status.code(), Some(69), "{stranger:?}");
        let status = child
            .stop(Duration::from_secs(5))
            .expect("it can be waited for");
        assert_eq!(status.code(), Some(0), "it drained and ended by itself");
    });
}
