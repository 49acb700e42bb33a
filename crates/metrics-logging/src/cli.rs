//! The command line: what can be asked for, and one checked request out of it.

mod asking;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use labkit::net;
use labkit::run::{Failure, Outcome, Run};
use labkit::services;

use metrics_logging::config::{Config, DAY, MINUTE, parse_duration};
use metrics_logging::detect::Method;
use metrics_logging::error::Error;
use metrics_logging::fleet::{Fleet, Plan};
use metrics_logging::server::{self, Service};
use metrics_logging::store::{Embedded, Influx, Store};

use crate::demo;
use asking::{existing, import, print_groups, question_of};

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  metrics-logging                                      the demo: services, storage, anomalies
  metrics-logging serve --data metrics --simulate      a server with a page and something to see
  metrics-logging simulate --days 7 > week.lp          the same services as lines
  metrics-logging import week.lp --data metrics        lines into a folder
  metrics-logging query \"SELECT max(cpu) FROM service GROUP BY time(1d), host\" --data metrics
  metrics-logging detect --method seasonal-median      who finds what was put in";

/// The most services and days that are simulated.
const MOST: (usize, usize) = (1_000, 100);

/// What the lab can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Services write, the store compresses, detectors look, a crash loses nothing (the default)
    Demo,
    /// Serve the line protocol, InfluxQL, Prometheus and a page
    Serve {
        #[command(flatten)]
        folder: FolderArgs,
        /// The address to listen on
        #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
        host: IpAddr,
        /// The port to listen on; 0 takes a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        port: u16,
        /// The database's name
        #[arg(long, value_name = "NAME", default_value = "metrics")]
        database: String,
        /// Let simulated services have written for eight days, and go on
        #[arg(long)]
        simulate: bool,
    },
    /// Print what simulated services write, as lines
    Simulate {
        #[command(flatten)]
        plan: PlanArgs,
    },
    /// Write the lines of a file into a folder
    Import {
        /// A file of line protocol
        file: PathBuf,
        /// How its times are counted: ns, u, ms, s, m or h
        #[arg(long, value_name = "UNIT", default_value = "ns")]
        precision: String,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Ask a folder, or an InfluxDB
    Query {
        /// A SELECT of one field
        question: String,
        /// Ask the InfluxDB at this address instead of a folder
        #[arg(long, value_name = "IP:PORT", conflicts_with = "data")]
        influx: Option<SocketAddr>,
        /// The database's name there
        #[arg(long, value_name = "NAME", default_value = "metrics")]
        database: String,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Run the same questions on the folder's engine and on an InfluxDB
    Compare,
    /// Let detectors look at simulated services, and score them
    Detect {
        /// Which one [default: all of them]
        #[arg(long, value_enum)]
        method: Option<Method>,
        #[command(flatten)]
        plan: PlanArgs,
    },
}

/// Where, and how much is kept.
#[derive(Debug, clap::Args)]
pub(crate) struct FolderArgs {
    /// The database's folder
    #[arg(long, value_name = "DIR", default_value = "metrics-data")]
    data: PathBuf,
    /// Refuse and delete what is older [default: keep everything]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    retention: Option<i64>,
    /// Keep a coarser copy as well; may be given several times
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    rollup: Vec<i64>,
    /// The most series: measurement, tags and field
    #[arg(long, value_name = "N", default_value_t = Config::default().max_series)]
    max_series: usize,
}

/// Which services.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// How many services
    #[arg(long, value_name = "N", default_value_t = 5)]
    services: usize,
    /// For how many days
    #[arg(long, value_name = "N", default_value_t = 14)]
    days: usize,
    /// From one sample to the next
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration)]
    step: i64,
}

impl FolderArgs {
    fn config(&self) -> Config {
        Config {
            max_series: self.max_series,
            retention: self.retention,
            rollups: self.rollup.clone(),
            ..Config::default()
        }
    }
}

impl PlanArgs {
    fn checked(&self) -> Result<Plan, Failure> {
        for (name, given, most) in [
            ("--services", self.services, MOST.0),
            ("--days", self.days, MOST.1),
        ] {
            if !(1..=most).contains(&given) {
                return Err(Failure::usage(format!(
                    "{name} is {given}; give 1 to {most}"
                )));
            }
        }
        if !(MINUTE / 6..=DAY / 24).contains(&self.step) {
            return Err(Failure::usage("--step is out of range; give 10s to 1h"));
        }
        Ok(demo::plan(self.services, self.days, self.step))
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what failed.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Serve {
            folder,
            host,
            port,
            database,
            simulate,
        } => serve(run, &folder, (host, port).into(), &database, simulate),
        Command::Simulate { plan } => {
            let fleet = Fleet::simulate(plan.checked()?, run.seed);
            labkit::run::print(&fleet.lines(0..fleet.steps()))?;
            Ok(Outcome::Silent)
        }
        Command::Import {
            file,
            precision,
            folder,
        } => import(&file, &precision, &folder),
        Command::Query {
            question,
            influx,
            database,
            folder,
        } => {
            let query = question_of(&question)?;
            let groups = match influx {
                Some(address) => Influx::create(address, &database)?.query(&query)?,
                None => existing(&folder)?.query(&query)?,
            };
            print_groups(&query, &groups)
        }
        Command::Compare => {
            let service = services::influxdb();
            let service = service.map_err(|missing| Error::Unavailable(missing.to_string()))?;
            Ok(demo::compare(run, service.address())?.into())
        }
        Command::Detect { method, plan } => {
            let methods = method.map_or(Method::ALL.to_vec(), |method| vec![method]);
            let fleet = Fleet::simulate(plan.checked()?, run.seed);
            Ok(demo::detected(&fleet, &methods).into())
        }
    }
}

fn serve(
    run: &Run,
    folder: &FolderArgs,
    address: SocketAddr,
    database: &str,
    simulate: bool,
) -> Result<Outcome, Failure> {
    let shutdown = run.shutdown();
    let listener = net::bind(address).map_err(Failure::usage)?;
    let store = Embedded::open(&folder.data, folder.config())?;
    let recovered = store.engine().recovered();
    tracing::info!(
        "{}: {} segments, {} samples from the log",
        folder.data.display(),
        recovered.segments,
        recovered.replayed
    );
    let address = listener.local_addr()?;
    let writer = if simulate {
        let (store, seed, stop) = (store.clone(), run.seed, shutdown.clone());
        demo::fill(&store, seed)?;
        Some(std::thread::spawn(move || demo::go_on(&store, seed, &stop)))
    } else {
        None
    };
    net::announce("http", address)?;
    server::serve(listener, Service::new(store.clone(), database), &shutdown)?;
    if writer.is_some_and(|writer| writer.join().is_err()) {
        return Err(Failure::failed("the simulated services ended in a panic"));
    }
    store.engine().checkpoint()?;
    Ok(Outcome::Silent)
}
