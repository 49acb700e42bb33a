//! The flags that every lab understands, and what a lab says about itself.
//!
//! Never parses a lab's own flags: those are its subcommands, flattened in by [`crate::run::main`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Flags common to all labs; they may stand before or after a subcommand.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// Repeat a run: the same seed gives the same choices
    #[arg(long, global = true, value_name = "N", help_heading = "Common options")]
    pub seed: Option<u64>,
    /// Write the report as JSON
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub json: Option<PathBuf>,
    /// Write the report as one self-contained HTML page
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub html: Option<PathBuf>,
    /// Smaller sizes: a first look within a few seconds
    #[arg(long, global = true, help_heading = "Common options")]
    pub quick: bool,
    /// Say more on stderr (-v: debug, -vv: trace)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Common options")]
    pub verbose: u8,
}

/// What the help says about a lab; made by [`about!`](crate::about).
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The crate's name, which is also its command's.
    pub name: &'static str,
    /// The crate's version.
    pub version: &'static str,
    /// The crate's one-line description.
    pub description: &'static str,
    /// Example command lines, shown at the end of `--help`.
    pub examples: &'static str,
}

/// Describes the calling crate for its `--help`, with the examples given.
#[macro_export]
macro_rules! about {
    ($examples:expr) => {
        $crate::args::About {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            description: env!("CARGO_PKG_DESCRIPTION"),
            examples: $examples,
        }
    };
}

/// A lab's whole command line: the common flags and, if one was given, its own subcommand.
#[derive(Debug, Parser)]
pub struct CommandLine<C: Subcommand> {
    /// The flags that every lab understands.
    #[command(flatten)]
    pub common: Common,
    /// The lab's own subcommand; none means its demo.
    #[command(subcommand)]
    pub command: Option<C>,
}

impl<C: Subcommand> CommandLine<C> {
    /// Parses the process's arguments.
    ///
    /// # Errors
    /// The parser's own error, which prints itself and knows its exit code (2, or 0 for `--help`).
    pub fn parse_for(about: About) -> Result<Self, clap::Error> {
        let command = <Self as clap::CommandFactory>::command()
            .name(about.name)
            .bin_name(about.name)
            .version(about.version)
            .about(about.description)
            .after_help(about.examples);
        let matches = command.try_get_matches()?;
        <Self as clap::FromArgMatches>::from_arg_matches(&matches)
    }
}
