//! How much the program's processes use together, as `/proc` tells it; the kernel's own limits hold
//! for each process alone.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

use super::{Limits, Walls};
use crate::clock::Stopwatch;

/// The shortest time between two looks.
const EVERY: Duration = Duration::from_millis(25);

/// A look may take this share of the time: one in so many.
const SHARE: u32 = 10;

/// Which limit the processes exceed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    Memory,
    Processes,
}

/// Looks at a tree of processes from time to time.
#[derive(Debug)]
pub(super) struct Watch {
    memory: u64,
    processes: u32,
    /// How many processes from the tree's root down are the sandbox's own.
    own: u32,
    page: u64,
    last: Stopwatch,
    rest: Duration,
}

/// One process, from its `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    group: u32,
    threads: u32,
    /// Resident memory, in pages.
    resident: u64,
}

impl Watch {
    pub(super) fn new(limits: &Limits, walls: &Walls) -> Self {
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
        Watch {
            memory: limits.memory,
            processes: limits.processes,
            own: if walls.processes.is_up() { 2 } else { 0 },
            page: page.and_then(|page| page.try_into().ok()).unwrap_or(4096),
            last: Stopwatch::start(),
            rest: EVERY,
        }
    }

    /// Looks, if it is time to, whether the processes below `root` exceed a limit.
    pub(super) fn look(&mut self, root: u32) -> Option<Excess> {
        if self.last.elapsed() < self.rest {
            return None;
        }
        let stopwatch = Stopwatch::start();
        let excess = self.excess(root);
        self.rest = EVERY.max(stopwatch.elapsed() * SHARE);
        self.last = Stopwatch::start();
        excess
    }

    fn excess(&self, root: u32) -> Option<Excess> {
        let all = all();
        let members = members(&all, root, self.own);
        let threads: u32 = members.iter().map(|(_, process)| process.threads).sum();
        if threads > self.processes {
            return Some(Excess::Processes);
        }
        let resident: u64 = members.iter().map(|(_, process)| process.resident).sum();
        // Pages that processes share are counted once each above, so look closer before a verdict.
        let exceeds = resident * self.page > self.memory
            && members.iter().map(|(pid, _)| private(*pid)).sum::<u64>() > self.memory;
        exceeds.then_some(Excess::Memory)
    }
}

/// All processes that can be seen.
fn all() -> HashMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // A process that ends meanwhile has no file any more.
    pids.filter_map(|pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, parse(&stat)?))
    })
    .collect()
}

/// Reads proc_pid_stat(5). The name, in parentheses, may contain anything, also parentheses.
fn parse(stat: &str) -> Option<Process> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let field = |number: usize| after_name.split_ascii_whitespace().nth(number - 3);
    Some(Process {
        parent: field(4)?.parse().ok()?,
        group: field(5)?.parse().ok()?,
        threads: field(20)?.parse().ok()?,
        resident: field(24)?.parse().ok()?,
    })
}

/// The processes at least `depth` steps below `root`. Where the root is the program itself, its
/// orphans are init's children and are known by their group.
fn members(all: &HashMap<u32, Process>, root: u32, depth: u32) -> Vec<(u32, &Process)> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for (pid, process) in all {
        let is_orphan = depth == 0 && process.group == root && *pid != root;
        let parent = if is_orphan { root } else { process.parent };
        children.entry(parent).or_default().push(*pid);
    }
    let mut found = Vec::new();
    let mut open = vec![(root, 0)];
    while let Some((pid, level)) = open.pop() {
        if let Some(process) = all.get(&pid).filter(|_| level >= depth) {
            found.push((pid, process));
        }
        let below = children.remove(&pid).unwrap_or_default();
        open.extend(below.into_iter().map(|child| (child, level + 1)));
    }
    found
}

/// A process's share of memory that isn't a file's, in bytes: what is shared counts in parts.
fn private(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kilobytes: u64 = rollup
        .lines()
        .filter(|line| line.starts_with("Pss_Anon:") || line.starts_with("Pss_Shmem:"))
        .filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok())
        .sum();
    kilobytes * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name() {
        let stat = "12 (a) b) R 7 8 7 0 -1 4194560 91 0 0 0 0 0 0 0 20 0 3 0 100 1000000 456 18446";
        let process = parse(stat).expect("a process");
        assert_eq!((process.parent, process.group), (7, 8));
        assert_eq!((process.threads, process.resident), (3, 456));
        assert_eq!(parse("12 (half"), None);
    }

    #[test]
    fn members_are_found_below_the_sandboxs_own() {
        let process = |parent, group| Process {
            parent,
            group,
            threads: 1,
            resident: 1,
        };
        let all = HashMap::from([
            (1, process(0, 1)),
            (10, process(1, 10)),
            (11, process(10, 10)),
            (12, process(11, 12)),
            (13, process(12, 12)),
            (14, process(1, 10)),
            (20, process(1, 20)),
        ]);
        let pids = |depth| {
            let mut pids: Vec<u32> = members(&all, 10, depth)
                .iter()
                .map(|(pid, _)| *pid)
                .collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!(pids(0), [10, 11, 12, 13, 14], "and the group's orphan");
        assert_eq!(pids(2), [12, 13]);
    }
}
