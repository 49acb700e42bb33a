//! How much memory a process has.

use std::fs;

/// The resident memory of a process in bytes; none if it has ended, or this system doesn't say.
pub(super) fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    parse_resident(&status)
}

/// Reads the line `VmRSS:  1234 kB` of a process's `status` in Linux's /proc. The kernel's kB are KiB.
#[must_use]
pub fn parse_resident(status: &str) -> Option<u64> {
    // BEGIN SOLUTION stage 5: find the line, read its number, mind the unit
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
    // END SOLUTION
}
