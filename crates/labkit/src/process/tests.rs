//! With real processes: `sh` as the child, and this test binary, started again, as a parent that
//! can be killed.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::kill;

use super::*;
use crate::wait::{until, within};

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null());
    command
}

fn piped(script: &str) -> Command {
    let mut command = sh(script);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Whether a process runs; a zombie doesn't.
fn runs(pid: i32) -> bool {
    if !cfg!(target_os = "linux") {
        return kill(Pid::from_raw(pid), None).is_ok();
    }
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
}

/// Lines of a stream as numbers.
fn numbers(stream: impl Read, count: usize) -> Vec<i32> {
    let lines = BufReader::new(stream).lines().take(count);
    lines
        .map(|line| {
            line.expect("a line")
                .trim()
                .parse()
                .expect("a process number")
        })
        .collect()
}

/// This test binary again, as the ignored test `role`; its arguments contain `marker`.
fn role(role: &str, marker: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary has a path"));
    command
        .args(["--ignored", "--nocapture", "--exact"])
        .args([&format!("process::tests::{role}"), "--skip", marker])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// How many processes were started with this marker; a guardian counts, as a fork of its parent.
fn marked(marker: &str) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else {
        return 0;
    };
    processes
        .flatten()
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(marker))
        .count()
}

/// Skips libtest's own first lines.
fn after_banner(stream: impl Read) -> impl BufRead {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.contains("pids:") {
        line.clear();
        assert!(stream.read_line(&mut line).expect("a line") > 0, "no pids");
    }
    stream
}

#[test]
#[ignore = "a role for other tests"]
fn parent_that_is_killed() {
    let script = "sleep 1000 & echo pids:; echo $!; echo $$; wait";
    let mut child = Child::spawn(sh(script)).expect("sh starts");
    child.wait().expect("it is killed before");
}

#[test]
fn a_killed_parent_takes_child_and_grandchild_along() {
    let marker = format!("killed-{}", std::process::id());
    let mut parent = role("parent_that_is_killed", &marker)
        .spawn()
        .expect("the parent starts");
    let pids = numbers(after_banner(parent.stdout.take().expect("piped")), 2);
    assert!(pids.iter().all(|pid| runs(*pid)), "both run: {pids:?}");
    parent.kill().expect("it can be killed");
    parent.wait().expect("it can be reaped");
    assert!(until(PATIENCE, || !pids.iter().any(|pid| runs(*pid))));
    assert!(until(PATIENCE, || marked(&marker) == 0), "no guardian left");
}

#[test]
#[ignore = "a role for other tests"]
fn parent_that_drops() {
    for _ in 0..3 {
        drop(Child::spawn(sh("sleep 1000")).expect("sh starts"));
    }
    println!("pids:");
    std::io::stdin().read_exact(&mut [0]).expect("a byte");
}

#[test]
fn dropped_children_leave_no_guardian() {
    let marker = format!("dropped-{}", std::process::id());
    let mut parent = role("parent_that_drops", &marker)
        .spawn()
        .expect("the parent starts");
    let _open = after_banner(parent.stdout.take().expect("piped"));
    let alone = usize::from(cfg!(target_os = "linux"));
    assert!(until(PATIENCE, || marked(&marker) == alone));
    let mut stdin = parent.stdin.take().expect("piped");
    stdin.write_all(b"\n").expect("the parent still listens");
    parent.wait().expect("it can be reaped");
}

#[test]
fn dropping_asks_first_and_kills_after_the_grace() {
    let mut polite = Child::spawn(piped(
        "trap 'echo bye; exit' TERM; echo $$; sleep 1000 & wait",
    ))
    .expect("sh starts");
    let mut lines = BufReader::new(polite.take_stdout().expect("piped"));
    lines.read_line(&mut String::new()).expect("its number");
    drop(polite);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("its last words");
    assert_eq!(rest, "bye\n");

    let mut deaf = Child::spawn(piped(
        "trap '' TERM; sleep 1000 & echo $!; echo $$; wait; wait",
    ))
    .expect("sh starts");
    let pids = numbers(deaf.take_stdout().expect("piped"), 2);
    deaf.set_grace(Duration::from_millis(50));
    drop(deaf);
    assert!(until(PATIENCE, || !pids.iter().any(|pid| runs(*pid))));
}

