//! The command line: what can be asked for, and one checked request out of it.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use labkit::run::{self, Failure, Outcome, Run};

use auto_repair::child::{self, Behaviour};
use auto_repair::error::Error;
use auto_repair::live::{self, HEARTBEAT, Supervisor, control};
use auto_repair::plan::{self, Strategy};
use auto_repair::supervisor::{self, tree};

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  auto-repair                                         the demo: simulated, then real processes
  auto-repair simulate --chance 0.1 --looks-every 5s  services that fail at random, as asked
  auto-repair check services.toml                     the tree of a file, or what is wrong with it
  auto-repair run services.toml --socket s.sock       keep real services alive until Ctrl-C
  auto-repair status --socket s.sock                  how they are
  auto-repair restart web --socket s.sock             stop one and start it again
  auto-repair stop --socket s.sock                    stop all of them, dependants first
  auto-repair live                                    kill, freeze and bloat real children";

/// Where an operator's socket is, unless something else is said.
const SOCKET: &str = "auto-repair.sock";

/// How often it is seen that a supervisor has ended by itself.
const LOOK: Duration = Duration::from_millis(50);

/// What the lab can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Simulated failures, then real ones (the default)
    Demo,
    /// Services that fail at random, and a monitor that restarts them, in virtual time
    Simulate(SimulateArgs),
    /// Kill, freeze and bloat real processes, and see them repaired
    Live,
    /// Read a file of services and show its tree
    Check {
        /// The TOML file
        file: PathBuf,
    },
    /// Keep the services of a file running until SIGINT, SIGTERM or `stop`
    Run {
        /// The TOML file
        file: PathBuf,
        #[command(flatten)]
        socket: SocketArg,
    },
    /// Show how the services of a running supervisor are
    Status(SocketArg),
    /// Show the supervision tree of a running supervisor
    Tree(SocketArg),
    /// Show the last lines that a service wrote
    Logs {
        /// The service, or a group
        name: String,
        #[command(flatten)]
        socket: SocketArg,
    },
    /// Stop a service, or a group, and start it again
    Restart {
        /// The service, or a group
        name: String,
        #[command(flatten)]
        socket: SocketArg,
    },
    /// Stop a service or a group; without a name everything, the supervisor too
    Stop {
        /// The service, or a group
        name: Option<String>,
        #[command(flatten)]
        socket: SocketArg,
    },
    /// A process to try a supervisor on
    #[command(hide = true)]
    Child {
        /// How it behaves
        #[arg(value_enum)]
        behaviour: Behaviour,
        /// Where it listens
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// How often its heart beats
        #[arg(long, default_value = "50ms", value_parser = duration)]
        every: Duration,
        /// How long it takes to start
        #[arg(long, default_value = "0ms", value_parser = duration)]
        boot: Duration,
        /// Ignore SIGTERM
        #[arg(long)]
        stubborn: bool,
    },
}

/// Which supervisor.
#[derive(Debug, clap::Args)]
pub(crate) struct SocketArg {
    /// The Unix socket of the supervisor
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    socket: PathBuf,
}

/// What is simulated.
#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// How many services, 1 to 100
    #[arg(long, default_value_t = 3)]
    services: usize,
    /// The chance that a service fails in a cycle, 0 to 1
    #[arg(long, default_value_t = 0.1)]
    chance: f64,
    /// How long a cycle is
    #[arg(long, default_value = "2s", value_parser = duration)]
    cycle: Duration,
    /// How often the monitor looks; without it, it is told at once
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    looks_every: Option<Duration>,
    /// What a failure of one does to the others
    #[arg(long, default_value = "one-for-one", value_parser = strategy)]
    strategy: Strategy,
    /// How much virtual time passes, at most 24h
    #[arg(long, value_name = "DURATION", default_value = "20m", value_parser = duration)]
    lasts: Duration,
}

