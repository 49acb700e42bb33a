//! The command line: what can be asked for, and one checked request out of it.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use labkit::report::number;
use labkit::run::{Failure, Outcome, Run};
use tcp_server::load::{self, Crowd, Load, Until};
use tcp_server::{Client, Config, Echo, Kind, Server, Statistics};

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tcp-server                                        the demo: four servers, what holds, what they cost
  tcp-server serve --kind readiness --port 7007     then, elsewhere: nc localhost 7007
  tcp-server client localhost:7007                  a conversation, line by line
  tcp-server load 127.0.0.1:7007 --connections 1000 --seconds 5
  tcp-server compare --connections 10000            all four, up to ten thousand connections";

/// How long open connections may take to end after a signal.
const DRAIN: Duration = Duration::from_secs(4);

/// What the lab can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare the four servers, and show what holds for all of them (the default)
    Demo,
    /// Serve until SIGINT or SIGTERM
    Serve(ServeArgs),
    /// Talk to a server: lines from standard input, answers to standard output
    Client {
        /// The server, as HOST:PORT
        #[arg(value_parser = address)]
        address: SocketAddr,
    },
    /// Be many clients at once, and say what they saw
    Load(LoadArgs),
    /// Measure all four servers with ever more connections
    Compare {
        /// How many connections at last
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        connections: usize,
        /// How long each measurement takes
        #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = seconds)]
        seconds: f64,
    },
}

/// The server that is asked for; the library checks it.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Who waits for the connections
    #[arg(long, value_enum, default_value_t = KindName::Threads)]
    kind: KindName,
    /// The address to listen on; only this machine unless told otherwise
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// How many threads serve (pool, readiness, tasks) [default: one for each processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// How many connections may be open at once [default: 10240, or what the system allows]
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// The longest line, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Config::default().max_line)]
    max_line: usize,
    /// How many seconds a connection may be silent
    #[arg(long, value_name = "S", default_value_t = 60.0, value_parser = seconds)]
    idle: f64,
    /// Say every so many seconds what was done so far [default: at the end only]
    #[arg(long, value_name = "S", value_parser = seconds)]
    every: Option<f64>,
}

/// The clients that are asked for.
#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// The server, as HOST:PORT
    #[arg(value_parser = address)]
    address: SocketAddr,
    /// How many clients
    #[arg(long, value_name = "N", default_value_t = 100)]
    connections: usize,
    /// How many lines each sends before it waits
    #[arg(long, value_name = "N", default_value_t = 1)]
    pipeline: usize,
    /// How long a line is, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 32)]
    size: usize,
    /// How many threads play the clients
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Stop when each client has sent so many messages (rounded up to whole pipelines)
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    messages: Option<u64>,
    /// Stop after so many seconds [default: 2]
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindName {
    /// A thread for each connection
    Threads,
    /// A few workers for all connections
    Pool,
    /// A loop on each core
    Readiness,
    /// A task for each connection, on tokio
    Tasks,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Threads => Kind::Threads,
            KindName::Pool => Kind::Pool,
            KindName::Readiness => Kind::Readiness,
            KindName::Tasks => Kind::Tasks,
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what the system refused.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Serve(arguments) => serve(run, &arguments),
        Command::Client { address } => {
            let client = Client::connect(address)?;
            if io::stdin().is_terminal() {
                tracing::info!("connected to {address}; each line is answered, ctrl-D ends it");
            }
            client.converse(io::stdin(), &mut io::stdout())?;
            Ok(Outcome::Silent)
        }
        Command::Load(arguments) => be_clients(&arguments),
        Command::Compare {
            connections,
            seconds,
        } => Ok(demo::compare(run, connections, Duration::from_secs_f64(seconds))?.into()),
    }
}

fn serve(run: &Run, arguments: &ServeArgs) -> Result<Outcome, Failure> {
    let possible = load::connections_with(load::allow_open_files());
    let wished = arguments.max_connections;
    let mut config = Config {
        address: (arguments.host, arguments.port).into(),
        max_connections: wished.unwrap_or_else(|| Config::default().max_connections.min(possible)),
        max_line: arguments.max_line,
        idle_timeout: Duration::from_secs_f64(arguments.idle),
        ..Config::default()
    };
    config.threads = arguments.threads.unwrap_or(config.threads);
    if config.max_connections > possible {
        tracing::warn!("the system allows {possible} connections only (ulimit -n)");
    }
    let shutdown = run.shutdown();
    let server = Server::start(arguments.kind.into(), config, Echo)?;
    labkit::net::announce("tcp", server.local_addr())?;
    match arguments.every.map(Duration::from_secs_f64) {
        None => shutdown.wait(),
        Some(time) => {
            while !shutdown.wait_timeout(time) {
                tracing::info!("{}", summary(&server.statistics()));
            }
        }
    }
    tracing::info!("stopping");
    let farewell = server.shutdown(DRAIN);
    if farewell.cut > 0 {
        tracing::warn!("{} connections were cut off", farewell.cut);
    }
    tracing::info!("{}", summary(&farewell.statistics));
    Ok(Outcome::Silent)
}

fn summary(statistics: &Statistics) -> String {
    format!(
        "{} connections ({} open, {} refused, {} idle, {} broken), {} messages ({} too long), \
         {} bytes in, {} out, latency p50 {} us, p99 {} us",
        statistics.accepted,
        statistics.open,
        statistics.refused,
        statistics.idle,
        statistics.broken,
        statistics.messages,
        statistics.too_long,
        statistics.bytes_in,
        statistics.bytes_out,
        statistics.latency.quantile(0.5) / 1_000,
        statistics.latency.quantile(0.99) / 1_000,
    )
}

fn be_clients(arguments: &LoadArgs) -> Result<Outcome, Failure> {
    let load = Load {
        connections: arguments.connections,
        pipeline: arguments.pipeline,
        size: arguments.size,
        threads: arguments.threads,
    };
    let until = match arguments.messages {
        Some(messages) => Until::Batches(messages.div_ceil(load.pipeline.max(1) as u64)),
        None => Until::Elapsed(Duration::from_secs_f64(arguments.seconds.unwrap_or(2.0))),
    };
    let outcome = Crowd::connect(arguments.address, &load)?.run(until)?;
    let micros = |quantile| number(outcome.latency.quantile(quantile) as f64 / 1e3);
    labkit::run::print(&format!(
        "{} messages in {:.2} s: {} messages/s; latency p50 {} us, p99 {} us, max {} us\n",
        outcome.messages,
        outcome.seconds,
        number(outcome.rate()),
        micros(0.5),
        micros(0.99),
        micros(1.0),
    ))?;
    if outcome.failures > 0 {
        let failures = outcome.failures;
        return Err(Failure::failed(format!(
            "{failures} clients got a wrong answer, or none"
        )));
    }
    Ok(Outcome::Silent)
}

/// An address to connect to; the old kind first, if a name has both.
fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs();
    let first = found
        .ok()
        .and_then(|all| all.min_by_key(SocketAddr::is_ipv6));
    first.ok_or_else(|| "HOST:PORT of a server is needed, such as localhost:7007".to_owned())
}

/// A time that is neither nothing nor more than a day.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.001..=86_400.0).contains(&value) => Ok(value),
        _ => Err("a number of seconds from 0.001 to 86400 is needed".to_owned()),
    }
}