#[test]
fn what_the_program_leaves_in_its_group_ends_with_it() {
    let mut child = Child::spawn(piped("sleep 1000 & echo $!; exit 3")).expect("sh starts");
    let pids = numbers(child.take_stdout().expect("piped"), 1);
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    assert!(until(PATIENCE, || !runs(pids[0])));
    assert_eq!(child.kill().expect("known").code(), Some(3), "remembered");
}

#[test]
fn waiting_ends_at_the_timeout_or_at_the_exit() {
    let mut child = Child::spawn(piped("read x; exit 7")).expect("sh starts");
    assert_eq!(child.wait().expect("stdin is empty").code(), Some(7));
    let mut child = Child::spawn(piped("sleep 1000")).expect("sh starts");
    let soon = Duration::from_millis(30);
    assert_eq!(
        child.wait_timeout(soon).expect("it can be waited for"),
        None
    );
    let status = child.stop(PATIENCE).expect("it ends");
    assert!(!status.success(), "ended by SIGTERM");
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let error = Child::spawn(Command::new("/no/such/program")).expect_err("nothing to start");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

fn capture(when_full: WhenFull) -> Capture {
    Capture {
        limit: 1000,
        when_full,
        timeout: PATIENCE,
    }
}

#[test]
fn both_streams_are_captured() {
    let child = Child::spawn(piped("echo out; echo err >&2; exit 1")).expect("sh starts");
    let captured = child.capture(&capture(WhenFull::Kill)).expect("captured");
    assert_eq!(captured.stdout.text(), "out\n");
    assert_eq!(captured.stderr.text(), "err\n");
    assert!(matches!(captured.end, End::Exited(status) if status.code() == Some(1)));
}

#[test]
fn a_flood_is_bounded() {
    let endless = Child::spawn(piped("yes")).expect("sh starts");
    let captured = endless.capture(&capture(WhenFull::Kill)).expect("captured");
    assert_eq!(captured.end, End::Flooded);
    assert!(captured.stdout.text().len() < 1100);

    let long = "i=0; while [ $i -lt 20000 ]; do echo 1234567890; i=$((i+1)); done; echo last";
    let child = Child::spawn(piped(long)).expect("sh starts");
    let captured = child.capture(&capture(WhenFull::Drain)).expect("captured");
    assert!(matches!(captured.end, End::Exited(status) if status.success()));
    assert_eq!(captured.stdout.total(), 220_005);
    assert!(captured.stdout.text().ends_with("last\n"));
}

#[test]
fn a_capture_ends_at_the_timeout() {
    let child = Child::spawn(piped("echo begun; sleep 1000")).expect("sh starts");
    let mut how = capture(WhenFull::Kill);
    how.timeout = Duration::from_millis(100);
    let captured = child.capture(&how).expect("captured");
    assert_eq!(captured.end, End::TimedOut);
    assert_eq!(captured.stdout.text(), "begun\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_that_left_the_group_cannot_hold_a_capture() {
    let script = "setsid sh -c 'echo $$; exec sleep 1000' & read x < /dev/zero";
    let child = Child::spawn(piped(script)).expect("sh starts");
    let mut how = capture(WhenFull::Kill);
    how.timeout = Duration::from_millis(300);
    let captured = within(PATIENCE, move || child.capture(&how).expect("captured"));
    let escaped = captured.stdout.text().trim().parse().expect("its number");
    assert!(runs(escaped), "the group's end doesn't reach it");
    kill(Pid::from_raw(escaped), Signal::SIGKILL).expect("it is ours to end");
}
