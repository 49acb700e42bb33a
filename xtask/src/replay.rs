//! `cargo xtask replay`: runs a lab's tests with the seed of a run that failed.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo;
use crate::workspace::Workspace;

/// Examples: `cargo xtask replay thread-pool --seed 7`,
/// `cargo xtask replay thread-pool --seed 7 every_job_runs_once`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The lab
    name: String,
    /// The seed that the failing run printed
    #[arg(long, value_name = "N")]
    seed: u64,
    /// Only tests whose name contains this
    filter: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let lab = workspace.lab(&args.name)?;
    let mut command = cargo::cargo(&workspace.root);
    command
        .args(["test", "-p", &lab.name])
        .args(&args.filter)
        .args(["--", "--nocapture"])
        .env(labkit::rng::SEED_VARIABLE, args.seed.to_string())
        // proptest's own generator takes its seed from here.
        .env("PROPTEST_RNG_SEED", args.seed.to_string());
    Ok(if command.status()?.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
