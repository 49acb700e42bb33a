//! `cargo xtask bench`: ours and the peers in turn, in release; the figures go to docs/benchmarks.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use labkit::report::{Contender, Report, number};

use crate::cargo;
use crate::machine;
use crate::workspace::{Lab, Workspace};

/// The bench of a lab that measures against its peers.
const BENCH: &str = "versus";

/// Examples: `cargo xtask bench thread-pool`, `cargo xtask bench section-processes`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labs or sections; none means all
    labs: Vec<String>,
    /// Fewer rounds, and nothing is written to docs/benchmarks
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let labs = workspace.select(&args.labs)?;
    let labs: Vec<&Lab> = labs
        .into_iter()
        .filter(|lab| lab.benches.iter().any(|bench| bench == BENCH))
        .collect();
    if labs.is_empty() {
        bail!("none of these labs has a bench named {BENCH}");
    }
    let folder = workspace.target.join("benchmarks");
    fs::create_dir_all(&folder)?;
    for lab in labs {
        let file = folder.join(format!("{}.json", lab.name));
        measure(workspace, lab, args.quick, &file)?;
        if !args.quick {
            document(workspace, lab, &file)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(workspace: &Workspace, lab: &Lab, quick: bool, file: &Path) -> Result<()> {
    let mut command = cargo::cargo(&workspace.root);
    command
        .args(["bench", "-p", &lab.name, "--bench", BENCH, "--", "--json"])
        .arg(file);
    if quick {
        command.arg("--quick");
    }
    let status = command.status()?;
    if !status.success() {
        bail!("the bench of {} failed: {status}", lab.name);
    }
    Ok(())
}

/// Writes docs/benchmarks/NAME.md from the bench's report.
fn document(workspace: &Workspace, lab: &Lab, file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let report = Report::from_json(&text).map_err(|why| anyhow!("{}: {why}", file.display()))?;
    let folder = workspace.root.join("docs/benchmarks");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.md", lab.name));
    fs::write(&path, markdown(lab, &report, &machine::describe()))
        .with_context(|| format!("writing {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn markdown(lab: &Lab, report: &Report, machine: &str) -> String {
    let mut out = format!(
        "# {}: against its peers\n\nWritten by `cargo xtask bench {}`; run it again to repeat these \
         figures on your machine.\n\n{machine}\n",
        lab.facts.title, lab.name
    );
    for contest in report.contests() {
        let _ = write!(
            out,
            "\n## {}\n\nMedian of {} rounds, all contenders in turn in every round. A ratio above 1 \
             means that ours was faster; its interval is a 95 % bootstrap.\n\n\
             | contender | {} | ours is × as fast | target |\n|---|--:|--:|---|\n",
            contest.name, contest.rounds, contest.unit
        );
        for contender in &contest.contenders {
            let _ = writeln!(out, "{}", row(contender));
        }
    }
    for text in report.texts() {
        let _ = write!(out, "\n{text}\n");
    }
    out
}

fn row(contender: &Contender) -> String {
    let rate = contender.rate.map_or("not here".to_owned(), number);
    let ratio = contender.ratio.map_or(String::new(), |ratio| {
        format!("{:.2} ({:.2} to {:.2})", ratio.mid, ratio.low, ratio.high)
    });
    let target = match (contender.target, contender.reached()) {
        (Some(target), Some(true)) => format!("≥ {target}: reached"),
        (Some(target), Some(false)) => format!("≥ {target}: **missed**"),
        (Some(target), None) => format!("≥ {target}: {}", contender.note),
        (None, _) => contender.note.clone(),
    };
    format!("| {} | {rate} | {ratio} | {target} |", contender.name)
}
