//! The process that watches over a child's group while the parent lives, and kills it when the
//! parent dies.
//!
//! It blocks in a read of a pipe whose other end only the parent holds. A byte releases it: the
//! group has ended. The end of the stream means that the parent is gone, however it ended.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, setsid};

/// The parent's end of the pipe. Closing it without [`release`](Self::release) kills the group.
#[derive(Debug)]
pub(super) struct Guard(PipeWriter);

impl Guard {
    /// Makes the command fork a guardian for its own group just before the program starts.
    pub(super) fn attach(command: &mut Command) -> io::Result<Self> {
        // Both ends are closed on exec, so the program itself and other children hold neither.
        let (theirs, ours) = io::pipe()?;
        // SAFETY: between fork and exec only async-signal-safe calls are allowed, because other
        // threads' locks may be held for ever; `post` makes system calls alone and allocates
        // nothing.
        unsafe { command.pre_exec(move || post(&theirs)) };
        Ok(Guard(ours))
    }

    /// Sends the guardian home; the group has ended.
    pub(super) fn release(&mut self) {
        // An error says that the guardian has been killed: it is gone all the same.
        let _ = self.0.write_all(&[1]);
    }
}

/// Forks the guardian of the calling process's group. Forked twice, it isn't the program's child,
/// which the program might otherwise wait for, but init's, which reaps it.
fn post(life: &PipeReader) -> io::Result<()> {
    let group = getpid();
    // SAFETY: the forked process makes only async-signal-safe calls and ends by `_exit`.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            _ => Err(io::ErrorKind::OutOfMemory.into()),
        },
        // SAFETY: as above.
        ForkResult::Child => match unsafe { fork() } {
            Ok(ForkResult::Parent { .. }) => leave(0),
            Ok(ForkResult::Child) => watch(group, life.as_raw_fd()),
            Err(_) => leave(1),
        },
    }
}

/// The guardian's whole life.
fn watch(group: Pid, life: RawFd) -> ! {
    // In a session of its own it is no target of the group's signals, nor of the terminal's.
    let _ = setsid();
    keep_only(&[life]);
    loop {
        let mut byte = 0_u8;
        // SAFETY: the buffer is one byte long and ours.
        match unsafe { libc::read(0, (&raw mut byte).cast(), 1) } {
            0 => {
                let _ = killpg(group, Signal::SIGKILL);
                leave(0)
            }
            -1 if Errno::last() == Errno::EINTR => (),
            _ => leave(0),
        }
    }
}

/// Closes every file but the given ones, which become 0, 1, ... in this order: a process that
/// lingers must not keep the program's pipes open. The given ones must be in ascending order.
pub(crate) fn keep_only(kept: &[RawFd]) {
    let mut next = 0;
    for &file in kept {
        if file != next {
            // SAFETY: duplicates a descriptor that we hold; as they come in ascending order, none
            // of those still to come is overwritten.
            unsafe { libc::dup2(file, next) };
        }
        next += 1;
    }
    close_from(next);
}

#[cfg(target_os = "linux")]
fn close_from(first: RawFd) {
    // SAFETY: closes descriptors that this process never uses again.
    if unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_int::MAX, 0) } == -1 {
        close_one_by_one(first);
    }
}

#[cfg(not(target_os = "linux"))]
fn close_from(first: RawFd) {
    close_one_by_one(first);
}

/// For systems without `close_range` (Linux before 5.9).
fn close_one_by_one(first: RawFd) {
    // SAFETY: asks for a number.
    let end = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    // Some systems answer "a billion"; a process that has that many files open isn't one of ours.
    let end = RawFd::try_from(end).unwrap_or(1024).min(1 << 16);
    for file in first..end {
        // SAFETY: as above; closing what isn't open is an error without effect.
        unsafe { libc::close(file) };
    }
}

/// Ends the calling process at once, without the exit handlers of the program it was forked from.
pub(crate) fn leave(code: libc::c_int) -> ! {
    // SAFETY: `_exit` is async-signal-safe and doesn't return.
    unsafe { libc::_exit(code) }
}
