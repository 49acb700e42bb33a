//! The labs' runner, called as `cargo xtask VERB`. One file a verb; none knows a lab by name.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// `println!` for a reader who may have seen enough: a closed pipe ends no verb in the middle.
macro_rules! say {
    ($($words:tt)*) => {{
        // What can't be said on stdout for another reason can't be reported there either.
        let _ = ::labkit::run::print(&format!("{}\n", format_args!($($words)*)));
    }};
}

mod bench;
mod cargo;
mod ci;
mod docs;
mod doctor;
mod export;
mod grade;
mod hint;
mod hints;
mod list;
mod machine;
mod models;
mod new;
mod prove;
mod record;
mod replay;
mod run;
mod setup;
mod starter;
mod syllabus;
mod test;
mod tidy;
mod tools;
mod watch;
mod workspace;

use workspace::Workspace;

/// The labs' runner: builds, launches, tests, benchmarks and grades them.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Measure labs against their peers, and write docs/benchmarks
    Bench(bench::Args),
    /// Run everything that has to hold before a change lands
    Ci(ci::Args),
    /// Bring generated documentation up to date, and build the book
    Docs(docs::Args),
    /// Show what is there, what is missing and how to get it
    Doctor(doctor::Args),
    /// Write one lab as a workspace of its own, with or without its solution
    Export(export::Args),
    /// Grade submissions to a lab in a sandbox
    Grade(grade::Args),
    /// Show a hint for a stage of a lab, from vague to nearly there
    Hint(hint::Args),
    /// Show the fifty labs by section
    List(list::Args),
    /// Run the model checker and the sanitizers
    Models(models::Args),
    /// Begin a new lab in the shape that all have
    New(new::Args),
    /// Show of every lab that its tests tell right from wrong
    Prove(prove::Args),
    /// Repeat a lab's tests with the seed of a failed run
    Replay(replay::Args),
    /// Build and run the demos of some labs, or of all
    Run(run::Args),
    /// Install what doctor finds missing, after asking
    Setup(setup::Args),
    /// Test some labs, or everything
    Test(test::Args),
    /// Check the house rules
    Tidy(tidy::Args),
    /// Run a lab's tests again whenever it changes
    Watch(watch::Args),
}

fn main() -> ExitCode {
    match dispatch(CommandLine::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<workspace::Unknown>() {
                2
            } else {
                1
            })
        }
    }
}

/// Every verb answers with the exit code of what it found; an error means that it couldn't look.
fn dispatch(verb: Verb) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    match verb {
        Verb::Bench(args) => bench::run(&workspace, &args),
        Verb::Ci(args) => ci::run(&workspace, &args),
        Verb::Docs(args) => docs::run(&workspace, &args),
        Verb::Doctor(args) => doctor::run(&workspace, &args),
        Verb::Export(args) => export::run(&workspace, &args),
        Verb::Grade(args) => grade::run(&workspace, &args),
        Verb::Hint(args) => hint::run(&workspace, &args),
        Verb::List(args) => list::run(&workspace, &args),
        Verb::Models(args) => models::run(&workspace, &args),
        Verb::New(args) => new::run(&workspace, &args),
        Verb::Prove(args) => prove::run(&workspace, &args),
        Verb::Replay(args) => replay::run(&workspace, &args),
        Verb::Run(args) => run::run(&workspace, &args),
        Verb::Setup(args) => setup::run(&workspace, &args),
        Verb::Test(args) => test::run(&workspace, &args),
        Verb::Tidy(args) => tidy::run(&workspace, &args),
        Verb::Watch(args) => watch::run(&workspace, &args),
    }
}
