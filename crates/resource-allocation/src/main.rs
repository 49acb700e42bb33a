//! Flags in, exit code out.

mod cli;
mod course;
mod demo;
#[cfg(target_os = "linux")]
mod live_run;
mod share;

use std::process::ExitCode;

fn main() -> ExitCode {
    labkit::run::main(labkit::about!(cli::EXAMPLES), cli::run)
}
