//! `cargo xtask models`: loom's exhaustive search of interleavings, and the sanitizers.
//!
//! A lab takes part by having `tests/loom.rs`. The sanitizers need a nightly compiler; without one
//! they are skipped aloud. A lab that passed everything is recorded, and not checked again before it
//! changes. Miri does in the hosted workflow what the sanitizers can't.

use std::process::{Command, ExitCode};

use ::labkit::clock::Stopwatch;
use ::labkit::report::Table;
use anyhow::{Context, Result};

use crate::cargo;
use crate::export::{LEFT_BEHIND, Tree};
use crate::record::MODELS;
use crate::workspace::{Lab, Workspace};

/// What std does inside isn't compiled with the sanitizer; these are reports of that alone.
const SUPPRESSIONS: &str = "deploy/setup/tsan-suppressions.txt";
/// The sanitizers need a named target, so that build scripts stay out of them.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const HERE: bool = cfg!(all(target_arch = "x86_64", target_os = "linux"));

/// Examples: `cargo xtask models`, `cargo xtask models thread-pool --only loom`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labs or sections; none means all
    labs: Vec<String>,
    /// Also labs that haven't changed since they were checked
    #[arg(long)]
    all: bool,
    /// Only these checkers (default: loom, thread, address); nothing is recorded
    #[arg(long, value_enum)]
    only: Vec<Checker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Checker {
    /// Every interleaving of small models
    Loom,
    /// ThreadSanitizer: data races in real runs
    Thread,
    /// AddressSanitizer: memory used after it was freed, or never freed
    Address,
    /// Miri: undefined behaviour, by interpretation
    Miri,
}

/// The checkers whose word is recorded.
const RECORDED: [Checker; 3] = [Checker::Loom, Checker::Thread, Checker::Address];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Skipped(&'static str),
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let checkers: &[Checker] = match args.only.as_slice() {
        [] => &RECORDED,
        only => only,
    };
    let mut table = Table::new(["lab", "checker", "seconds", "verdict"]);
    let mut passed = true;
    for lab in workspace.select(&args.labs)? {
        if !lab.has_models() {
            continue;
        }
        let tree = Tree::read(&lab.folder, &LEFT_BEHIND)?;
        if !args.all && args.only.is_empty() && MODELS.is_current(&tree)? {
            table = table.row([&lab.name, "", "", "unchanged since it was checked"]);
            continue;
        }
        let mut verdicts = Vec::new();
        for &checker in checkers {
            let watch = Stopwatch::start();
            let verdict = check(workspace, lab, checker)?;
            verdicts.push(verdict);
            table = table.row([
                lab.name.clone(),
                format!("{checker:?}").to_lowercase(),
                format!("{:.0}", watch.seconds()),
                match verdict {
                    Verdict::Passed => "passed".to_owned(),
                    Verdict::Failed => "FAILED".to_owned(),
                    Verdict::Skipped(why) => format!("skipped: {why}"),
                },
            ]);
        }
        passed &= !verdicts.contains(&Verdict::Failed);
        if args.only.is_empty() && verdicts.iter().all(|verdict| *verdict == Verdict::Passed) {
            MODELS.write(lab, &tree)?;
        }
    }
    ::labkit::run::print(&format!("\n{}\n", table.to_terminal()))?;
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check(workspace: &Workspace, lab: &Lab, checker: Checker) -> Result<Verdict> {
    if checker != Checker::Loom {
        if !HERE {
            return Ok(Verdict::Skipped("made for x86_64 Linux alone"));
        }
        if !has_nightly() {
            return Ok(Verdict::Skipped(
                "no nightly toolchain (cargo xtask doctor)",
            ));
        }
    }
    say!("{}: {checker:?}", lab.name);
    let status = command(workspace, lab, checker)
        .status()
        .with_context(|| format!("starting {checker:?}"))?;
    Ok(if status.success() {
        Verdict::Passed
    } else {
        Verdict::Failed
    })
}

/// The command of one checker; each has a build folder of its own, for its flags change everything.
fn command(workspace: &Workspace, lab: &Lab, checker: Checker) -> Command {
    let sanitizer = |name: &str, unsafe_abi: &str| {
        let mut command = Command::new("rustup");
        command
            .current_dir(&workspace.root)
            .args([
                "run", "nightly", "cargo", "test", "-p", &lab.name, "--target", TARGET,
            ])
            .args(["--lib", "--tests"])
            .env("RUSTFLAGS", format!("-Zsanitizer={name}{unsafe_abi}"))
            .env("CARGO_TARGET_DIR", workspace.target.join(name))
            // The tests may have less to do: the sanitizers are some ten times slower.
            .env("LAB_SANITIZED", "1");
        command
    };
    match checker {
        Checker::Loom => {
            let mut command = cargo::cargo(&workspace.root);
            command
                .args(["test", "--release", "-p", &lab.name, "--test", "loom"])
                .env("RUSTFLAGS", "--cfg loom")
                .env("CARGO_TARGET_DIR", workspace.target.join("loom"));
            command
        }
        Checker::Thread => {
            // A lab can take locks under `cfg(tsan)` that the sanitizer can follow.
            let mut command = sanitizer(
                "thread",
                " -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan",
            );
            let file = workspace.root.join(SUPPRESSIONS);
            command.env("TSAN_OPTIONS", format!("suppressions={}", file.display()));
            command
        }
        Checker::Address => sanitizer("address", ""),
        Checker::Miri => {
            let mut command = Command::new("rustup");
            command
                .current_dir(&workspace.root)
                .args([
                    "run", "nightly", "cargo", "miri", "test", "-p", &lab.name, "--lib",
                ])
                .env("CARGO_TARGET_DIR", workspace.target.join("miri"))
                .env("LAB_SANITIZED", "1");
            command
        }
    }
}

fn has_nightly() -> bool {
    Command::new("rustup")
        .args(["run", "nightly", "rustc", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}
