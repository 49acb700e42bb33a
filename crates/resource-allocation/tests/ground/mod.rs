//! What tests on real processes share: the program, its groups, and whether anything is left.

#![expect(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use labkit::skip;
use resource_allocation::Error;
use resource_allocation::live::hierarchy::places;
use resource_allocation::live::limits::Limits;
use resource_allocation::live::{Means, Session};

/// Far more than any of this takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_resource-allocation"))
}

pub(crate) fn limits(cpus: f64, memory_mib: u64) -> Limits {
    Limits { cpus, memory_mib }
}

/// Workers in control groups; none, and said so, where these can't be had.
pub(crate) fn session(workers: usize) -> Option<Session> {
    let names: Vec<String> = (0..workers).map(|at| format!("w{at}")).collect();
    match Session::start(program(), &names, Means::Groups) {
        Ok(session) => Some(session),
        Err(Error::Unenforceable { why, .. }) => {
            skip::because(&format!("needs control groups; run as root. {why}"));
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The groups of the process with this id that are still there.
pub(crate) fn groups_of(owner: u32) -> Vec<PathBuf> {
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
pub(crate) fn runs(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
}

/// The program at work on real processes for longer than any test, and its workers' ids.
pub(crate) fn at_work(arguments: &[&str]) -> (Child, Vec<String>) {
    let mut child = Command::new(program())
        .args(["live", "--seed", "1", "--services", "3", "--phases", "1000"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let line = lines.next().expect("a line").expect("text");
    let workers = line.strip_prefix("workers: ").expect("their ids");
    let workers = workers.split(' ').map(str::to_owned).collect();
    (child, workers)
}
