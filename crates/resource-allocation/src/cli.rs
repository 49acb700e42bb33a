//! The command line: what can be asked for, and one checked request out of it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use labkit::run::{Failure, Outcome, Run};
use resource_allocation::reclaim::Hysteresis;
use resource_allocation::{Error, Policy};

use crate::{course, demo, share};

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  resource-allocation                                 the demo: five rules on the same random loads
  resource-allocation share cpu=9,memory=18 A:cpu=1,memory=4 B:cpu=3,memory=1 --tasks
                                                      whole tasks: the example of the DRF paper
  resource-allocation share cpu=100 web:cpu=80,weight=2 batch:cpu=90 --policy proportional
  resource-allocation share cpu=8,gpu=2 a:cpu=8,min.cpu=2 b:cpu=8,gpu=2,priority=1 --policy priority
  resource-allocation simulate --services 20 --cycles 500 --html report.html
  resource-allocation live                            the same decisions on real processes
  resource-allocation live --enforce nice --phases 3";

/// What the lab can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare the rules on random loads, and show what each promises (the default)
    Demo,
    /// Share a pool among services once
    Share {
        /// What there is, such as cpu=9,memory=18
        pool: String,
        /// Who wants how much, such as A:cpu=1,memory=4,weight=2,priority=1,min.cpu=0.5
        #[arg(required = true)]
        services: Vec<String>,
        /// By which rule
        #[arg(long, value_enum, default_value_t = Rule::Drf)]
        policy: Rule,
        /// Launch whole tasks of the demands' size, by dominant resource fairness
        #[arg(long, conflicts_with = "policy")]
        tasks: bool,
    },
    /// Share a machine among services with random loads, cycle by cycle
    Simulate(Simulate),
    /// Enforce the shares on real processes, and measure whether they hold
    Live(Live),
    /// A worker of `live`; takes orders on its standard input
    #[command(hide = true)]
    Worker,
    /// Removes the control groups of `live` when it has ended
    #[command(hide = true)]
    Janitor {
        /// The groups
        groups: Vec<PathBuf>,
    },
}

/// What to simulate; the library checks it.
#[derive(Args, Debug)]
pub(crate) struct Simulate {
    /// How many services
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) services: u16,
    /// How many cycles
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) cycles: u32,
    #[command(flatten)]
    pub(crate) hysteresis: Thresholds,
}

/// When claims change.
#[derive(Args, Debug)]
pub(crate) struct Thresholds {
    /// Who uses less than this part of its claim is idle
    #[arg(long, value_name = "PART", default_value_t = 0.5)]
    low: f64,
    /// Who uses more than this part is busy
    #[arg(long, value_name = "PART", default_value_t = 0.9)]
    high: f64,
    /// What is claimed for each unit in use, when a claim changes
    #[arg(long, value_name = "FACTOR", default_value_t = 1.25)]
    headroom: f64,
    /// For how many cycles one must be idle before it gives back
    #[arg(long, value_name = "N", default_value_t = 3)]
    patience: u32,
}

impl Thresholds {
    pub(crate) fn checked(&self) -> Result<Hysteresis, Error> {
        Hysteresis::new(self.low, self.high, self.headroom, self.patience)
    }
}

/// What to do with real processes.
#[derive(Args, Debug)]
pub(crate) struct Live {
    /// How many services, a process each
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub(crate) services: u16,
    /// How many times the loads change
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) phases: u16,
    /// How limits are enforced
    #[arg(long, value_enum, default_value_t = Enforce::Auto)]
    pub(crate) enforce: Enforce,
    /// By which rule
    #[arg(long, value_enum, default_value_t = Rule::Drf)]
    pub(crate) policy: Rule,
    /// What part of a processor all services share, 0.1 to 1 [default: 1, or 0.8 of an only one]
    #[arg(long, value_name = "PART")]
    pub(crate) cpus: Option<f64>,
    /// How much memory they share, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub(crate) memory: u32,
}

/// The rules, as the command line names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Rule {
    /// First come, first served
    Greedy,
    /// Max-min fairness, kind by kind
    MaxMin,
    /// In proportion to weights, kind by kind
    Proportional,
    /// Dominant resource fairness
    Drf,
    /// Guaranteed minima, then class by class
    Priority,
}

impl Rule {
    pub(crate) fn policy(self) -> Policy {
        match self {
            Rule::Greedy => Policy::Greedy,
            Rule::MaxMin => Policy::MaxMin,
            Rule::Proportional => Policy::Proportional,
            Rule::Drf => Policy::Drf,
            Rule::Priority => Policy::Priority,
        }
    }
}

/// How limits are enforced.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Enforce {
    /// By control groups, or by nice where they can't be had
    Auto,
    /// By control groups or not at all
    Cgroup,
    /// By nice values, on one processor
    Nice,
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what the system refused.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Share {
            pool,
            services,
            policy,
            tasks,
        } => {
            let problem = share::read(&pool, &services)?;
            Ok(if tasks {
                share::tasks(&problem).into()
            } else {
                share::once(&problem, policy.policy()).into()
            })
        }
        Command::Simulate(simulate) => Ok(course::simulate(run, &simulate)?.into()),
        Command::Live(live) => on_processes(run, &live),
        Command::Worker => work(),
        Command::Janitor { groups } => clean(&groups),
    }
}

#[cfg(target_os = "linux")]
fn on_processes(run: &Run, live: &Live) -> Result<Outcome, Failure> {
    Ok(crate::live_run::run(run, live)?.into())
}

#[cfg(target_os = "linux")]
fn work() -> Result<Outcome, Failure> {
    Ok(resource_allocation::live::worker::run()?.into())
}

#[cfg(target_os = "linux")]
fn clean(groups: &[PathBuf]) -> Result<Outcome, Failure> {
    Ok(resource_allocation::live::janitor::run(groups)?.into())
}

#[cfg(not(target_os = "linux"))]
fn on_processes(_: &Run, _: &Live) -> Result<Outcome, Failure> {
    Err(Failure::unavailable(
        "processes are limited by Linux's control groups; run this on Linux, or try simulate",
    ))
}

#[cfg(not(target_os = "linux"))]
fn work() -> Result<Outcome, Failure> {
    on_linux_only()
}

#[cfg(not(target_os = "linux"))]
fn clean(_: &[PathBuf]) -> Result<Outcome, Failure> {
    on_linux_only()
}

#[cfg(not(target_os = "linux"))]
fn on_linux_only() -> Result<Outcome, Failure> {
    Err(Failure::unavailable("this runs on Linux only"))
}
