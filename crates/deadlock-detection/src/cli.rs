//! The command line: what can be asked for, and one checked request out of it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use deadlock_detection::banker::Problem;
use deadlock_detection::scenario::bank::Plan;
use deadlock_detection::scenario::philosophers::{self, Manners};
use deadlock_detection::{Error, Policy, drawing, node};
use labkit::run::{self, Failure, Outcome, Run};

use crate::demo;

/// The most of a banker's text that is read.
const MAX_TEXT: u64 = 1 << 20;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  deadlock-detection                                  the demo: detect, resolve, warn, avoid, and chase
  deadlock-detection philosophers 5 --meals 1000      who takes the left fork first, and gives way if he must
  deadlock-detection philosophers 5 --ordered         the fork with the smaller number first
  deadlock-detection bank --rows 4 --tellers 8        transfers that deadlock, with the sum conserved
  deadlock-detection bank --policy least-work         another one gives way
  deadlock-detection banker                           the textbook's example, request by request
  deadlock-detection banker system.txt                your own; without a file its format is in the README
  deadlock-detection oracle --schedules 100000        the detector on real threads, judged by brute force
  deadlock-detection cluster --nodes 3                a ring of processes, and one that is killed
  deadlock-detection graph --dot | dot -Tsvg          the graph at the moment of the cycle
  deadlock-detection graph 5 --svg > cycle.svg        five philosophers, drawn
  echo 'acquire 1 0/0' | deadlock-detection node 0    one node, by hand";

/// What the lab can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell the whole story (the default)
    Demo,
    /// Have philosophers dine, and report the deadlocks that were broken
    Philosophers {
        /// How many
        #[arg(default_value_t = 5)]
        n: usize,
        /// How many meals each eats
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        meals: usize,
        /// Take the fork with the smaller number first, so that no cycle can close
        #[arg(long)]
        ordered: bool,
        /// Who gives way
        #[arg(long, value_enum, default_value_t = Gives::Youngest)]
        policy: Gives,
    },
    /// Move money between rows under row locks
    Bank {
        /// How many rows; fewer rows, more deadlocks
        #[arg(long, value_name = "N", default_value_t = 8)]
        rows: usize,
        /// How many tellers work at once
        #[arg(long, value_name = "N", default_value_t = 8)]
        tellers: usize,
        /// How many transfers each makes
        #[arg(long, value_name = "N", default_value_t = 2_000)]
        transfers: usize,
        /// Who gives way
        #[arg(long, value_enum, default_value_t = Gives::Youngest)]
        policy: Gives,
    },
    /// Decide requests by the Banker's algorithm
    Banker {
        /// A system and its requests; none means the textbook's example
        file: Option<PathBuf>,
    },
    /// Play random schedules on real threads, and have the brute-force oracle judge every step
    Oracle {
        /// How many schedules
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        schedules: usize,
    },
    /// Run nodes as processes: a ring that deadlocks, then one that is killed while it holds a lock
    Cluster {
        /// How many nodes
        #[arg(long, value_name = "N", default_value_t = 3)]
        nodes: usize,
    },
    /// Run one node of a cluster; commands come in lines: peers, acquire, release, sent
    Node {
        /// Its number
        id: u32,
    },
    /// Print the wait-for graph at the moment at which the cycle closes
    Graph {
        /// How many philosophers
        #[arg(default_value_t = 2)]
        n: usize,
        /// As text for Graphviz (the default)
        #[arg(long, conflicts_with = "svg")]
        dot: bool,
        /// As an SVG drawing
        #[arg(long)]
        svg: bool,
    },
}

/// Who of a cycle gives way.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Gives {
    /// Who began last
    Youngest,
    /// Who is least important
    LowestPriority,
    /// Who loses least
    LeastWork,
    /// Who closed the cycle
    Requester,
}

impl Gives {
    fn policy(self) -> Policy {
        match self {
            Gives::Youngest => Policy::Youngest,
            Gives::LowestPriority => Policy::LowestPriority,
            Gives::LeastWork => Policy::LeastWork,
            Gives::Requester => Policy::Requester,
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what went wrong on the way.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    let report = match command.unwrap_or(Command::Demo) {
        Command::Demo => demo::run(run)?,
        Command::Philosophers {
            n,
            meals,
            ordered,
            policy,
        } => {
            let manners = if ordered {
                Manners::Ordered
            } else {
                Manners::Detect
            };
            demo::dinner(n, meals, manners, policy.policy())?
        }
        Command::Bank {
            rows,
            tellers,
            transfers,
            policy,
        } => demo::bank(Plan {
            rows,
            tellers,
            transfers,
            policy: policy.policy(),
            seed: run.seed,
        })?,
        Command::Banker { file } => demo::banker(match file {
            Some(path) => Problem::parse(&read(&path)?)?,
            None => Problem::textbook(),
        })?,
        Command::Oracle { schedules } => demo::oracle(schedules, run)?,
        Command::Cluster { nodes } => demo::cluster(nodes)?,
        Command::Node { id } => {
            node::run(id)?;
            return Ok(Outcome::Silent);
        }
        Command::Graph { n, svg, .. } => {
            let dinner = philosophers::dine(n, 1, Manners::Detect, Policy::Youngest)?;
            let seen = dinner
                .first
                .ok_or_else(|| Failure::failed("no cycle closed"))?;
            let text = if svg {
                drawing::to_svg(&seen.graph)
            } else {
                drawing::to_dot(&seen.graph)
            };
            run::print(&format!("{}\n", text.trim_end()))?;
            return Ok(Outcome::Silent);
        }
    };
    Ok(report.into())
}

/// Reads a text of bounded length.
fn read(path: &Path) -> Result<String, Error> {
    let failed = || format!("cannot read {}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(Error::io(failed()))?;
    let read = file.take(MAX_TEXT + 1).read_to_string(&mut text);
    read.map_err(Error::io(failed()))?;
    if text.len() as u64 > MAX_TEXT {
        return Err(Error::Parse {
            line: 0,
            wrong: format!("the text is longer than {MAX_TEXT} bytes"),
        });
    }
    Ok(text)
}
