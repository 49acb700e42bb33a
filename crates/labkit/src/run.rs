//! The entry point of every lab: flags to a [`Run`], the lab's answer to an exit code.
//!
//! Never decides anything about a lab; it sets up what all of them need (telemetry, seed, signals),
//! calls the lab, and writes its report where the flags ask for it.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::Subcommand;

use crate::args::{About, CommandLine, Common};
use crate::progress::Bar;
use crate::report::Report;
use crate::rng;
use crate::shutdown::Shutdown;

/// What a run was asked for, checked once; labs read it and nothing else of the environment.
#[derive(Debug)]
pub struct Run {
    /// The seed of every choice that the run makes: given with `--seed`, else drawn and printed.
    pub seed: u64,
    /// Whether smaller sizes were asked for.
    pub quick: bool,
    shutdown: OnceLock<Shutdown>,
}

impl Run {
    /// A run with a fixed seed, for tests and benches.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Run {
            seed,
            quick: true,
            shutdown: OnceLock::new(),
        }
    }

    /// `full`, or `quick` when smaller sizes were asked for.
    pub fn size<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// The stream of random numbers with this name; the same seed and name give the same numbers.
    #[must_use]
    pub fn rng(&self, name: &str) -> rng::Stream {
        rng::Stream::named(self.seed, name)
    }

    /// A progress bar on a terminal, nothing in a pipe.
    #[must_use]
    pub fn bar(&self, label: &str, total: u64) -> Bar {
        Bar::new(label, total)
    }

    /// Fires on SIGINT and SIGTERM. From the first call on these signals no longer end the process
    /// by themselves; a second one does.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.get_or_init(Shutdown::on_signals).clone()
    }
}

/// What a lab's command came to.
#[derive(Debug)]
pub enum Outcome {
    /// The command printed what it had to say itself.
    Silent,
    /// A report to be printed, and written where the flags ask for it.
    Report(Box<Report>),
}

impl From<Report> for Outcome {
    fn from(report: Report) -> Self {
        Outcome::Report(Box::new(report))
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Outcome::Silent
    }
}

/// Why a command didn't do what it was asked, with the exit code that says whose turn it is.
///
/// A lab's error enum converts into it (`impl From<Error> for Failure`), variant by variant.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The lab failed: exit code 1.
    pub fn failed(message: impl fmt::Display) -> Self {
        Failure {
            code: 1,
            message: message.to_string(),
        }
    }

    /// The command was used wrongly; the message says what would be right: exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Failure {
            code: 2,
            message: message.to_string(),
        }
    }

    /// Something that the command needs isn't there; the message says how to get it: exit code 69
    /// (`EX_UNAVAILABLE` of sysexits.h).
    pub fn unavailable(message: impl fmt::Display) -> Self {
        Failure {
            code: 69,
            message: message.to_string(),
        }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::failed(error)
    }
}

/// Runs a lab: parses the command line, calls `lab`, prints and writes its report.
///
/// `lab` gets the subcommand, or `None` for the demo. Exit codes: 0 done, 1 the lab failed (an
/// error, or a report with a failed check), 2 wrong usage, 69 something needed isn't there.
pub fn main<C: Subcommand>(
    about: About,
    lab: impl FnOnce(&Run, Option<C>) -> Result<Outcome, Failure>,
) -> ExitCode {
    let line = match CommandLine::<C>::parse_for(about) {
        Ok(line) => line,
        Err(error) => {
            // A closed pipe while printing help is nobody's failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    start_telemetry(line.common.verbose);
    let run = Run {
        seed: line.common.seed.unwrap_or_else(rng::draw_seed),
        quick: line.common.quick,
        shutdown: OnceLock::new(),
    };
    match lab(&run, line.command).and_then(|outcome| deliver(outcome, &run, &line.common)) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// Prints a report and writes its files; a failed check makes the exit code 1.
fn deliver(outcome: Outcome, run: &Run, common: &Common) -> Result<ExitCode, Failure> {
    let Outcome::Report(report) = outcome else {
        if common.json.is_some() || common.html.is_some() {
            eprintln!("warning: this command has no report for --json or --html to write");
        }
        return Ok(ExitCode::SUCCESS);
    };
    let report = report.seed(run.seed);
    print(&report.to_terminal())?;
    if let Some(path) = &common.json {
        write_file(path, &report.to_json())?;
    }
    if let Some(path) = &common.html {
        write_file(path, &report.to_html())?;
    }
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints text to stdout. A reader who has seen enough and closed the pipe is no error.
///
/// # Errors
/// Any other failure to write.
pub fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
}

fn start_telemetry(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::INFO,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    // A second call in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_target(false)
        .try_init();
}
