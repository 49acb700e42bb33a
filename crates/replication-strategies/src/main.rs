//! Flags in, exit code out.

mod cli;
mod demo;

use std::process::ExitCode;

fn main() -> ExitCode {
    labkit::run::main(labkit::about!(cli::EXAMPLES), cli::run)
}
