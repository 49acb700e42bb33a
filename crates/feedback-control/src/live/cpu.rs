//! How much a process has computed, as the operating system counts it.

use std::fs;
use std::io;
use std::time::Duration;

/// The unit of times in `/proc/PID/stat`: `USER_HZ` is 100 on every Linux but that for Alpha.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time in the text of a `/proc/PID/stat`: user and system, of all threads; none if the text
/// isn't one. The fields are described in proc_pid_stat(5).
#[must_use]
pub fn parse_stat(text: &str) -> Option<Duration> {
    // BEGIN SOLUTION stage 6: fields 14 and 15; the second one may hold blanks and parentheses
    let (_, after_name) = text.rsplit_once(')')?;
    // After the name comes field 3.
    let mut fields = after_name.split_ascii_whitespace().skip(14 - 3);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.checked_add(system)?)
    // END SOLUTION
}

/// How much the process has computed since its start.
///
/// # Errors
/// If there is no such process, or no `/proc`.
pub fn time_of(pid: u32) -> io::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text).ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is no stat")))
}
