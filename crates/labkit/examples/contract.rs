//! The smallest program that keeps the run contract; labkit's own tests start it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use labkit::report::{Figure, Report};
use labkit::run::{Failure, Outcome};

#[derive(Subcommand)]
enum Command {
    /// Report a check that doesn't hold
    Broken,
    /// Fail in the way that the code says
    Fail {
        /// 1, 2 or 69
        code: u8,
    },
    /// Serve until a signal comes
    Serve,
}

fn main() -> ExitCode {
    labkit::run::main(
        labkit::about!("Examples:\n  contract --seed 7\n  contract fail 69"),
        |run, command: Option<Command>| match command {
            None => {
                let drawn = run.rng("demo").below(1_000_000) as f64;
                Ok(report().headline(Figure::new("drawn", drawn, "")).into())
            }
            Some(Command::Broken) => Ok(report().check("it holds", false, "it doesn't").into()),
            Some(Command::Fail { code: 2 }) => Err(Failure::usage("zero threads; at least 1")),
            Some(Command::Fail { code: 69 }) => {
                Err(Failure::unavailable("no redis; apt install it"))
            }
            Some(Command::Fail { .. }) => Err(Failure::failed("it broke")),
            Some(Command::Serve) => {
                let shutdown = run.shutdown();
                println!("ready");
                let told = shutdown.wait_timeout(Duration::from_secs(60));
                println!("{}", if told { "drained" } else { "nobody came" });
                Ok(Outcome::Silent)
            }
        },
    )
}

fn report() -> Report {
    Report::new("contract", "The run contract")
}
