//! Test binaries: which tests they hold, and how each of them ends.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use ::labkit::clock::Stopwatch;
use ::labkit::process::{Capture, Child, End, WhenFull};
use anyhow::{Context, Result, bail};

use crate::cargo;

/// How long a test may take: as `.config/nextest.toml` has it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// How much of a test's output is kept.
const OUTPUT: usize = 64 * 1024;

/// A compiled test file.
#[derive(Debug)]
pub(crate) struct Binary {
    /// The name of the test file, or `lib` for the library's own tests.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// The folder of its crate, where cargo would run it.
    pub(crate) folder: PathBuf,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// It was stopped at its deadline.
    Hung,
}

/// One run of one test.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Its path inside the binary.
    pub(crate) test: String,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
    /// The end of what it printed.
    pub(crate) output: String,
}

impl Binary {
    /// The paths of its tests, ignored ones left out.
    ///
    /// # Errors
    /// If it can't list them: then it has a main function of its own.
    pub(crate) fn tests(&self) -> Result<Vec<String>> {
        let all = self.list(&[])?;
        let ignored = self.list(&["--ignored"])?;
        Ok(all
            .into_iter()
            .filter(|test| !ignored.contains(test))
            .collect())
    }

    /// Runs one test in a process of its own.
    ///
    /// # Errors
    /// If the process can't be started or watched; a failing test is none.
    pub(crate) fn run(&self, test: &str, deadline: Duration) -> Result<Outcome> {
        let watch = Stopwatch::start();
        let child = Child::spawn(self.command(&["--exact", test, "--nocapture"]))
            .with_context(|| format!("starting {}", self.program.display()))?;
        let captured = child.capture(&Capture {
            limit: OUTPUT,
            when_full: WhenFull::Drain,
            timeout: deadline,
        })?;
        let verdict = match captured.end {
            End::Exited(status) if status.success() => Verdict::Passed,
            End::Exited(_) | End::Flooded => Verdict::Failed,
            End::TimedOut => Verdict::Hung,
        };
        Ok(Outcome {
            test: test.to_owned(),
            verdict,
            took: watch.elapsed(),
            output: captured.stderr.text(),
        })
    }

    /// Runs all its tests, one after the other.
    ///
    /// # Errors
    /// As [`Binary::run`].
    pub(crate) fn run_all(&self, deadline: Duration) -> Result<Vec<Outcome>> {
        let tests = self.tests()?;
        tests.iter().map(|test| self.run(test, deadline)).collect()
    }

    fn list(&self, flags: &[&str]) -> Result<Vec<String>> {
        let output = self
            .command(&["--list", "--format", "terse"])
            .args(flags)
            .output()
            .with_context(|| format!("starting {}", self.program.display()))?;
        if !output.status.success() {
            bail!("the tests of {} can't be listed", self.name);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let tests = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(tests.map(str::to_owned).collect())
    }

    /// The binary as cargo would start it.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO", cargo::cargo(&self.folder).get_program())
            .env("CARGO_MANIFEST_DIR", &self.folder)
            // A trace would double what a failing test prints and triple what it takes.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}
