//! The labs of self-management, together: a flash crowd meets a service that looks after itself.
//!
//! A supervisor runs the workers, an autoscaler says how many there should be, an allocator shares the
//! machine between them and batch jobs, a gossip layer counts who is there, a metrics database keeps what all
//! of them say, and one page shows it. In the middle of the crowd a worker is killed.
//!
//! In reading order: `control` is the loop that joins the labs, `crowd` the load and its lanes to the
//! workers, `fleet` the supervised processes, `worker` what they do, `gossip` who counts them, `journal`
//! the metrics; `story` tells what was seen, and `pictures` draws it.

mod control;
mod crowd;
mod fleet;
mod gossip;
mod journal;
mod pictures;
mod story;
mod worker;

use std::net::SocketAddr;
use std::process::ExitCode;

use labkit::run::{Failure, Outcome, Run};

const EXAMPLES: &str = "\
Examples:
  section-self-management                        the joint scenario
  section-self-management --html together.html   with its timeline and charts
  section-self-management live                   crowd after crowd, with the page, until Ctrl-C";

/// What the program can do.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the joint scenario once (the default)
    Demo,
    /// Let crowd after crowd come, and show it on a page, until Ctrl-C
    Live,
    /// Be a worker
    #[command(hide = true)]
    Worker {
        /// Its name in the gossip
        #[arg(long)]
        name: String,
        /// A node of the gossip
        #[arg(long)]
        join: SocketAddr,
        /// What a request costs
        #[arg(long)]
        rounds: u64,
        /// How long a request takes
        #[arg(long)]
        service_us: u64,
    },
    /// Be a batch job
    #[command(hide = true)]
    Batch,
}

fn main() -> ExitCode {
    labkit::run::main(labkit::about!(EXAMPLES), run)
}

fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    let done = match command {
        None | Some(Command::Demo) => {
            return Ok(story::tell(run).map_err(Failure::failed)?.into());
        }
        Some(Command::Live) => story::live(run),
        Some(Command::Worker {
            name,
            join,
            rounds,
            service_us,
        }) => worker::run(&name, join, (rounds, service_us), run),
        Some(Command::Batch) => worker::batch(&run.shutdown()),
    };
    done.map_err(Failure::failed)?;
    Ok(Outcome::Silent)
}
