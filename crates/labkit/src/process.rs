//! Child processes that never outlive their parent.
//!
//! A [`Child`] leads a process group of its own. Dropping it ends the group: SIGTERM, a time of
//! grace, SIGKILL; and nothing of it is left as a zombie. If the parent itself is killed, by
//! SIGKILL even, a small guardian process sees the parent's end of a pipe close and kills the
//! group. (`PR_SET_PDEATHSIG` would be less: it exists on Linux alone, covers no grandchildren, and
//! fires when the *thread* that forked ends.)
//!
//! Never ends a process that left the group by `setsid` or `setpgid`: what must hold against
//! hostile code is in [`crate::sandbox`]. The guardian is a fork of the parent without an exec, so
//! for as long as the child lives it holds on to the parent's memory as it was at the spawn.

#![expect(
    unsafe_code,
    reason = "processes are forked, signalled and waited for by system calls"
)]

mod capture;
mod excerpt;
pub(crate) mod guardian;
#[cfg(test)]
mod tests;

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

pub use capture::{Capture, Captured, End, WhenFull};
pub use excerpt::Excerpt;

use crate::clock::Deadline;
use guardian::Guard;

/// How long a dropped child may take to end by itself, unless [`Child::set_grace`] says otherwise.
pub const GRACE: Duration = Duration::from_secs(2);

/// The longest rest between two looks at a child: an exit is seen at most this late.
const LONGEST_REST: Duration = Duration::from_millis(10);

/// A running program that leads its own process group and ends with its parent.
#[derive(Debug)]
pub struct Child {
    inner: std::process::Child,
    guard: Guard,
    grace: Duration,
    /// Known once the program has been reaped.
    status: Option<ExitStatus>,
}

impl Child {
    /// Starts a program as the leader of a new process group, with a guardian.
    ///
    /// # Errors
    /// If the program can't be started, or the guardian can't be forked.
    pub fn spawn(command: Command) -> io::Result<Self> {
        Self::spawn_prepared(command, |_| ())
    }

    /// As [`spawn`](Self::spawn); `prepare` may add what the new process does between the fork of
    /// its guardian and the start of the program.
    pub(crate) fn spawn_prepared(
        mut command: Command,
        prepare: impl FnOnce(&mut Command),
    ) -> io::Result<Self> {
        command.process_group(0);
        let guard = Guard::attach(&mut command)?;
        prepare(&mut command);
        Ok(Child {
            inner: command.spawn()?,
            guard,
            grace: GRACE,
            status: None,
        })
    }

    /// The process id, which is the group's id as well.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// Sets how long the child may take to end by itself when it is dropped.
    pub fn set_grace(&mut self, grace: Duration) {
        self.grace = grace;
    }

    /// Takes the pipe into the program, if its standard input was piped.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.inner.stdin.take()
    }

    /// Takes the pipe out of the program, if its standard output was piped.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.inner.stdout.take()
    }

    /// Takes the pipe of the program's messages, if its standard error was piped.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.inner.stderr.take()
    }

    /// The exit status, if the program has ended. What it left in its group is then killed.
    ///
    /// # Errors
    /// If someone else has reaped the process.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() && self.has_exited(libc::WNOHANG)? {
            self.finish()?;
        }
        Ok(self.status)
    }

    /// Waits until the program ends, and kills what it left in its group.
    ///
    /// # Errors
    /// If someone else has reaped the process.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        while !self.has_exited(0)? {}
        self.finish()
    }

    /// Waits until the program ends or `timeout` has passed; none if it is still running.
    ///
    /// # Errors
    /// If someone else has reaped the process.
    pub fn wait_timeout(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Deadline::after(timeout);
        let mut rest = Duration::from_micros(200);
        loop {
            let status = self.try_wait()?;
            if status.is_some() || deadline.expired() {
                return Ok(status);
            }
            thread::park_timeout(rest.min(deadline.remaining()));
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    /// Asks the group to end (SIGTERM), and kills what hasn't ended after `grace`.
    ///
    /// # Errors
    /// If someone else has reaped the process.
    pub fn stop(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        self.signal(Signal::SIGTERM);
        match self.wait_timeout(grace)? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// Kills the group at once (SIGKILL) and reaps the program.
    ///
    /// # Errors
    /// If someone else has reaped the process.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        if self.status.is_none() {
            self.signal(Signal::SIGKILL);
        }
        self.wait()
    }

    /// Sends a signal to the whole group; the group is sure to be the child's, as it isn't reaped.
    fn signal(&self, signal: Signal) {
        // An error says that there is no one left to be told.
        let _ = killpg(self.group(), signal);
    }

    /// Ends what the exited program left behind, then lets go of its id. In this order: until the
    /// program is reaped, no other process or group can be given its number.
    fn finish(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::SIGKILL);
        self.guard.release();
        let status = self.inner.wait()?;
        self.status = Some(status);
        Ok(status)
    }

    /// Whether the program has ended; it stays as a zombie.
    fn has_exited(&self, flags: libc::c_int) -> io::Result<bool> {
        let mut found = MaybeUninit::<libc::siginfo_t>::zeroed();
        let flags = libc::WEXITED | libc::WNOWAIT | flags;
        // SAFETY: the pointer is to a siginfo of our own, which all-zero bytes are a value of; the
        // call writes nothing else.
        let (done, found) = unsafe {
            let done = libc::waitid(libc::P_PID, self.id(), found.as_mut_ptr(), flags);
            (done, found.assume_init())
        };
        if done == 0 {
            // With WNOHANG, zero also says "still running", and then the signal number stays zero.
            return Ok(found.si_signo == libc::SIGCHLD);
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            error => Err(error),
        }
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.id()).expect("process ids are positive pid_t"))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Err(error) = self.stop(self.grace) {
            tracing::warn!("process {} can't be waited for: {error}", self.id());
        }
    }
}
