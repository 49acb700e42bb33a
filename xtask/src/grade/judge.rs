//! From how a test's process ended to a verdict. Pure: a process's end and its words in, a verdict
//! out.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use labkit::sandbox::{End, Limits};

use super::model::Verdict;

/// How a panic of a test begins that says: no verdict could be found.
const UNKNOWN: &str = "unknown:";

/// The exit code of a test binary in which a test failed.
const TEST_FAILED: i32 = 101;

/// The longest reason.
const REASON: usize = 200;

/// What the process of one test left.
pub(super) struct Trace<'a> {
    /// The test's path in its binary.
    pub(super) test: &'a str,
    pub(super) end: End,
    pub(super) stdout: &'a str,
    pub(super) stderr: &'a str,
}

/// The verdict on a test that was run alone, with `--exact --nocapture`.
pub(super) fn judge(trace: &Trace, limits: &Limits) -> Verdict {
    match trace.end {
        End::Exited(status) => match (status.code(), status.signal()) {
            (Some(0), _) => of_success(trace),
            (Some(code), _) => of_failure(trace, code),
            (None, signal) => of_signal(trace, signal, limits),
        },
        End::WallTime => Verdict::timeout(format!("stopped after {}", seconds(limits.wall))),
        End::CpuTime => Verdict::timeout(format!(
            "used more than {} of CPU time",
            seconds(limits.cpu)
        )),
        End::Memory => Verdict::fail(out_of_memory(limits)),
        End::Processes => Verdict::fail(format!(
            "had more than {} processes and threads at a time",
            limits.processes
        )),
        End::Output => Verdict::fail(format!("printed more than {}", size(limits.output as u64))),
        End::FileSize => Verdict::fail(format!("wrote a file of more than {}", size(limits.file))),
    }
}

/// Exit code 0 alone says nothing: whatever runs in the process can call `exit`.
fn of_success(trace: &Trace) -> Verdict {
    let mut lines = trace.stdout.lines().rev();
    let Some(result) = lines.find(|line| line.starts_with("test result:")) else {
        return Verdict::fail("ended the test's process with exit code 0 before the test's end");
    };
    if result.starts_with("test result: ok. 0 passed") {
        return Verdict::fail("the test is no longer in the test binary");
    }
    let [plain, panics] =
        ["", " - should panic"].map(|more| format!("test {}{more} ... ok", trace.test));
    // What the test printed without a line's end stands before it.
    let told = lines.any(|line| line.ends_with(&plain) || line.ends_with(&panics));
    if told && result.starts_with("test result: ok. 1 passed; 0 failed;") {
        Verdict::pass()
    } else {
        Verdict::fail("exit code 0, but the harness doesn't say that this test passed")
    }
}

fn of_failure(trace: &Trace, code: i32) -> Verdict {
    let message = panic_message(trace.stderr, trace.test);
    if code != TEST_FAILED {
        return Verdict::fail(format!(
            "ended the test's process with exit code {code} before the test's end"
        ));
    }
    match message {
        Some(message) => match message.strip_prefix(UNKNOWN) {
            Some(why) => Verdict::unknown(line(why)),
            None => Verdict::fail(line(message)),
        },
        None => Verdict::fail("failed without a message"),
    }
}

fn of_signal(trace: &Trace, signal: Option<i32>, limits: &Limits) -> Verdict {
    if trace.stderr.contains("memory allocation of ") {
        return Verdict::fail(out_of_memory(limits));
    }
    if trace.stderr.contains("has overflowed its stack") {
        return Verdict::fail("overflowed its stack");
    }
    let end = match signal {
        Some(6) => "aborted".to_owned(),
        Some(11) => "accessed memory that isn't its own (SIGSEGV)".to_owned(),
        Some(signal) => format!("killed by signal {signal}"),
        None => "ended in an unknown way".to_owned(),
    };
    // A panic during another one's unwinding aborts; the first one is the reason.
    match panic_message(trace.stderr, trace.test) {
        Some(message) => Verdict::fail(format!("{end} after a panic: {}", line(message))),
        None => Verdict::fail(end),
    }
}

/// The message of the test's own panic, else of the last panic of another thread.
fn panic_message<'a>(stderr: &'a str, test: &str) -> Option<&'a str> {
    let own = format!("thread '{test}' ");
    let mut other = None;
    let mut rest = stderr;
    while let Some((before, after)) = rest.split_once(" panicked at ") {
        let header = before.rsplit('\n').next().unwrap_or(before);
        // The place is on the header's line, the message on the next one.
        let message = after.lines().nth(1);
        let thread = format!("{header} ");
        if thread.starts_with(&own) && message.is_some() {
            return message;
        }
        other = message.or(other);
        rest = after;
    }
    other
}

fn out_of_memory(limits: &Limits) -> String {
    format!("used more than {} of memory", size(limits.memory))
}

/// A text as one line of bounded length.
pub(super) fn line(text: &str) -> String {
    let text = text.trim().replace(['\n', '\r', '\t'], " ");
    if text.chars().count() <= REASON {
        return text;
    }
    text.chars().take(REASON).chain("...".chars()).collect()
}

