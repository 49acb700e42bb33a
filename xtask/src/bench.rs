//! `cargo xtask bench`: ours and the peers in turn, in release; the figures go to docs/benchmarks.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use labkit::report::{Contender, Report, number};
use toml_edit::{DocumentMut, Item, Table};

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
    let lockfile = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let page = markdown(lab, &report, &machine::describe(), &versions(&lockfile)?);
    fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    say!("wrote {}", path.display());
    Ok(())
}

/// The versions of all packages; peers among them are named with theirs.
fn versions(lockfile: &str) -> Result<BTreeMap<String, String>> {
    let lockfile: DocumentMut = lockfile.parse().context("in Cargo.lock")?;
    let packages = lockfile.get("package").and_then(Item::as_array_of_tables);
    let field = |package: &Table, name| Some(package.get(name)?.as_str()?.to_owned());
    Ok(packages
        .into_iter()
        .flatten()
        .filter_map(|package| Some((field(package, "name")?, field(package, "version")?)))
        .collect())
}

fn markdown(
    lab: &Lab,
    report: &Report,
    machine: &str,
    versions: &BTreeMap<String, String>,
) -> String {
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
            let _ = writeln!(out, "{}", row(contender, versions));
        }
    }
    for text in report.texts() {
        let _ = write!(out, "\n{text}\n");
    }
    out
}

fn row(contender: &Contender, versions: &BTreeMap<String, String>) -> String {
    let name = with_version(contender, versions);
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
    format!("| {name} | {rate} | {ratio} | {target} |")
}

/// A peer's name, with the version behind the package that it begins with.
fn with_version(contender: &Contender, versions: &BTreeMap<String, String>) -> String {
    let name = &contender.name;
    let end = name.find([',', ' ']).unwrap_or(name.len());
    let (package, rest) = name.split_at(end);
    match versions.get(package) {
        Some(version) if contender.ratio.is_some() => format!("{package} {version}{rest}"),
        _ => name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_is_a_package_is_named_with_its_version() {
        let versions = versions("[[package]]\nname = \"rayon\"\nversion = \"1.12.0\"\n").unwrap();
        let ratio = Some(labkit::stats::Interval {
            low: 1.0,
            mid: 1.5,
            high: 2.0,
        });
        let contender = |name: &str, ratio| Contender {
            name: name.to_owned(),
            rate: Some(1000.0),
            ratio,
            target: None,
            note: String::new(),
        };
        let said = row(&contender("rayon", ratio), &versions);
        assert!(said.starts_with("| rayon 1.12.0 | 1,000 | 1.50"), "{said}");
        let said = row(&contender("rayon, one thread", ratio), &versions);
        assert!(said.starts_with("| rayon 1.12.0, one thread | "), "{said}");
        assert!(row(&contender("rayon", None), &versions).starts_with("| rayon | "));
    }
}
