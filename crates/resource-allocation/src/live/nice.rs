//! Without control groups: all workers on one processor, and nice values that come close to their
//! shares. The kernel then divides that processor by weight; nothing limits memory.

#![expect(unsafe_code, reason = "no safe wrapper of setpriority exists")]

use std::fs;
use std::io;

use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Error;

/// The processor that all workers share.
#[derive(Clone, Copy, Debug)]
pub struct Pinned {
    cpu: usize,
}

/// Whether a nice value could be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It holds.
    Done,
    /// Only root may give a process a lower value again; a new process starts at 0.
    NeedsNewProcess,
}

impl Pinned {
    /// The last of the processors that this process may use: the first has most interrupts.
    ///
    /// # Errors
    /// [`Error::System`] if the system doesn't say which these are.
    pub fn choose() -> Result<Self, Error> {
        let allowed = sched_getaffinity(Pid::from_raw(0));
        let allowed = allowed.map_err(Error::system("read the processor affinity"))?;
        let last = (0..CpuSet::count()).rev();
        let mut last = last.filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
        Ok(Pinned {
            cpu: last.next().unwrap_or(0),
        })
    }

    /// Binds a process to the processor.
    ///
    /// # Errors
    /// [`Error::System`] if the system refuses it.
    pub fn admit(self, process: Pid) -> Result<(), Error> {
        let mut only = CpuSet::new();
        only.set(self.cpu)
            .and_then(|()| sched_setaffinity(process, &only))
            .map_err(Error::system(format!(
                "bind a worker to processor {}",
                self.cpu
            )))
    }

    /// Gives a process a nice value: each of its threads, since on Linux each has its own. The first
    /// one comes first, for it hands the value on to threads that it starts meanwhile.
    ///
    /// # Errors
    /// [`Error::System`] if the system refuses it for another reason than missing rights, or the
    /// process has ended.
    pub fn apply(self, process: Pid, nice: i32) -> Result<Set, Error> {
        if set(process.as_raw(), nice)? == Set::NeedsNewProcess {
            return Ok(Set::NeedsNewProcess);
        }
        let threads = fs::read_dir(format!("/proc/{process}/task"));
        for thread in threads
            .map_err(Error::system("list a worker's threads"))?
            .flatten()
        {
            if let Some(thread) = thread.file_name().to_str().and_then(|id| id.parse().ok())
                && set(thread, nice)? == Set::NeedsNewProcess
            {
                return Ok(Set::NeedsNewProcess);
            }
        }
        Ok(Set::Done)
    }
}

/// Gives one thread a nice value.
fn set(thread: i32, nice: i32) -> Result<Set, Error> {
    let id = libc::id_t::try_from(thread).expect("ids of threads are positive");
    // SAFETY: the call takes numbers and touches no memory of ours.
    let done = unsafe { libc::setpriority(libc::PRIO_PROCESS, id, nice) };
    let error = io::Error::last_os_error();
    match done {
        0 => Ok(Set::Done),
        _ if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => {
            Ok(Set::NeedsNewProcess)
        }
        _ => Err(Error::system(format!("set nice {nice}"))(error)),
    }
}
