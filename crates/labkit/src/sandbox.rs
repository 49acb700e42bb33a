//! Limits for foreign code: a program runs between walls, and its end says which one it hit.
//!
//! Two kinds of guard. *Limits* hold wherever the system is Linux: time, CPU time, memory, number of
//! processes and threads, output, file size. *Walls* are what the system can put between the program
//! and the rest of the machine; not every system lets everyone raise them, so each run reports in
//! [`Walls`] which of them stood and why another didn't.
//!
//! Nothing is left behind: the program's processes end with the run (or with the caller, if that is
//! killed), and the scratch folder is in memory and vanishes with them.
//!
//! Never guards against the kernel's own bugs, and never against a program that lies about itself:
//! what foreign code prints is only what it says.

#![expect(
    unsafe_code,
    reason = "walls are raised by system calls between fork and exec"
)]

#[cfg(target_os = "linux")]
mod enter;
#[cfg(not(target_os = "linux"))]
#[path = "sandbox/elsewhere.rs"]
mod enter;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod landlock;
mod limits;
#[cfg(target_os = "linux")]
mod mounts;
mod plan;
mod report;
#[cfg(test)]
mod tests;
mod usage;
mod walls;

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

pub use limits::Limits;
pub use walls::{Wall, Walls};

use crate::clock::Stopwatch;
use crate::process::{self, Capture, Child, Excerpt, WhenFull};
use plan::Plan;
use usage::{Excess, Watch};

/// Where and within which limits a program may run. By default it sees the whole file system,
/// can write nothing, and runs as *nobody* if the caller is root.
#[derive(Clone, Debug)]
pub struct Sandbox {
    limits: Limits,
    scratch: Option<PathBuf>,
    writable: Vec<PathBuf>,
    hidden: Vec<PathBuf>,
    keep_user: bool,
}

/// What a program did in the sandbox.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub end: End,
    /// What it wrote to its standard output, within the limit.
    pub stdout: Excerpt,
    /// What it wrote to its standard error, within the limit.
    pub stderr: Excerpt,
    /// Which walls stood around it.
    pub walls: Walls,
    /// How long it ran.
    pub took: Duration,
}

/// How a program in the sandbox ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself or by a signal of its own making.
    Exited(ExitStatus),
    /// It was killed at the limit of time.
    WallTime,
    /// One of its processes was killed at the limit of CPU time.
    CpuTime,
    /// It was killed because its processes used more memory than allowed.
    Memory,
    /// It was killed because it had more processes and threads than allowed.
    Processes,
    /// It was killed because it printed more than allowed.
    Output,
    /// It was killed because a file of its became larger than allowed.
    FileSize,
}

impl Sandbox {
    /// A sandbox with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Sandbox {
            limits,
            scratch: None,
            writable: Vec::new(),
            hidden: Vec::new(),
            keep_user: false,
        }
    }

    /// Gives the program a folder to write in, which must exist and be empty. Behind the wall of
    /// files it is a file system in memory of [`Limits::scratch`] bytes.
    #[must_use]
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = Some(folder.into());
        self
    }

    /// Lets the program change what is in this folder.
    #[must_use]
    pub fn writable(mut self, folder: impl Into<PathBuf>) -> Self {
        self.writable.push(folder.into());
        self
    }

    /// Makes a folder look empty, or a file, if the wall of files can be raised.
    #[must_use]
    pub fn hidden(mut self, path: impl Into<PathBuf>) -> Self {
        self.hidden.push(path.into());
        self
    }

    /// Lets the program run as the caller even if that is root: for a trusted program, such as a
    /// compiler, that works on foreign input and needs the caller's files.
    #[must_use]
    pub fn keep_user(mut self) -> Self {
        self.keep_user = true;
        self
    }

    /// Runs a program to its end. Its standard input is empty, its output is captured; environment,
    /// arguments and folder are the command's.
    ///
    /// # Errors
    /// If the program can't be started (as *nobody* it must be in a folder that others may enter),
    /// a path is missing, or a hidden path contains one that must stay visible.
    pub fn run(&self, mut command: Command) -> io::Result<Run> {
        let (mut report, write) = io::pipe()?;
        let plan = Plan::new(self, write)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let stopwatch = Stopwatch::start();
        let mut child = Child::spawn_prepared(command, |command| {
            // SAFETY: between fork and exec only async-signal-safe calls are allowed, because other
            // threads' locks may be held for ever; `enter` makes system calls alone, with paths and
            // texts that the plan holds ready.
            unsafe { command.pre_exec(move || enter::enter(&plan)) };
        })?;
        child.set_grace(Duration::ZERO);
        let walls = report::walls(&mut report)?;
        let capture = Capture {
            limit: self.limits.output,
            when_full: WhenFull::Kill,
            timeout: self.limits.wall,
        };
        let mut watch = Watch::new(&self.limits, &walls);
        let (end, stdout, stderr) = child.capture_watched(&capture, |pid| watch.look(pid))?;
        let end = match end {
            Ok(process::End::Exited(status)) => {
                exited(report::status(&mut report, &walls, status)?)
            }
            Ok(process::End::TimedOut) => End::WallTime,
            Ok(process::End::Flooded) => End::Output,
            Err(Excess::Memory) => End::Memory,
            Err(Excess::Processes) => End::Processes,
        };
        Ok(Run {
            end,
            stdout,
            stderr,
            walls,
            took: stopwatch.elapsed(),
        })
    }
}

/// The kernel tells two of the limits by a signal.
fn exited(status: ExitStatus) -> End {
    match status.signal().map(Signal::try_from) {
        Some(Ok(Signal::SIGXCPU)) => End::CpuTime,
        Some(Ok(Signal::SIGXFSZ)) => End::FileSize,
        _ => End::Exited(status),
    }
}
