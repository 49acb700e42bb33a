//! The process that removes the control groups when this program is gone, however it went.
//!
//! A killed program can't clean up, and the kernel keeps a group until somebody removes it. So a
//! second process waits at the end of a pipe that only this program holds. Its end is the word to
//! begin: after an orderly end as after SIGKILL, so that what matters in the worst case is exercised
//! in every run. If both are killed, the next start sweeps up.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use labkit::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use super::groups::PREFIX;
use crate::Error;

/// How long killed processes may take to leave their groups.
const PATIENCE: Duration = Duration::from_secs(20);

/// A janitor at its post. Dropping it sends it to work, and waits until it is done.
#[derive(Debug)]
pub(super) struct Janitor {
    process: Child,
}

impl Janitor {
    /// Posts a janitor for these groups, which needn't exist yet.
    pub(super) fn start(program: &Path, tops: &[PathBuf]) -> io::Result<Self> {
        let process = Command::new(program)
            .arg("janitor")
            .args(tops)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at the terminal goes to the foreground group: this one stays at its post.
            .process_group(0)
            .spawn()?;
        Ok(Janitor { process })
    }

    /// Sends it to work, and says whether nothing is left.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let done = self.send().map_err(Error::system("wait for the janitor"))?;
        let stays = || io::Error::other("a group is still in use");
        if done {
            Ok(())
        } else {
            Err(Error::system("remove the control groups")(stays()))
        }
    }

    fn send(&mut self) -> io::Result<bool> {
        drop(self.process.stdin.take());
        Ok(self.process.wait()?.success())
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        // After `finish` this asks for what is known already.
        if let Err(error) = self.send() {
            eprintln!("warning: the janitor can't be waited for: {error}");
        }
    }
}

/// The janitor's whole life: wait until the owner is gone, then remove its groups.
///
/// # Errors
/// [`Error::Text`] for a directory that isn't a group of this lab, [`Error::System`] if a group
/// can't be removed.
pub fn run(tops: &[PathBuf]) -> Result<(), Error> {
    if let Some(top) = tops.iter().find(|top| owner(top.file_name()).is_none()) {
        return Err(Error::Text {
            text: top.display().to_string(),
            expected: "a control group of this lab",
        });
    }
    // An error would mean as much as the end: there is no owner to hear from.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    let gone = || tops.iter().all(|top| remove(top, true).is_ok());
    if wait::until(PATIENCE, gone) {
        return Ok(());
    }
    let stays = io::Error::other("it is still in use");
    Err(Error::system("remove a control group")(stays))
}

/// Removes groups whose owner no longer runs. Their processes, if there still are any, aren't
/// touched: a number can be seen otherwise from another namespace.
pub(super) fn sweep(parents: &[&Path]) {
    for parent in parents {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        for group in entries.map(|entry| entry.path()) {
            if owner(group.file_name()).is_some_and(|owner| !runs(owner)) {
                // One that is in use can't be removed, and is its own janitor's business.
                let _ = remove(&group, false);
            }
        }
    }
}

/// Removes a group and those below it, ending their processes if that is wished for.
fn remove(top: &Path, end_processes: bool) -> io::Result<()> {
    let entries = match fs::read_dir(top) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for group in entries.flatten().map(|entry| entry.path()) {
        if !group.is_dir() {
            continue;
        }
        if end_processes {
            let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            for process in listed.lines().filter_map(|line| line.parse().ok()) {
                // An error says that it has just ended.
                let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
        }
        fs::remove_dir(group)?;
    }
    fs::remove_dir(top)
}

/// Process id and start time: together they name one process for as long as the system is up.
type Owner = (i32, u64);

/// The name for a group of this process.
pub(super) fn own_name() -> io::Result<String> {
    let own = getpid().as_raw();
    let started = start_time(own).ok_or(io::ErrorKind::NotFound)?;
    Ok(format!("{PREFIX}{own}.{started}"))
}

/// Who made the group of this name; none if it isn't one of this lab.
fn owner(name: Option<&OsStr>) -> Option<Owner> {
    let (process, started) = name?.to_str()?.strip_prefix(PREFIX)?.split_once('.')?;
    Some((process.parse().ok()?, started.parse().ok()?))
}

fn runs((process, started): Owner) -> bool {
    start_time(process) == Some(started)
}

/// When a process started, in ticks since the system did: field 22 of its stat.
fn start_time(process: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, in parentheses, may hold anything; what follows is field 3.
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}
