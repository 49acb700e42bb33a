//! What goes wrong around the live form: dead workers, bad requests, Ctrl-C, SIGKILL.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use feedback_control::live::Scale;
use feedback_control::live::cluster::Cluster;
use labkit::process::Child;
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;
use labkit::wait;

const PATIENCE: Duration = Duration::from_secs(60);
const PROGRAM: &str = env!("CARGO_BIN_EXE_feedback-control");

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// Whom a signal goes to: a process, or (with a minus) its whole group.
fn signal(name: &str, target: impl ToString) {
    let arguments = [name, "--", &target.to_string()];
    let status = Command::new("kill").args(arguments).status();
    assert!(status.expect("kill is there").success());
}

/// Starts the live form and waits until it names a worker.
fn live() -> (Child, u32, BufReader<std::process::ChildStderr>) {
    let mut command = Command::new(PROGRAM);
    command
        .args(["live", "--seed", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Child::spawn(command).expect("the program starts");
    let mut lines = BufReader::new(child.take_stderr().expect("it is piped"));
    let worker = wait::within(PATIENCE, move || {
        let mut line = String::new();
        while lines.read_line(&mut line).expect("it is text") > 0 {
            if let Some((_, rest)) = line.split_once("worker ")
                && rest.contains("listens on")
            {
                let pid = rest.split(' ').next().expect("a word");
                return (pid.parse().expect("a process id"), lines);
            }
            line.clear();
        }
        panic!("no worker was named");
    });
    (child, worker.0, worker.1)
}

#[test]
fn ctrl_c_drains_reports_and_leaves_nothing_behind() {
    wait::within(2 * PATIENCE, || {
        let (mut child, worker, mut lines) = live();
        // As a terminal does it: the whole foreground group is told.
        signal("-INT", format!("-{}", child.id()));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("it is text");
        let mut said = String::new();
        let mut stdout = child.take_stdout().expect("it is piped");
        stdout.read_to_string(&mut said).expect("it is text");
        let status = child.wait().expect("it is ours");
        assert_eq!(status.code(), Some(0), "{said} {rest}");
        assert!(said.contains("told to stop early"), "{said}");
        assert!(is_gone(worker), "worker {worker} is left");
    });
}

#[test]
fn a_killed_parent_leaves_no_worker_behind() {
    wait::within(2 * PATIENCE, || {
        let (mut child, worker, _lines) = live();
        // The program alone, not its group: nobody but the guardians can end the workers now.
        signal("-KILL", child.id());
        child.wait().expect("it is ours");
        assert!(
            wait::until(PATIENCE, || is_gone(worker)),
            "worker {worker} is left"
        );
    });
}

#[test]
fn a_killed_worker_is_noticed_and_can_be_replaced() {
    use feedback_control::feedback::System as _;

    wait::within(2 * PATIENCE, || {
        let scale = Scale {
            boot: Duration::ZERO,
            cycle: Duration::from_millis(200),
            ..Scale::default()
        };
        let chance = Stream::named(1, "faults");
        let mut cluster =
            Cluster::start(PROGRAM.into(), scale, 2, chance, Shutdown::new()).unwrap();
        assert!(wait::until(PATIENCE, || cluster.ready() == 2));
        let before: BTreeSet<u32> = cluster.pids().into_iter().collect();
        signal("-KILL", cluster.pids()[0]);
        // Its death is noticed by the next request that it should have answered.
        assert!(wait::until(PATIENCE, || cluster
            .advance(50.0)
            .unwrap()
            .ordered()
            == 1));
        cluster.scale_to(2).unwrap();
        assert!(wait::until(PATIENCE, || cluster.ready() == 2));
        let after: BTreeSet<u32> = cluster.pids().into_iter().collect();
        assert_eq!(before.intersection(&after).count(), 1);
        let tally = cluster.stop();
        assert!(tally.failed <= 1, "{tally:?}");
        assert_eq!(tally.arrived, tally.answered + tally.dropped + tally.failed);
        assert!(before.union(&after).all(|pid| is_gone(*pid)));
    });
}

/// A worker on its own, and where it listens.
fn worker() -> (Child, String) {
    let mut command = Command::new(PROGRAM);
    command
        .args([
            "worker",
            "--rounds",
            "10",
            "--service-us",
            "100",
            "--boot-ms",
            "0",
        ])
        .stdout(Stdio::piped());
    let mut child = Child::spawn(command).expect("the program starts");
    let stdout = child.take_stdout().expect("it is piped");
    let line = wait::within(PATIENCE, || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        line
    });
    let address = line.trim().strip_prefix("listening on http://");
    (child, address.expect("an address").to_owned())
}

fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream.write_all(request).expect("it reads");
    // It fails if the worker has closed already, which the answer will tell.
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = String::new();
    // A refusal may come with a reset, if not all of the request was read.
    if let Err(error) = stream.read_to_string(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    answer
}

#[test]
fn a_worker_answers_what_it_should_and_refuses_the_rest() {
    let (mut child, address) = worker();
    let get = b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n";
    let twice = [get.as_slice(), get.as_slice()].concat();
    let answers = exchange(&address, &twice);
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    let cases: [(&[u8], &str); 4] = [
        (b"POST / HTTP/1.1\r\n\r\n", "405"),
        (b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "413"),
        (b"nonsense\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\n\xff\xfe\r\n\r\n", "431"),
    ];
    for (request, status) in cases {
        let answer = exchange(&address, request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    let endless = [b"GET /".as_slice(), &vec![b'a'; 9_000]].concat();
    let answer = exchange(&address, &endless);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    // It has survived all of it, half a request included.
    assert_eq!(exchange(&address, b"GET / HT"), "");
    assert!(exchange(&address, get).starts_with("HTTP/1.1 200"));
    let status = child.stop(PATIENCE).expect("it is ours");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_program_that_is_no_worker_is_said() {
    let chance = Stream::named(1, "faults");
    let missing = "no-such-program-anywhere".into();
    let error = Cluster::start(missing, Scale::default(), 1, chance, Shutdown::new()).unwrap_err();
    assert!(
        error.to_string().starts_with("a worker failed: "),
        "{error}"
    );
}
