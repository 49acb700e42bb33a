//! What goes wrong around the live form: dead nodes, bad commands, Ctrl-C, SIGKILL.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use labkit::process::Child;
use labkit::shutdown::Shutdown;
use labkit::wait;
use replication_strategies::error::Error;
use replication_strategies::live;
use replication_strategies::live::cluster::Cluster;
use replication_strategies::live::trial::{run, run_on};
use replication_strategies::live::wire::{Command as Asked, Conversation};
use replication_strategies::strategy::Kind;

const LIMIT: Duration = Duration::from_secs(100);
const PROGRAM: &str = env!("CARGO_BIN_EXE_replication-strategies");

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(status.expect("kill is there").success());
}

/// The live nodes that a process has started, by their command lines.
fn nodes_of(parent: u32) -> Vec<u32> {
    let children = |entry: fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let its_parent: u32 = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        (its_parent == parent && line.contains("--folder")).then_some(pid)
    };
    let entries = fs::read_dir("/proc").expect("a /proc");
    entries.flatten().filter_map(children).collect()
}

/// Starts the live form and waits until its four nodes are there.
fn live_program() -> (Child, Vec<u32>) {
    let mut command = Command::new(PROGRAM);
    command
        .args(["live", "--seed", "1", "--requests", "2000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = Child::spawn(command).expect("the program starts");
    let mut nodes = Vec::new();
    let there = wait::until(LIMIT, || {
        nodes = nodes_of(child.id());
        nodes.len() == 4
    });
    assert!(there, "only {nodes:?}");
    (child, nodes)
}

#[test]
fn ctrl_c_ends_it_in_one_line_and_leaves_nothing_behind() {
    wait::within(2 * LIMIT, || {
        let (mut child, nodes) = live_program();
        signal("-INT", child.id());
        let mut said = String::new();
        let mut stderr = child.take_stderr().expect("it is piped");
        stderr.read_to_string(&mut said).expect("it is text");
        let status = child.wait().expect("it is ours");
        assert_eq!(status.code(), Some(1), "{said}");
        assert_eq!(
            said,
            "error: told to stop before the comparison was complete\n"
        );
        assert!(nodes.iter().all(|pid| is_gone(*pid)), "{nodes:?} are left");
    });
}

#[test]
fn a_killed_parent_leaves_no_node_behind() {
    wait::within(2 * LIMIT, || {
        let (mut child, nodes) = live_program();
        // The program alone, not its group: nobody but the guardians can end the nodes now.
        signal("-KILL", child.id());
        child.wait().expect("it is ours");
        let gone = || nodes.iter().all(|pid| is_gone(*pid));
        assert!(wait::until(LIMIT, gone), "{nodes:?} are left");
    });
}

#[test]
fn a_killed_node_ends_the_run_with_its_name() {
    wait::within(LIMIT, || {
        let config = live::config(2_000, 0.1).unwrap();
        let cluster = Cluster::start(OsStr::new(PROGRAM), config.topology()).unwrap();
        let victim = cluster.pids()[2];
        let error = thread::scope(|scope| {
            let killer = || run_on(&cluster, &config, Kind::Single, 1, &Shutdown::new());
            let running = scope.spawn(killer);
            assert!(wait::until(LIMIT, || cluster.counts().0 > 50_000));
            signal("-KILL", victim);
            running.join().expect("no panic").unwrap_err()
        });
        assert!(matches!(error, Error::Node { .. }), "{error}");
        assert!(error.to_string().starts_with("node "), "{error}");
        let pids = cluster.pids();
        drop(cluster);
        assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?} are left");
    });
}

#[test]
fn a_program_that_is_no_node_is_said() {
    let config = live::config(10, 0.0).unwrap();
    for program in ["no-such-program-anywhere", "true"] {
        let error = run(
            OsStr::new(program),
            &config,
            Kind::Full,
            1,
            &Shutdown::new(),
        );
        let said = error.unwrap_err().to_string();
        assert!(said.starts_with("node washington failed: "), "{said}");
    }
}

/// A node on its own, and a conversation with it.
fn node(folder: &Path) -> (Child, Conversation) {
    let mut command = Command::new(PROGRAM);
    command.arg("node").arg("--folder").arg(folder);
    command.stdout(Stdio::piped());
    let mut child = Child::spawn(command).expect("the program starts");
    let stdout = child.take_stdout().expect("it is piped");
    let line = wait::within(LIMIT, || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        line
    });
    let address = line.trim().strip_prefix("listening on tcp://");
    let address = address.expect("an address").parse().expect("an address");
    (child, Conversation::with(address).expect("it listens"))
}

#[test]
fn a_node_refuses_what_is_no_command_and_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, mut conversation) = node(folder.path());
    assert_eq!(conversation.ask("GET 1", &[]).unwrap(), None);
    let refused = conversation.ask("STEAL 1", &[]).unwrap_err();
    assert!(refused.to_string().contains("WHAT"), "{refused}");
    let address = conversation.stream().peer_addr().unwrap();
    let long = "x".repeat(1_000);
    assert!(
        Conversation::with(address)
            .unwrap()
            .ask(&long, &[])
            .is_err()
    );
    // Four bytes of version are the least that a file has.
    assert!(
        Conversation::with(address)
            .unwrap()
            .ask("PUT 1 2", b"ab")
            .is_err()
    );
    let mut fresh = Conversation::with(address).unwrap();
    assert_eq!(fresh.ask("PUT 1 5", b"abcde").unwrap(), Some(Vec::new()));
    assert_eq!(fresh.ask("GET 1", &[]).unwrap(), Some(b"abcde".to_vec()));
    let status = child.stop(LIMIT).expect("it is ours");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_node_is_sent_to_this_machine_only_and_never_out_of_its_folder() {
    for line in [
        "FETCH 1 keep 192.0.2.1:80",
        "FETCH 1 keep example.org:80",
        "PUSH 1 192.0.2.1:80",
        "GET ../1",
        "GET -1",
        "GET 4294967296",
        "PUT 1",
        "PUT 1 99999999999",
        "PUT 1 16777217",
        "GET",
        "",
    ] {
        assert_eq!(Asked::parse(line), None, "{line}");
    }
    assert_eq!(
        Asked::parse("PUT 1 16777216"),
        Some(Asked::Put(1, 16_777_216))
    );
}

#[test]
fn a_node_without_its_folder_says_so() {
    let output = Command::new(PROGRAM)
        .args(["node", "--folder", "no/such/folder"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no/such/folder is no folder"), "{said}");
}
