//! `cargo xtask watch`: runs a lab's tests again whenever one of its files changes.
//!
//! It looks at the files' times and sizes instead of waiting for the file system's events: some
//! file systems (network mounts, containers' volumes) have none.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use labkit::shutdown::Shutdown;
use walkdir::WalkDir;

use crate::cargo;
use crate::workspace::{Lab, Workspace};

/// How often the files are looked at: soon enough to feel immediate, rare enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Examples: `cargo xtask watch thread-pool`, `cargo xtask watch thread-pool --stage 2`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The lab
    name: String,
    /// Only the tests of this stage
    #[arg(long, value_name = "N")]
    stage: Option<usize>,
}

/// What tells one state of a file from another.
type Stamps = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let lab = workspace.lab(&args.name)?;
    if let Some(stage) = args.stage
        && lab.stage_tests(stage).is_empty()
    {
        bail!(
            "{} has no stage {stage}; its stages are 1 to {}",
            lab.name,
            lab.facts.stages.len()
        );
    }
    let shutdown = Shutdown::on_signals();
    let mut tested = None;
    while !shutdown.is_triggered() {
        let now = stamps(lab);
        if tested.as_ref() != Some(&now) {
            test(workspace, lab, args.stage)?;
            say!("watching {}; Ctrl-C ends it", lab.folder.display());
            tested = Some(now);
        }
        let _ = shutdown.wait_timeout(LOOK_EVERY);
    }
    Ok(ExitCode::SUCCESS)
}

/// The lab's own files and what it shares; a change in either can change its tests' outcome.
fn stamps(lab: &Lab) -> Stamps {
    ["src", "tests", "Cargo.toml", "../labkit/src"]
        .iter()
        .flat_map(|part| WalkDir::new(lab.path(part)))
        // A file that vanished while we looked is seen as such by the next look.
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let facts = entry.metadata().ok()?;
            Some((entry.into_path(), (facts.modified().ok(), facts.len())))
        })
        .collect()
}

fn test(workspace: &Workspace, lab: &Lab, stage: Option<usize>) -> Result<()> {
    let mut command = cargo::cargo(&workspace.root);
    command.args(["test", "--quiet", "-p", &lab.name]);
    if let Some(stage) = stage {
        for name in lab.stage_tests(stage) {
            command.args(["--test", name]);
        }
    }
    // A failing test is what the watcher is for; only a cargo that can't start is an error.
    command.status()?;
    Ok(())
}
