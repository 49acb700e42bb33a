//! Flags in, exit code out.

mod cli;
mod demo;

// The judge of the tests, not a copy of it.
#[path = "../tests/actors/mod.rs"]
mod actors;
#[path = "../tests/oracle/mod.rs"]
mod oracle;

use std::process::ExitCode;

fn main() -> ExitCode {
    labkit::run::main(labkit::about!(cli::EXAMPLES), cli::run)
}
