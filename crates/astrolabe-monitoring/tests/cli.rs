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

/// An address at which nobody answers; most of the time it isn't even tried.
const SOMEWHERE: &str = "192.0.2.1:4001";

#[test]
fn a_bad_query_says_where_and_a_bad_wait_what_is_allowed() {
    let ask = |query, more: &[&str], code, because| {
        let mut arguments = vec!["query", query, "--node", SOMEWHERE];
        arguments.extend(more);
        is_refused(&arguments, code, because);
    };
    let median = "column 8: there is no function \"MEDIAN\"";
    ask("SELECT MEDIAN(cpu)", &[], 2, median);
    ask("", &[], 2, "column 1: SELECT was expected");
    ask("SELECT COUNT(*)", &["--wait", "0"], 2, "1 to 3600 s");
    is_refused(
        &["query", "SELECT COUNT(*)", "--node", "nowhere"],
        2,
        "invalid",
    );
}

#[test]
fn a_node_that_is_not_there_is_exit_code_69() {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let silent = socket.local_addr().expect("it is bound").to_string();
    let because = format!("no answer from {silent} within 1s");
    let arguments = ["query", "SELECT COUNT(*)", "--node", &silent, "--wait", "1"];
    is_refused(&arguments, 69, &because);
}

#[test]
fn bad_nodes_and_simulations_are_refused_in_one_line() {
    let node = |more: &[&str], because| {
        let mut arguments = vec!["node", "--path", "/a"];
        arguments.extend(more);
        is_refused(&arguments, 2, because);
    };
    is_refused(&["node", "--path", "a/b"], 2, "it must begin with a slash");
    is_refused(&["node", "--path", "/a/b c"], 2, "\"b c\" is no name");
    node(&["--round", "1"], "--round must be 10 to 60000 ms");
    node(&["--key-file", "/no/such/key"], "cannot use /no/such/key");
    node(&["--listen", "0.0.0.0:0"], "--listen must be");
    is_refused(
        &["simulate", "--nodes", "0"],
        2,
        "--nodes must be 1 to 50000",
    );
    is_refused(&["simulate", "--loss", "0.9"], 2, "--loss must be 0 to 0.5");
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
