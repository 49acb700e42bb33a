//! The first process of a new PID namespace. Its end is the end of every process inside, and as the
//! program's parent it reaps what the program leaves.

use std::io::{self, PipeWriter};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, setsid};

use crate::process::guardian::{keep_only, leave};

/// Goes on as a grandchild inside the namespace that the caller has just made for its children. The
/// calling process stays outside, as what the caller's caller waits for and can kill; its child is
/// the init in between.
pub(super) fn step_inside(report: &PipeWriter) -> io::Result<()> {
    // SAFETY: the forked processes make only async-signal-safe calls: they either return into code
    // that promises the same, or stay in `remain` and `attend` to their end.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => remain(child),
        ForkResult::Child => (),
    }
    // SAFETY: as above.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => attend(child, report),
        ForkResult::Child => {
            // A session of its own: no way to the caller's terminal, nor to the sandbox's group.
            setsid()?;
            Ok(())
        }
    }
}

/// The process outside: ends when the init inside has ended.
fn remain(init: Pid) -> ! {
    keep_only(&[]);
    while waitpid(init, None) == Err(Errno::EINTR) {}
    leave(0)
}

/// The init's whole life: reaps until the program has ended, and reports its status.
fn attend(program: Pid, report: &PipeWriter) -> ! {
    keep_only(&[report.as_raw_fd()]);
    let mut status: libc::c_int = 0;
    loop {
        // SAFETY: the pointer is to an integer of our own.
        let ended = unsafe { libc::waitpid(-1, &raw mut status, 0) };
        if ended == program.as_raw() {
            break;
        }
        if ended == -1 && Errno::last() != Errno::EINTR {
            leave(1);
        }
    }
    let bytes = status.to_ne_bytes();
    // SAFETY: the buffer is ours; the pipe has room, as only four bytes were written before.
    unsafe { libc::write(0, bytes.as_ptr().cast(), bytes.len()) };
    leave(0)
}
