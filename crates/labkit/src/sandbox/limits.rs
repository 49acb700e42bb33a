//! How much of the machine a program may use.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The limits of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run.
    pub wall: Duration,
    /// How much CPU time each of its processes may use; rounded up to whole seconds.
    pub cpu: Duration,
    /// How many bytes of memory all its processes may use together, and how many each may ask for.
    /// (Memory that is only reserved doesn't count.) The sum is looked at every few hundredths of a
    /// second.
    pub memory: u64,
    /// How many processes and threads it may have at a time. The number is looked at like the
    /// memory; the kernel's own stop is at twice as many, so that the excess can be seen.
    pub processes: u32,
    /// How many bytes it may print.
    pub output: usize,
    /// How many bytes one file may have.
    pub file: u64,
    /// How many bytes the scratch folder may hold, where it is in memory.
    pub scratch: u64,
}

impl Default for Limits {
    /// What the tests of a lab need with room to spare: a minute, 4 GiB, 4096 threads.
    fn default() -> Self {
        Limits {
            wall: Duration::from_secs(60),
            cpu: Duration::from_secs(120),
            memory: 4 << 30,
            processes: 4096,
            output: 1 << 20,
            file: 1 << 30,
            scratch: 512 << 20,
        }
    }
}

impl Limits {
    /// Sets the kernel's limits for the calling process and its children. `own_count` says that the
    /// kernel counts this user's processes apart from those outside.
    pub(super) fn apply(&self, own_count: bool) -> Result<(), Errno> {
        let seconds = self.cpu.as_secs() + u64::from(self.cpu.subsec_nanos() > 0);
        set(Resource::RLIMIT_CPU, seconds)?;
        // Not the address space: a runtime may reserve terabytes of it and use none.
        set(Resource::RLIMIT_DATA, self.memory)?;
        set(Resource::RLIMIT_FSIZE, self.file)?;
        set(Resource::RLIMIT_CORE, 0)?;
        if own_count {
            set(Resource::RLIMIT_NPROC, u64::from(self.processes) * 2)?;
        }
        Ok(())
    }
}

/// Lowers a limit for good; what was lower stays.
fn set(resource: Resource, limit: u64) -> Result<(), Errno> {
    let (_, most) = getrlimit(resource)?;
    let limit = most.min(limit);
    // A process is told by a signal at the soft limit, and CPU time needs a hard one above it.
    let hard = match resource {
        Resource::RLIMIT_CPU => most.min(limit + 1),
        _ => limit,
    };
    setrlimit(resource, limit, hard)
}
