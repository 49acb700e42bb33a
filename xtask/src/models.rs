//! `cargo xtask models`: loom's exhaustive search of interleavings, and the sanitizers.
//!
//! A lab takes part by having `tests/loom.rs`. The sanitizers need a nightly compiler; without one
//! they are skipped aloud. Miri does in the hosted workflow what the sanitizers can't.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo;
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
    /// Only these checkers (default: loom, thread, address)
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

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let checkers = if args.only.is_empty() {
        vec![Checker::Loom, Checker::Thread, Checker::Address]
    } else {
        args.only.clone()
    };
    let labs: Vec<&Lab> = workspace.select(&args.labs)?;
    let missing = if !HERE {
        Some("made for x86_64 Linux alone")
    } else if !has_nightly() {
        Some("no nightly toolchain (cargo xtask doctor)")
    } else {
        None
    };
    let mut passed = true;
    for lab in labs.into_iter().filter(|lab| lab.has_models()) {
        for checker in &checkers {
            if let Some(why) = missing.filter(|_| *checker != Checker::Loom) {
                say!("{}: {checker:?} skipped: {why}", lab.name);
                continue;
            }
            say!("{}: {checker:?}", lab.name);
            let status = command(workspace, lab, *checker)
                .status()
                .with_context(|| format!("starting {checker:?}"))?;
            passed &= status.success();
        }
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
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
