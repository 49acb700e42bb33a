//! The command line: what can be asked for, and one checked request out of it.

use std::path::PathBuf;
use std::time::Duration;

use labkit::run::{Failure, Outcome, Run};

use feedback_control::comparison::{self, compare};
use feedback_control::config::{Config, Limits};
use feedback_control::controller::{Kind, Tuning};
use feedback_control::error::{Error, positive};
use feedback_control::live::worker::{self, Work};
use feedback_control::queue::Queue;
use feedback_control::traffic::{self, Model, Trace, check_rate, to_csv};

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  feedback-control                                       the demo: all controllers, all traffic
  feedback-control simulate --controller pid --traffic step --cycles 500
  feedback-control compare --traffic flash-crowd         four controllers and the clairvoyant
  feedback-control compare --trace day.csv --max 40      over your own traffic
  feedback-control traffic --traffic diurnal > day.csv   traffic as such a file
  feedback-control live --controller target-tracking     real processes on this machine";

/// What the lab can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Fifty cycles as asked, then all controllers over all traffic (the default)
    Demo,
    /// Run one controller over simulated servers
    Simulate {
        /// Who decides
        #[arg(long, value_enum, default_value = "threshold")]
        controller: Kind,
        #[command(flatten)]
        traffic: TrafficArgs,
        #[command(flatten)]
        servers: ServerArgs,
    },
    /// Run all controllers over the same traffic, beside the clairvoyant
    Compare {
        #[command(flatten)]
        traffic: TrafficArgs,
        #[command(flatten)]
        servers: ServerArgs,
    },
    /// Print traffic as CSV, for --trace
    Traffic {
        #[command(flatten)]
        traffic: TrafficArgs,
    },
    /// Run one controller over real worker processes, for some ten seconds
    Live {
        /// Who decides
        #[arg(long, value_enum, default_value = "threshold")]
        controller: Kind,
        /// The most worker processes, 1 to 4
        #[arg(long, value_name = "N", default_value_t = 4)]
        max: usize,
    },
    /// A worker process of the live form
    #[command(hide = true)]
    Worker {
        /// Rounds computed for each request
        #[arg(long)]
        rounds: u64,
        /// Microseconds that a request takes
        #[arg(long)]
        service_us: u64,
        /// Milliseconds until it listens
        #[arg(long)]
        boot_ms: u64,
    },
}

/// Which traffic.
#[derive(Debug, clap::Args)]
pub(crate) struct TrafficArgs {
    /// Its shape
    #[arg(long, value_enum, default_value = "random", conflicts_with = "trace")]
    traffic: Model,
    /// A file with a head `cycle,rate` and a line for every cycle
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// How many cycles of 15 s
    #[arg(long, value_name = "N", default_value_t = comparison::CYCLES)]
    cycles: usize,
    /// Mean requests per second; a server completes 100
    #[arg(long, value_name = "RATE", default_value_t = comparison::BASE_RATE, allow_negative_numbers = true)]
    rate: f64,
}

/// Which servers.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The fewest servers
    #[arg(long, value_name = "N", default_value_t = 1)]
    min: usize,
    /// The most servers
    #[arg(long, value_name = "N", default_value_t = 120)]
    max: usize,
    /// Servers at first [default: enough for the first cycle]
    #[arg(long, value_name = "N")]
    servers: Option<usize>,
    /// For how many cycles an ordered server doesn't work yet
    #[arg(long, value_name = "N", default_value_t = 2)]
    start_up: usize,
    /// Milliseconds within which 95 % of requests are to be answered
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 100.0,
        allow_negative_numbers = true
    )]
    slo: f64,
}

impl TrafficArgs {
    fn checked(&self, run: &Run) -> Result<Trace, Error> {
        match &self.trace {
            Some(path) => traffic::read(path),
            None => {
                check_rate(self.rate)?;
                let mut chance = run.rng(self.traffic.name());
                self.traffic.generate(self.cycles, self.rate, &mut chance)
            }
        }
    }
}

impl ServerArgs {
    fn checked(&self, trace: &Trace) -> Result<Config, Error> {
        let queue = Queue {
            slo_s: positive("--slo", self.slo)? / 1000.0,
            ..Queue::default()
        };
        let limits = Limits::new(self.min, self.max)?;
        let first = trace.rates().first().copied().unwrap_or(0.0);
        // As busy as a careful operator would have left them.
        let enough = || limits.ceil(first / queue.service_rate / 0.75);
        Config::new(
            queue,
            limits,
            self.servers.unwrap_or_else(enough),
            self.start_up,
        )
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what failed.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Simulate {
            controller,
            traffic,
            servers,
        } => {
            let trace = traffic.checked(run)?;
            let config = servers.checked(&trace)?;
            Ok(demo::one(&config, controller, &trace).into())
        }
        Command::Compare { traffic, servers } => {
            let trace = traffic.checked(run)?;
            let config = servers.checked(&trace)?;
            let comparison = compare(&config, &Tuning::default(), trace)?;
            Ok(demo::compared(&comparison).into())
        }
        Command::Traffic { traffic } => {
            labkit::run::print(&to_csv(&traffic.checked(run)?))?;
            Ok(Outcome::Silent)
        }
        Command::Live { controller, max } => Ok(demo::live(run, controller, max)?.into()),
        Command::Worker {
            rounds,
            service_us,
            boot_ms,
        } => {
            let work = Work {
                rounds,
                service: Duration::from_micros(service_us),
            };
            worker::serve(work, Duration::from_millis(boot_ms), &run.shutdown())?;
            Ok(Outcome::Silent)
        }
    }
}