pub(super) fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// A number of bytes in the largest unit that leaves it whole.
pub(super) fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units
        .iter()
        .find(|(bits, _)| bytes > 0 && bytes.is_multiple_of(1 << bits));
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(bits, name)| format!("{} {name}", bytes >> bits),
    )
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::*;
    use crate::grade::model::Outcome;

    const OK: &str = "\nrunning 1 test\ntest m::works ... ok\n\ntest result: ok. 1 passed; 0 failed; \
                      0 ignored; 0 measured; 7 filtered out; finished in 0.00s\n\n";

    fn exited(code: i32, stdout: &str, stderr: &str) -> Verdict {
        ended(End::Exited(ExitStatus::from_raw(code << 8)), stdout, stderr)
    }

    fn ended(end: End, stdout: &str, stderr: &str) -> Verdict {
        let trace = Trace {
            test: "m::works",
            end,
            stdout,
            stderr,
        };
        judge(&trace, &Limits::default())
    }

    fn reason(verdict: &Verdict) -> &str {
        verdict.reason.as_deref().unwrap_or_default()
    }

    #[test]
    fn a_pass_takes_the_exit_code_and_the_harnesss_own_lines() {
        assert_eq!(exited(0, OK, "").outcome, Outcome::Pass);
        let noisy = OK.replace("test m::works", "no line's endtest m::works");
        assert_eq!(
            exited(0, &noisy, "thread panicked at").outcome,
            Outcome::Pass
        );
        let panics = OK.replace("works ... ok", "works - should panic ... ok");
        assert_eq!(exited(0, &panics, "").outcome, Outcome::Pass);
        for (what, stdout) in [
            ("exit(0)", "\nrunning 1 test\n"),
            ("nothing", ""),
            ("gone", &OK.replace("1 passed", "0 passed")),
            ("another", &OK.replace("m::works", "m::other")),
            ("two", &OK.replace("1 passed", "2 passed")),
            ("failed", &OK.replace("ok. 1", "FAILED. 1")),
        ] {
            assert_eq!(exited(0, stdout, "").outcome, Outcome::Fail, "{what}");
        }
        assert_eq!(exited(101, OK, "").outcome, Outcome::Fail);
        let early = exited(0, "\nrunning 1 test\n", "");
        assert!(reason(&early).contains("exit code 0 before the test's end"));
    }

    #[test]
    fn the_reason_of_a_failure_is_the_tests_own_panic() {
        let stderr = "\nthread 'worker' (9) panicked at src/a.rs:1:1:\nother\n\
                      \nthread 'm::works' (8) panicked at tests/s.rs:3:5:\n\
                      assertion `left == right` failed\n  left: 1\n right: 2\n";
        let verdict = exited(101, "", stderr);
        assert_eq!(verdict, Verdict::fail("assertion `left == right` failed"));
        let only_other = stderr.replace("m::works", "m::works2");
        assert_eq!(
            reason(&exited(101, "", &only_other)),
            "assertion `left == right` failed"
        );
        assert_eq!(reason(&exited(101, "", "")), "failed without a message");
    }

    #[test]
    fn a_panic_that_says_unknown_is_no_verdict() {
        let stderr =
            "\nthread 'm::works' panicked at tests/s.rs:3:5:\nunknown: the search was cut off\n";
        let verdict = exited(101, "", stderr);
        assert_eq!(verdict, Verdict::unknown("the search was cut off"));
        let elsewhere = exited(3, "", stderr);
        assert_eq!(elsewhere.outcome, Outcome::Fail);
    }

    #[test]
    fn limits_are_told_with_their_figures() {
        for (end, words) in [
            (End::WallTime, "stopped after 60 s"),
            (End::CpuTime, "more than 120 s of CPU time"),
            (End::Memory, "more than 4 GiB of memory"),
            (End::Processes, "more than 4096 processes"),
            (End::Output, "printed more than 1 MiB"),
            (End::FileSize, "a file of more than 1 GiB"),
            (End::Exited(ExitStatus::from_raw(6)), "aborted"),
            (End::Exited(ExitStatus::from_raw(11)), "SIGSEGV"),
        ] {
            let verdict = ended(end, OK, "");
            assert!(reason(&verdict).contains(words), "{verdict:?}");
            assert_ne!(verdict.outcome, Outcome::Pass);
        }
        let aborted = End::Exited(ExitStatus::from_raw(6));
        let twice = "thread 'm::works' (8) panicked at src/a.rs:1:1:\nfirst\n\
                     thread 'm::works' (8) panicked at core/src/p.rs:1:1:\nin a destructor\n";
        let twice = ended(aborted, "", twice);
        assert_eq!(reason(&twice), "aborted after a panic: first");
        let starved = ended(aborted, "", "memory allocation of 9 bytes failed\n");
        assert!(reason(&starved).contains("4 GiB of memory"));
    }

    #[test]
    fn sizes_are_whole() {
        assert_eq!(
            [size(3 << 20), size(1000), size(0)],
            ["3 MiB", "1000 bytes", "0 bytes"]
        );
    }
}
