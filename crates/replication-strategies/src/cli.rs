//! The command line: what can be asked for, and one checked request out of it.

use std::path::PathBuf;

use labkit::report::Table;
use labkit::run::{Failure, Outcome, Run};

use replication_strategies::config::{Config, Settings};
use replication_strategies::error::{Error, within};
use replication_strategies::live::node;
use replication_strategies::placement::Served;
use replication_strategies::strategy::Kind;

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  replication-strategies                                    the demo: who wins where
  replication-strategies compare --writes 0.2               seven strategies, one mix
  replication-strategies compare --regions london,tokyo --replicas 2 --skew 1.2
  replication-strategies simulate --strategy lru --requests 1000000
  replication-strategies locate --strategy hash --node 3 --object 42
  replication-strategies live --writes 0.1                  real processes and files";

/// The most requests of a live run.
const MOST_LIVE: u64 = 2_000;

/// What the lab can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Full against selective as asked, then all strategies over all mixes (the default)
    Demo,
    /// Run one strategy
    Simulate {
        /// Which one
        #[arg(long, value_enum, default_value = "full")]
        strategy: Kind,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Run all strategies over the same requests
    Compare {
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Say who holds an object at first, and who serves a node's read of it
    Locate {
        /// Who placed it
        #[arg(long, value_enum, default_value = "full")]
        strategy: Kind,
        /// The reader, by its number
        #[arg(long, value_name = "N")]
        node: usize,
        /// The object, by its number
        #[arg(long, value_name = "N")]
        object: u32,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Run strategies over real processes, and beside them the simulator
    Live {
        /// Only this one [default: all]
        #[arg(long, value_enum)]
        strategy: Option<Kind>,
        /// Requests for each strategy
        #[arg(long, value_name = "N", default_value_t = 240)]
        requests: u64,
        /// The share of writes, 0 to 1
        #[arg(
            long,
            value_name = "SHARE",
            default_value_t = 0.05,
            allow_negative_numbers = true
        )]
        writes: f64,
    },
    /// A node process of the live form
    #[command(hide = true)]
    Node {
        /// Where it keeps its files
        #[arg(long)]
        folder: PathBuf,
    },
}

/// What can be chosen of a run.
#[derive(Debug, clap::Args)]
pub(crate) struct Chosen {
    /// Regions with a node each, separated by commas [default: all ten that are known]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    regions: Option<Vec<String>>,
    /// Objects to replicate
    #[arg(long, value_name = "N")]
    objects: Option<usize>,
    /// Exponent of Zipf's law [default: 0.9]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    skew: Option<f64>,
    /// The share of writes, 0 to 1 [default: 0.05]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    writes: Option<f64>,
    /// The share of requests in a region's own taste, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    local_taste: Option<f64>,
    /// Objects by which the ranking moves every 10 s [default: 3]
    #[arg(long, value_name = "N")]
    drift: Option<u32>,
    /// Requests per second, of all regions together [default: 2000]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Requests to simulate [default: 200000]
    #[arg(long, value_name = "N")]
    requests: Option<u64>,
    /// Copies of each object under hash
    #[arg(long, value_name = "N")]
    replicas: Option<usize>,
    /// The share of the catalogue that a node may copy under random, demand and lru [default: 0.2]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    budget: Option<f64>,
    /// Bandwidth of each link in Mbit/s [default: 1000]
    #[arg(long, value_name = "MBIT", allow_negative_numbers = true)]
    mbit: Option<f64>,
}

impl Chosen {
    fn checked(self) -> Result<Config, Error> {
        let usual = Settings::default();
        let regions = self.regions.unwrap_or(usual.regions);
        // Two regions can't hold three copies; nobody asked for three.
        let replicas = self.replicas.unwrap_or(usual.replicas.min(regions.len()));
        Config::new(Settings {
            regions,
            replicas,
            objects: self.objects.unwrap_or(usual.objects),
            skew: self.skew.unwrap_or(usual.skew),
            write_share: self.writes.unwrap_or(usual.write_share),
            local_taste: self.local_taste.unwrap_or(usual.local_taste),
            drift: self.drift.unwrap_or(usual.drift),
            rate: self.rate.unwrap_or(usual.rate),
            requests: self.requests.unwrap_or(usual.requests),
            budget: self.budget.unwrap_or(usual.budget),
            mbit: self.mbit.unwrap_or(usual.mbit),
            ..usual
        })
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what failed.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Simulate { strategy, chosen } => {
            Ok(demo::one(run, &chosen.checked()?, strategy).into())
        }
        Command::Compare { chosen } => Ok(demo::compared(run, &chosen.checked()?).into()),
        Command::Locate {
            strategy,
            node,
            object,
            chosen,
        } => {
            let text = locate(run, &chosen.checked()?, strategy, node, object)?;
            labkit::run::print(&text)?;
            Ok(Outcome::Silent)
        }
        Command::Live {
            strategy,
            requests,
            writes,
        } => {
            const RANGE: &str = "1 to 2,000 requests";
            within(
                "--requests",
                requests as f64,
                (1.0, MOST_LIVE as f64),
                RANGE,
            )?;
            let kinds = strategy.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
            Ok(demo::live(run, &kinds, requests, writes)?.into())
        }
        Command::Node { folder } => {
            node::serve(folder, &run.shutdown())?;
            Ok(Outcome::Silent)
        }
    }
}

/// Who holds an object, and who serves a read of it.
fn locate(
    run: &Run,
    config: &Config,
    strategy: Kind,
    node: usize,
    object: u32,
) -> Result<String, Error> {
    let topology = config.topology();
    let reader = topology.name(node)?;
    let last = config.catalogue().len() - 1;
    const OBJECTS: &str = "the number of one; --objects says how many there are";
    within("--object", f64::from(object), (0.0, last as f64), OBJECTS)?;
    let (_, placement) = strategy.build(config, run.seed);
    let mut table = Table::new(["node", "region", "", "round trip"]);
    for other in topology.by_distance(node) {
        let holds = if placement.holders(object).has(other) {
            "holds it"
        } else {
            ""
        };
        let ms = topology.round_trip_ns(node, other) as f64 / 1e6;
        let name = topology.name(other)?;
        table = table.row([
            other.to_string(),
            name.to_owned(),
            holds.to_owned(),
            format!("{ms:.0} ms"),
        ]);
    }
    let served = match placement.serve(topology, node, object)? {
        Served::Locally => "itself".to_owned(),
        Served::Remotely { from } => topology.name(from)?.to_owned(),
    };
    Ok(format!(
        "{}{reader}'s read of object {object} is served by {served}\n",
        table.to_terminal()
    ))
}
