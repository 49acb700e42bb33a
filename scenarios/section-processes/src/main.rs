//! The labs of processes and threads, together: a burst of clients asks a TCP server for counts of
//! primes; each question becomes a job, which goes through a bounded buffer into a thread pool. A deadlock
//! detector watches the locks of the books that both ends keep, and an executor's timer beats the time.
//!
//! In reading order: `pipeline` joins the labs, `visit` is what one question went through, `books` are the
//! watched locks, `pulse` looks how things stand, `burst` are the clients; `story` tells what was seen, and
//! `pictures` draws it.

mod books;
mod burst;
mod pictures;
mod pipeline;
mod pulse;
mod story;
mod visit;

use std::process::ExitCode;

use labkit::run::{Failure, Outcome, Run};

const EXAMPLES: &str = "\
Examples:
  section-processes                       the joint scenario
  section-processes --html together.html  with its timeline and charts";

/// What the program can do.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the joint scenario (the default)
    Demo,
}

fn main() -> ExitCode {
    labkit::run::main(labkit::about!(EXAMPLES), demo)
}

fn demo(run: &Run, _: Option<Command>) -> Result<Outcome, Failure> {
    Ok(story::tell(run).map_err(Failure::failed)?.into())
}
