//! The lab's commands.

use replication_strategies::{Error, Tally, demo};
use labkit::run::{self, Failure, Outcome, Run};

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  replication-strategies                      the demonstration
  replication-strategies count to be or not to be";

/// What the program does besides its demonstration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what the lab is about (as without a command)
    Demo,
    /// Count words and print the most frequent
    Count {
        /// The words
        words: Vec<String>,
    },
}

/// Runs a command; none means the demonstration.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    match command {
        None | Some(Command::Demo) => Ok(demo::run(run).into()),
        Some(Command::Count { words }) => {
            let mut tally = Tally::new();
            for word in &words {
                tally.record(word);
            }
            let (word, times) = tally.most_frequent().ok_or(Error::NoWords)?;
            run::print(&format!("{word} {times}\n"))?;
            Ok(Outcome::Silent)
        }
    }
}
