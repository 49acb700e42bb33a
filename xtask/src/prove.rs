//! `cargo xtask prove`: shows of every lab that its tests tell right from wrong.
//!
//! The starter compiles and fails each stage; what a student has solved up to a stage is enough for
//! that stage's tests; the solution passes; and every planted mutant is caught by the test that it
//! names. All of it happens in one scratch workspace below the build folder, so that dependencies
//! are built once, and a lab that hasn't changed since isn't proved again.

use std::process::ExitCode;

use ::labkit::clock::Stopwatch;
use ::labkit::report::Table;
use anyhow::Result;

use crate::export::{LEFT_BEHIND, Tree};
use crate::record::PROOF;
use crate::workspace::{Lab, Workspace};

mod binary;
pub(crate) mod mutant;
mod scratch;
mod stages;

use scratch::Scratch;

/// Examples: `cargo xtask prove`, `cargo xtask prove thread-pool`, `cargo xtask prove --all`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labs or sections; none means every lab
    labs: Vec<String>,
    /// Also labs that haven't changed since they were proved
    #[arg(long)]
    all: bool,
    /// Only that the starters compile and fail; nothing is recorded
    #[arg(long)]
    starters_only: bool,
}

/// What was found out about one lab.
#[derive(Debug, Default)]
struct Findings {
    /// What doesn't hold; one is enough for a verdict.
    failures: Vec<String>,
    /// What an author should know.
    notes: Vec<String>,
    tests: usize,
    mutants: usize,
}

impl Findings {
    fn fail(&mut self, words: impl Into<String>) {
        self.failures.push(words.into());
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let mut table = Table::new(["lab", "stage tests", "mutants caught", "seconds", "verdict"]);
    let mut due = Vec::new();
    for lab in workspace.select(&args.labs)? {
        let tree = Tree::read(&lab.folder, &LEFT_BEHIND)?;
        if args.all || args.starters_only || !PROOF.is_current(&tree)? {
            due.push((lab, tree));
        } else {
            table = table.row([&lab.name, "", "", "", "unchanged since it was proved"]);
        }
    }
    let mut passed = true;
    if !due.is_empty() {
        let scratch = Scratch::new(workspace)?;
        for (lab, tree) in due {
            let watch = Stopwatch::start();
            eprintln!("{}:", lab.name);
            let findings = prove(&scratch, lab, &tree, args)?;
            table = table.row(row(lab, &findings, watch.seconds(), args));
            passed &= findings.failures.is_empty();
        }
    }
    ::labkit::run::print(&format!("\n{}\n", table.to_terminal()))?;
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn prove(scratch: &Scratch, lab: &Lab, tree: &Tree, args: &Args) -> Result<Findings> {
    let mut findings = Findings::default();
    stages::starter(scratch, lab, tree, &mut findings)?;
    if !args.starters_only {
        stages::solutions(scratch, lab, tree, &mut findings)?;
        mutant::all(scratch, lab, tree, &mut findings)?;
    }
    scratch.lay(lab, tree)?;
    for note in &findings.notes {
        eprintln!("  note: {note}");
    }
    for failure in &findings.failures {
        eprintln!("  FAILED: {failure}");
    }
    if !args.starters_only && findings.failures.is_empty() {
        PROOF.write(lab, tree)?;
    }
    Ok(findings)
}

fn row(lab: &Lab, findings: &Findings, seconds: f64, args: &Args) -> [String; 5] {
    [
        lab.name.clone(),
        findings.tests.to_string(),
        findings.mutants.to_string(),
        format!("{seconds:.0}"),
        match findings.failures.len() {
            0 if args.starters_only => "starter proved".to_owned(),
            0 => "proved".to_owned(),
            1 => format!("FAILED: {}", first_line(&findings.failures[0])),
            more => format!(
                "FAILED: {} (and {} more)",
                first_line(&findings.failures[0]),
                more - 1
            ),
        },
    ]
}

fn first_line(words: &str) -> &str {
    words.lines().next().unwrap_or_default()
}
