//! However the program ends, no process and no control group is left behind.

#![cfg(target_os = "linux")]

mod ground;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ground::{PATIENCE, program, session};
use labkit::wait;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use resource_allocation::live::hierarchy::places;

/// The groups of the process with this id that are still there.
fn groups_of(owner: u32) -> Vec<PathBuf> {
    let read = |file: &str| fs::read_to_string(file).expect("Linux has it");
    let places = places(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"));
    let prefix = format!("lab-resource-allocation.{owner}.");
    let ours = |name: &OsStr| name.to_string_lossy().starts_with(&prefix);
    places
        .iter()
        .flat_map(|place| [&place.cpu, &place.memory])
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.file_name().is_some_and(ours))
        .collect()
}

/// Whether a process runs; a zombie doesn't.
fn runs(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
}

/// The program at work on real processes for longer than any test, and its workers' ids.
fn at_work(arguments: &[&str]) -> (Child, Vec<String>) {
    let mut child = Command::new(program())
        .args(["live", "--seed", "1", "--services", "3", "--phases", "1000"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, as a shell gives it one: Ctrl-C goes to the whole group.
        .process_group(0)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let line = lines.next().expect("a line").expect("text");
    let workers = line.strip_prefix("workers: ").expect("their ids");
    let workers = workers.split(' ').map(str::to_owned).collect();
    (child, workers)
}

/// Whom a signal goes to.
type To = fn(Pid, Signal) -> nix::Result<()>;
const ALONE: To = |process, signal| kill(process, signal);
/// Where Ctrl-C at a terminal goes.
const GROUP: To = |process, signal| killpg(process, signal);

/// The program at work, after a signal.
fn signalled(to: To, signal: Signal, arguments: &[&str]) -> (Child, Vec<String>) {
    let (child, workers) = at_work(arguments);
    assert!(workers.iter().all(|worker| runs(worker)), "{workers:?}");
    let lab = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    to(lab, signal).expect("it runs");
    (child, workers)
}

fn leaves_nothing(lab: u32, workers: &[String]) {
    assert!(
        wait::until(PATIENCE, || !workers.iter().any(|worker| runs(worker))),
        "a worker of {workers:?} goes on"
    );
    assert!(
        wait::until(PATIENCE, || groups_of(lab).is_empty()),
        "{:?} is left",
        groups_of(lab)
    );
}

#[test]
fn a_killed_program_leaves_no_worker_and_no_group() {
    wait::within(3 * PATIENCE, || {
        for means in [&["--enforce", "auto"], &["--enforce", "nice"]] {
            let (mut lab, workers) = signalled(ALONE, Signal::SIGKILL, means);
            lab.wait().expect("it is gone");
            leaves_nothing(lab.id(), &workers);
        }
    });
}

#[test]
fn an_interrupted_program_reports_and_leaves_nothing() {
    wait::within(3 * PATIENCE, || {
        for (to, signal) in [(GROUP, Signal::SIGINT), (ALONE, Signal::SIGTERM)] {
            let (lab, workers) = signalled(to, signal, &[]);
            let id = lab.id();
            let output = lab.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{output:?}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("worker processes"));
            leaves_nothing(id, &workers);
        }
    });
}

/// The janitors of a program: its children that were started as such.
fn janitors(lab: u32) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{lab}/task/{lab}/children"));
    let children = children.unwrap_or_default();
    let cmdline = |id: &&str| fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let is_one = |id: &&str| String::from_utf8_lossy(&cmdline(id)).contains("\0janitor\0");
    children
        .split_whitespace()
        .filter(is_one)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_next_start_sweeps_up_when_the_janitor_was_killed_too() {
    wait::within(4 * PATIENCE, || {
        let Some(first) = session(1) else {
            return;
        };
        first.end().expect("nothing is left");
        let (mut lab, workers) = at_work(&["--enforce", "cgroup"]);
        let janitors = janitors(lab.id());
        assert_eq!(janitors.len(), 1, "one for all groups");
        for janitor in janitors {
            let janitor = Pid::from_raw(janitor.parse().expect("a number"));
            kill(janitor, Signal::SIGKILL).expect("it runs");
        }
        lab.kill().expect("it runs");
        lab.wait().expect("it is gone");
        // The workers' guardians are left to end them; nobody is left to remove the groups.
        assert!(wait::until(PATIENCE, || !workers
            .iter()
            .any(|worker| runs(worker))));
        assert!(!groups_of(lab.id()).is_empty());
        assert!(wait::until(PATIENCE, || {
            session(1)
                .expect("it was there before")
                .end()
                .expect("nothing is left");
            groups_of(lab.id()).is_empty()
        }));
    });
}
