//! What a process and the kernel hold in memory, read from `/proc`.

use std::fs;
use std::io;

/// Memory of a process, in bytes, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Pages in memory, those shared with others in part (proportional set size).
    pub pss: u64,
    /// All pages in memory (resident set size).
    pub rss: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

/// Memory of the kernel that grows with sockets, threads and pollers, in bytes, of the whole machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Objects that can't be reclaimed: sockets, tasks, poller entries.
    pub slab: u64,
    /// Stacks of all threads inside the kernel.
    pub stacks: u64,
    /// Page tables.
    pub page_tables: u64,
}

impl Process {
    /// What the process with this id holds now.
    ///
    /// # Errors
    /// If there is no such process, or it isn't one's own.
    pub fn read(id: u32) -> io::Result<Self> {
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        Ok(Process {
            pss: kilobytes(&rollup, "Pss:"),
            rss: kilobytes(&rollup, "Rss:"),
            threads: number_after(&status, "Threads:"),
            descriptors: fs::read_dir(format!("/proc/{id}/fd"))?.count() as u64,
        })
    }
}

impl Kernel {
    /// What the kernel holds now.
    ///
    /// # Errors
    /// If `/proc/meminfo` can't be read.
    pub fn read() -> io::Result<Self> {
        let text = fs::read_to_string("/proc/meminfo")?;
        Ok(Kernel {
            slab: kilobytes(&text, "SUnreclaim:"),
            stacks: kilobytes(&text, "KernelStack:"),
            page_tables: kilobytes(&text, "PageTables:"),
        })
    }

    /// All of it together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.slab + self.stacks + self.page_tables
    }
}

fn kilobytes(text: &str, key: &str) -> u64 {
    1_024 * number_after(text, key)
}

/// The number in the line that begins with `key`, 0 if there is none.
fn number_after(text: &str, key: &str) -> u64 {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(key));
    let digits = value.and_then(|value| value.split_whitespace().next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_after_their_keys() {
        let text = "Rss:  8 kB\nPss:       12 kB\nPss_Dirty: 3 kB\n";
        assert_eq!(kilobytes(text, "Pss:"), 12 * 1_024);
        assert_eq!(kilobytes(text, "Swap:"), 0);
    }

    #[test]
    fn this_process_has_memory_and_the_kernel_too() {
        let process = Process::read(std::process::id()).expect("it runs");
        assert!(process.rss >= process.pss && process.pss > 0);
        assert!(process.threads > 0 && process.descriptors > 2);
        assert!(Kernel::read().expect("it is Linux").total() > 0);
    }
}
