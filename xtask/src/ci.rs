//! `cargo xtask ci`: everything that has to hold before a change lands, in one command.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use labkit::clock::Stopwatch;
use labkit::report::Table;

use crate::cargo;
use crate::workspace::Workspace;

/// Examples: `cargo xtask ci`, `cargo xtask ci --only tidy --only clippy`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these steps
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// All steps but these
    #[arg(long, value_name = "STEP")]
    skip: Vec<String>,
}

/// One step: its name, and the cargo arguments that are the whole of it.
struct Step {
    name: &'static str,
    arguments: &'static str,
    /// Environment for this step alone.
    environment: &'static [(&'static str, &'static str)],
    /// The program without which the step is skipped aloud.
    needs: Option<&'static str>,
}

const fn step(name: &'static str, arguments: &'static str) -> Step {
    Step {
        name,
        arguments,
        environment: &[],
        needs: None,
    }
}

/// In the order of what fails soonest.
const STEPS: [Step; 11] = [
    step("format", "fmt --all --check"),
    step("tidy", "xtask tidy"),
    step("docs", "xtask docs --check"),
    step(
        "clippy",
        "clippy --workspace --all-features --all-targets -- -D warnings",
    ),
    Step {
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..step(
            "rustdoc",
            "doc --workspace --all-features --no-deps --document-private-items",
        )
    },
    Step {
        needs: Some("cargo-deny"),
        ..step("deny", "deny check")
    },
    step("test", "xtask test"),
    step("run", "xtask run --quick"),
    step("starters", "xtask prove --starters-only"),
    step("prove", "xtask prove"),
    step("models", "xtask models"),
];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    for name in args.only.iter().chain(&args.skip) {
        if !STEPS.iter().any(|step| step.name == name) {
            let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            bail!(
                "there is no step {name:?}; the steps are {}",
                known.join(", ")
            );
        }
    }
    let mut table = Table::new(["step", "command", "seconds", "verdict"]);
    let mut passed = true;
    for step in STEPS.iter().filter(|step| chosen(step, args)) {
        say!("\n=== {}: cargo {}", step.name, step.arguments);
        let watch = Stopwatch::start();
        let verdict = perform(workspace, step)?;
        passed &= verdict != "FAILED";
        table = table.row([
            step.name,
            &format!("cargo {}", step.arguments),
            &format!("{:.0}", watch.seconds()),
            verdict,
        ]);
    }
    say!("\n{}", table.to_terminal());
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn chosen(step: &Step, args: &Args) -> bool {
    let named = |names: &[String]| names.iter().any(|name| name == step.name);
    (args.only.is_empty() || named(&args.only)) && !named(&args.skip)
}

fn perform(workspace: &Workspace, step: &Step) -> Result<&'static str> {
    if step
        .needs
        .is_some_and(|program| !cargo::is_installed(program))
    {
        return Ok("skipped: not installed (cargo xtask doctor)");
    }
    let mut command: Command = cargo::cargo(&workspace.root);
    let status = command
        .args(step.arguments.split_whitespace())
        .envs(step.environment.iter().copied())
        .status()?;
    Ok(if status.success() { "passed" } else { "FAILED" })
}
