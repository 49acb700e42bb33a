//! The program itself: what it prints, and how it answers bad input.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use labkit::process::Child;
use labkit::wait;
use tcp_server::measure::ServerProcess;
use tcp_server::{Client, Kind};

const LIMIT: Duration = Duration::from_secs(60);
const PROGRAM: &str = env!("CARGO_BIN_EXE_tcp-server");

fn lab(arguments: &[&str], input: &'static str) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    wait::within(LIMIT, move || {
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("it is piped");
        // Who refuses its arguments doesn't read, and needn't.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("the program ends")
    })
}

fn server(kind: Kind) -> ServerProcess {
    ServerProcess::start(Path::new(PROGRAM), kind, &[]).expect("it listens")
}

fn is_refused(arguments: &[&str], code: i32, because: &str) {
    let output = lab(arguments, "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn a_server_serves_until_it_is_told_to_stop() {
    for kind in Kind::ALL {
        let server = server(kind);
        let mut client = Client::connect(server.address()).expect("it listens");
        assert_eq!(client.ask("hello").expect("an answer"), "Echo: hello");
        // SIGTERM, while a connection is open.
        assert!(server.stop().expect("it can be waited for"), "{kind}");
        assert_eq!(client.receive().expect("closed, not reset"), None);
    }
}

#[test]
fn a_server_says_what_it_does_while_it_does_it() {
    wait::within(LIMIT, || {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--every", "0.02"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = Child::spawn(command).expect("the program starts");
        let said = BufReader::new(server.take_stdout().expect("it is piped"));
        let told = BufReader::new(server.take_stderr().expect("it is piped"));
        let first = said.lines().next().expect("a line").expect("it is text");
        let address = first.strip_prefix("listening on tcp://").expect(&first);
        let mut client = Client::connect(address.parse().expect(address)).expect("it listens");
        assert_eq!(client.ask("hello").expect("an answer"), "Echo: hello");
        let mut told = told.lines().map(|line| line.expect("it is text"));
        let is_live = |line: String| {
            line.contains("1 connections (1 open")
                && line.contains(" 1 messages (0 too long), 6 bytes in, 12 out")
        };
        assert!(told.any(is_live), "it ended before it had said it");
        let status = server.stop(LIMIT).expect("it can be waited for");
        assert!(status.success(), "{status}");
        assert!(told.any(|line| line.contains("1 connections (0 open")));
    });
}

#[test]
fn a_client_gets_its_lines_answered() {
    let server = server(Kind::Threads);
    let address = format!("localhost:{}", server.address().port());
    let output = lab(&["client", &address], "hello\nworld\nlast");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "Echo: hello\nEcho: world\nEcho: last\n");
}

#[test]
fn a_load_is_run_and_reported() {
    let server = server(Kind::Readiness);
    let address = server.address().to_string();
    let arguments = ["load", &address, "--connections", "20", "--messages", "50"];
    let output = lab(&arguments, "");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("1000 messages in "), "{said}");
}

#[test]
fn a_port_in_use_is_said_with_advice() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    is_refused(
        &["serve", "--port", &port],
        1,
        "use --port 0 for a free port",
    );
}

#[test]
fn nobody_listening_is_said_and_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("it is bound").to_string();
    drop(free);
    is_refused(&["client", &address], 69, "is a server listening there?");
    is_refused(&["load", &address], 69, "is a server listening there?");
}

#[test]
fn wrong_usage_is_refused_with_what_would_be_right() {
    is_refused(&["serve", "--kind", "magic"], 2, "readiness");
    is_refused(
        &["serve", "--threads", "0"],
        2,
        "threads: 0 is not within 1",
    );
    is_refused(
        &["serve", "--max-line", "0"],
        2,
        "bytes in a line: 0 is not",
    );
    is_refused(&["serve", "--idle", "0"], 2, "0.001 to 86400");
    is_refused(&["serve", "--port", "99999"], 2, "0..=65535");
    is_refused(&["client", "localhost"], 2, "HOST:PORT of a server");
    is_refused(&["serve", "--every", "never"], 2, "0.001 to 86400");
    let load = ["load", "192.0.2.1:80", "--connections", "0"];
    is_refused(&load, 2, "connections: 0 is not within 1");
    is_refused(
        &["compare", "--connections", "0"],
        2,
        "connections: 0 is not",
    );
    let load = ["load", "192.0.2.1:80", "--connections", "900000"];
    is_refused(&load, 69, "raise the limit (ulimit -n)");
}

#[test]
fn the_demo_ends_well() {
    let output = lab(&["--quick", "--seed", "1"], "");
    assert!(output.status.success(), "{output:?}");
}
