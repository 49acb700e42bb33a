//! The command line: what can be asked for, and one checked request out of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use labkit::report::Table;
use labkit::run::{Failure, Outcome, Run};

use astrolabe_monitoring::Error;
use astrolabe_monitoring::live::{Client, Server, Settings, seal};
use astrolabe_monitoring::message::{Action, Summary};
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::simulation::Plan;
use astrolabe_monitoring::zone::Path;

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  astrolabe-monitoring                                     the demo: simulated trees, then three processes
  astrolabe-monitoring simulate --nodes 10000              ten thousand nodes over virtual time
  astrolabe-monitoring simulate --nodes 300 --loss 0.3 --trace trace.html
  astrolabe-monitoring node --path /paris/r1/n1            a node; it says where it listens
  astrolabe-monitoring node --path /rome/r1/n2 --join 127.0.0.1:40001
  astrolabe-monitoring query 'SELECT MAX(load), TOP(3, cpu)' --node 127.0.0.1:40001";

/// What the lab can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// A collector, trees by simulation, and three real processes of which one is killed (the default)
    Demo,
    /// Run one node, until it is told to stop
    Node(NodeArgs),
    /// Ask any node about all of them
    Query(QueryArgs),
    /// Run the same nodes over virtual time; the same seed gives the same report
    Simulate(SimulateArgs),
}

/// One node.
#[derive(Debug, clap::Args)]
pub(crate) struct NodeArgs {
    /// Where it is in the tree
    #[arg(long, value_name = "PATH")]
    path: String,
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A node of the tree; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    join: Vec<SocketAddr>,
    /// Milliseconds that a round lasts; all nodes should have the same
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    round: u64,
    /// A file with the tree's key, 16 to 1024 bytes (- for standard input)
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// One question.
#[derive(Debug, clap::Args)]
pub(crate) struct QueryArgs {
    /// Such as 'SELECT MIN(cpu), AVG(mem), SUM(load), COUNT(*), TOP(3, cpu)'
    query: String,
    /// The node that is asked
    #[arg(long, value_name = "ADDRESS")]
    node: SocketAddr,
    /// Seconds to wait until every node is in the answer
    #[arg(long, value_name = "S", default_value_t = 30)]
    wait: u64,
    /// Leave the query installed: later answers are there at once
    #[arg(long, conflicts_with = "remove")]
    keep: bool,
    /// Remove the query everywhere, instead of asking
    #[arg(long)]
    remove: bool,
    /// A file with the tree's key (- for standard input)
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// One simulation.
#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// Nodes in the largest tree
    #[arg(long, value_name = "N", default_value_t = 1000)]
    nodes: u32,
    /// The share of messages that are lost
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    loss: f64,
    /// Write a page on which a small tree's messages can be stepped through
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what failed.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Node(args) => node(run, args),
        Command::Query(args) => query(run, &args),
        Command::Simulate(args) => {
            let plan = Plan::new(args.nodes, args.loss, run.seed)?;
            let report = demo::simulated(run, &plan)?;
            if let Some(file) = args.trace {
                let page = demo::trace(run.seed, args.loss).to_html();
                std::fs::write(&file, page).map_err(|error| {
                    Failure::failed(format!("cannot write {}: {error}", file.display()))
                })?;
            }
            Ok(report.into())
        }
    }
}

fn node(run: &Run, args: NodeArgs) -> Result<Outcome, Failure> {
    if !(10..=60_000).contains(&args.round) {
        return Err(Failure::from(Error::Range {
            name: "--round",
            range: "10 to 60000 ms",
            given: args.round.to_string(),
        }));
    }
    let shutdown = run.shutdown();
    let server = Server::bind(Settings {
        path: args.path.parse::<Path>()?,
        listen: args.listen,
        join: args.join,
        round: Duration::from_millis(args.round),
        seal: seal(args.key_file.as_deref())?,
        seed: run.seed,
    })?;
    labkit::run::print(&format!("listening on udp://{}\n", server.address()))?;
    let traffic = server.run(&shutdown)?;
    tracing::info!(
        "{} rounds, {} datagrams sent, {} received; dropped: {} oversized, {} malformed, {} forged",
        traffic.counts.rounds,
        traffic.sent,
        traffic.received,
        traffic.oversized,
        traffic.malformed,
        traffic.forged,
    );
    Ok(Outcome::Silent)
}

fn query(run: &Run, args: &QueryArgs) -> Result<Outcome, Failure> {
    let query = Query::parse(&args.query).map_err(Error::Query)?;
    if !(1..=3_600).contains(&args.wait) {
        return Err(Failure::from(Error::Range {
            name: "--wait",
            range: "1 to 3600 s",
            given: args.wait.to_string(),
        }));
    }
    let within = Duration::from_secs(args.wait);
    let mut client = Client::new(seal(args.key_file.as_deref())?, run.rng("client"));
    if args.remove {
        client.ask(args.node, Action::Remove, &query, within)?;
        return Ok(Outcome::Silent);
    }
    let summary = client.query(args.node, &query, within, args.keep)?;
    labkit::run::print(&answer(&query, &summary))?;
    Ok(Outcome::Silent)
}

fn answer(query: &Query, summary: &Summary) -> String {
    let mut table = Table::new(["aggregate", "answer"]);
    for (aggregate, partial) in query.aggregates().iter().zip(&summary.partials) {
        table = table.row([aggregate.to_string(), partial.to_string()]);
    }
    let nodes = summary.nodes;
    format!("{}{nodes} of {nodes} nodes\n", table.to_terminal())
}
