//! The command line: what can be asked for.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use async_futures::echo;
use async_futures::net::TcpListener;
use async_futures::squares::{self, Workers};
use async_futures::{Error, Executor, processes};
use clap::{Subcommand, ValueEnum};
use labkit::report::{Report, Table, number};
use labkit::run::{self, Failure, Outcome, Run};

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  async-futures                                   the demo: one task set on four kinds of workers
  async-futures squares 5                         five squares of 2 s each, as they complete
  async-futures squares 20 --on processes         twenty of them on sixteen processes
  async-futures squares 10000 --takes 500         ten thousand at once on two threads
  async-futures echo                              an echo server; talk to it with nc
  async-futures echo --port 7007 --workers 1      on a port of your choice, with one thread";

/// What the program does besides its demonstration.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the lab is about (the default)
    Demo,
    /// Square the numbers from 1 to N, each of which takes its time
    Squares {
        /// How many numbers
        #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
        numbers: u64,
        /// Who does the work
        #[arg(long, value_enum, default_value_t = On::Executor)]
        on: On,
        /// How long each takes, in milliseconds; each number takes a little less than the one before
        #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(..=600_000))]
        takes: u64,
    },
    /// Send back what comes, on our own reactor
    Echo {
        /// The address to listen on
        #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
        host: IpAddr,
        /// The port; 0 takes a free one
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// How many threads poll the connections
        #[arg(long, value_name = "N", default_value_t = 2)]
        workers: usize,
        /// How many connections are served at once
        #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        most: u32,
    },
    /// A process of the pool; speaks in frames over its pipes
    #[command(hide = true)]
    Worker,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum On {
    /// Our executor, two threads
    Executor,
    /// A thread for each number, at most 512
    Threads,
    /// A process for each number, at most 16
    Processes,
    /// tokio, one thread
    Tokio,
}

impl From<On> for Workers {
    fn from(on: On) -> Self {
        match on {
            On::Executor => Workers::Executor,
            On::Threads => Workers::Threads,
            On::Processes => Workers::Processes,
            On::Tokio => Workers::Tokio,
        }
    }
}

/// Does what was asked for.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run, &own_program()?)?.into()),
        Command::Squares { numbers, on, takes } => {
            Ok(square(numbers, on.into(), Duration::from_millis(takes))?.into())
        }
        Command::Echo {
            host,
            port,
            workers,
            most,
        } => {
            let executor = Executor::builder().workers(workers).build()?;
            let listener = labkit::net::bind((host, port).into())?;
            let stop = run.shutdown();
            let served = executor.block_on(async {
                labkit::net::announce("tcp", listener.local_addr()?)?;
                let listener = TcpListener::from_std(listener)?;
                Ok::<_, io::Error>(echo::serve(listener, most as usize, &stop).await)
            })?;
            let echo::Served { connections, bytes } = served;
            run::print(&format!(
                "served {connections} connections, {bytes} bytes\n"
            ))?;
            Ok(Outcome::Silent)
        }
        Command::Worker => {
            processes::serve(io::stdin().lock(), io::stdout().lock(), squares::work)?;
            Ok(Outcome::Silent)
        }
    }
}

/// What worker processes are started from.
fn own_program() -> Result<PathBuf, Error> {
    Ok(std::env::current_exe()?)
}

fn square(numbers: u64, workers: Workers, takes: Duration) -> Result<Report, Failure> {
    let plan = demo::staggered(numbers, takes);
    let done = squares::square_all(workers, &plan, &own_program()?)?;
    let last = done.last().map_or(0.0, |last| last.span.1.as_secs_f64());
    let mut table = Table::new(["done", "number", "square", "after s"]);
    let shown = 20;
    for (place, it) in (1..).zip(&done).take(shown) {
        table = table.row([
            place.to_string(),
            it.number.to_string(),
            it.square.to_string(),
            format!("{:.3}", it.span.1.as_secs_f64()),
        ]);
    }
    let right = done.iter().all(|it| it.square == it.number * it.number);
    let mut report = Report::new("async-futures", format!("Squares on {}", workers.name()))
        .check(
            "every number was squared",
            right && done.len() == plan.len(),
            format!("{} of {numbers} in {} s", done.len(), number(last)),
        )
        .table(table);
    if done.len() > shown {
        report = report.text(format!("The first {shown} of {} are shown.", done.len()));
    }
    Ok(report)
}