/// Runs a command; none means the demonstration.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    let ask = |socket: &Path, request: &str| -> Result<Outcome, Failure> {
        run::print(&control::ask(socket, request)?)?;
        Ok(Outcome::Silent)
    };
    match command.unwrap_or(Command::Demo) {
        Command::Demo => Ok(demo::run(run)?.into()),
        Command::Simulate(args) => Ok(demo::simulate(run, &asked(&args)?)?.into()),
        Command::Live => Ok(demo::live(run)?.into()),
        Command::Check { file } => {
            run::print(&tree(&plan::read(&file)?, |_| String::new()))?;
            Ok(Outcome::Silent)
        }
        Command::Run { file, socket } => supervise(run, &file, socket.socket),
        Command::Status(at) => ask(&at.socket, "status"),
        Command::Tree(at) => ask(&at.socket, "tree"),
        Command::Logs { name, socket } => ask(&socket.socket, &format!("logs {name}")),
        Command::Restart { name, socket } => ask(&socket.socket, &format!("restart {name}")),
        Command::Stop { name, socket } => {
            let name = name.map_or(String::new(), |name| format!(" {name}"));
            ask(&socket.socket, &format!("stop{name}"))
        }
        Command::Child {
            behaviour,
            port,
            every,
            boot,
            stubborn,
        } => {
            let heartbeat = env::var(HEARTBEAT).ok().and_then(|pipe| pipe.parse().ok());
            let config = child::Config {
                behaviour,
                port,
                heartbeat,
                every,
                boot,
                stubborn,
            };
            Ok(child::run(&config, &run.shutdown())?.into())
        }
    }
}

/// Keeps the services of a file alive until it is told to stop, or nothing is left that could be.
fn supervise(run: &Run, file: &Path, socket: PathBuf) -> Result<Outcome, Failure> {
    let plan = plan::read(file)?;
    let shutdown = run.shutdown();
    let (events, happenings) = mpsc::channel();
    let options = live::Options {
        seed: run.seed,
        socket: Some(socket.clone()),
        events: Some(events),
    };
    let supervisor = Supervisor::start(plan, options)?;
    tracing::info!("supervising; ask with --socket {}", socket.display());
    let mut is_over = false;
    while !is_over {
        is_over = shutdown.wait_timeout(LOOK) || supervisor.has_ended() || is_hopeless(&supervisor);
        for happening in happenings.try_iter() {
            tracing::info!("{}", happening.text);
        }
    }
    let failed = supervisor.status().unwrap_or_default();
    let failed = failed
        .iter()
        .filter(|row| row.status.state == supervisor::State::Failed);
    let failed: Vec<&str> = failed.map(|row| row.status.name.as_str()).collect();
    let failed = failed.join(", ");
    let outcome = supervisor.shutdown()?;
    for happening in happenings.try_iter() {
        tracing::info!("{}", happening.text);
    }
    match outcome {
        supervisor::Outcome::GaveUp => {
            let text = "the root had more restarts than its limit allows; everything was stopped";
            Err(Error::GivenUp(text.to_owned()).into())
        }
        supervisor::Outcome::Stopped if !failed.is_empty() => Err(Error::GivenUp(format!(
            "given up: {failed}; see its last words with -v, and what the file says about it"
        ))
        .into()),
        supervisor::Outcome::Stopped => Ok(Outcome::Silent),
    }
}

/// Whether nothing runs and nothing will, because what failed was given up.
fn is_hopeless(supervisor: &Supervisor) -> bool {
    use supervisor::State::{Failed, Finished, Waiting};
    let Ok(rows) = supervisor.status() else {
        return true;
    };
    let states = || rows.iter().map(|row| &row.status.state);
    let is_idle = |state: &supervisor::State| matches!(state, Failed | Finished | Waiting(_));
    !rows.is_empty() && states().all(is_idle)
}

fn asked(args: &SimulateArgs) -> Result<demo::Asked, Error> {
    let wrong = |key, problem| Error::Value {
        place: "simulate".to_owned(),
        key,
        problem,
    };
    if !(1..=100).contains(&args.services) {
        return Err(wrong("--services", "has to be 1 to 100"));
    }
    if !(0.0..=1.0).contains(&args.chance) {
        return Err(wrong("--chance", "has to be 0 to 1"));
    }
    let spans = [Some(args.cycle), args.looks_every];
    if spans
        .into_iter()
        .flatten()
        .any(|span| span < Duration::from_millis(1))
    {
        return Err(wrong(
            "--cycle and --looks-every",
            "have to be at least 1ms",
        ));
    }
    if args.lasts > Duration::from_secs(24 * 3600) || args.lasts / 1_000_000 > args.cycle {
        return Err(wrong(
            "--lasts",
            "has to be at most 24h, and at most a million cycles",
        ));
    }
    Ok(demo::Asked {
        services: args.services,
        chance: args.chance,
        cycle: args.cycle,
        looks_every: args.looks_every,
        strategy: args.strategy,
        lasts: args.lasts,
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    plan::duration(text).ok_or_else(|| "write a duration such as 20ms, 1.5s or 2m".to_owned())
}

fn strategy(text: &str) -> Result<Strategy, String> {
    let all = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ];
    let found = all.into_iter().find(|strategy| strategy.name() == text);
    found.ok_or_else(|| "write one-for-one, one-for-all or rest-for-one".to_owned())
}
