//! The program itself: what it prints, how it answers bad input, and that its server drains.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use labkit::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const LIMIT: Duration = Duration::from_secs(60);

fn lab(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-futures"));
    command.args(arguments).stdin(Stdio::null());
    wait::within(LIMIT, move || command.output().expect("the program starts"))
}

/// ThreadSanitizer follows neither tokio's locks, which wait inside the compiled standard library, nor
/// a fork in a program with threads, and it holds signals back while a thread sleeps.
fn skipped_under_tsan() -> bool {
    if cfg!(tsan) {
        labkit::skip::because("ThreadSanitizer can't follow tokio, forks and signals");
    }
    cfg!(tsan)
}

fn is_refused(arguments: &[&str], because: &str) {
    let output = lab(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn squares_come_from_all_kinds_of_workers() {
    if skipped_under_tsan() {
        return;
    }
    for on in ["executor", "threads", "processes", "tokio"] {
        let output = lab(&["squares", "3", "--takes", "50", "--on", on]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{on}: {output:?}");
        assert!(
            said.contains("every number was squared (3 of 3"),
            "{on}: {said}"
        );
    }
}

#[test]
fn bad_input_is_refused_in_words() {
    is_refused(&["squares", "0"], "1..=100000");
    is_refused(&["squares", "3", "--on", "hamsters"], "possible values");
    is_refused(
        &["echo", "--workers", "0"],
        "an executor needs 1 to 256 workers, not 0",
    );
    is_refused(&["echo", "--most", "0"], "1..=1000000");
    is_refused(&["dig"], "unrecognized subcommand");
}

#[test]
fn a_port_in_use_is_said_with_advice() {
    let taken = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let output = lab(&["echo", "--port", &port]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--port 0"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_echo_server_answers_and_drains() {
    if skipped_under_tsan() {
        return;
    }
    wait::within(LIMIT, || {
        let mut server = Command::new(env!("CARGO_BIN_EXE_async-futures"))
            .arg("echo")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(server.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it says where it listens");
        let address = line
            .trim()
            .strip_prefix("listening on tcp://")
            .expect("an address");
        let mut client = TcpStream::connect(address).expect("it listens");
        client.write_all(b"hello").expect("it reads");
        let mut answer = [0; 5];
        client.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"hello");
        // The connection is open, and the server ends all the same.
        let id = Pid::from_raw(i32::try_from(server.id()).expect("a process id"));
        kill(id, Signal::SIGTERM).expect("it is ours");
        assert_eq!(client.read(&mut answer).expect("an orderly end"), 0);
        assert!(server.wait().expect("it is ours").success());
        line.clear();
        out.read_line(&mut line).expect("its last word");
        assert_eq!(line, "served 1 connections, 5 bytes\n");
    });
}

#[test]
fn a_worker_without_jobs_ends_and_one_with_nonsense_says_so() {
    assert!(lab(&["worker"]).status.success());
    let mut worker = Command::new(env!("CARGO_BIN_EXE_async-futures"))
        .arg("worker")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = worker.stdin.take().expect("it is piped");
    input.write_all(&[0xff; 64]).expect("it reads");
    drop(input);
    let output = wait::within(LIMIT, || worker.wait_with_output().expect("it ends"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the limit is 16777216"), "{said}");
}

#[test]
fn the_demo_ends_well() {
    if skipped_under_tsan() {
        return;
    }
    let output = lab(&["--quick", "--seed", "1"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("in the order of completion"), "{said}");
}
