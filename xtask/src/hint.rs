//! `cargo xtask hint`: one hint at a time, from vague to nearly there.
//!
//! Which ones were shown is kept in the lab's folder, a line each: files of two machines are merged
//! by taking the lines of both.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::hints::{self, StageHints};
use crate::workspace::{Lab, Workspace};

/// The file of a lab's folder in which a student's progress is kept.
pub(crate) const PROGRESS: &str = ".lab-progress";

/// Examples: `cargo xtask hint thread-pool`, `cargo xtask hint thread-pool --stage 2 --more`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The lab's name
    name: String,
    /// The stage; without it the one that was asked about last, at first 1
    #[arg(long, value_name = "N")]
    stage: Option<usize>,
    /// The next hint; without it the last one again
    #[arg(long)]
    more: bool,
}

/// A hint that was shown: its stage and its place there, both from 1.
type Shown = (usize, usize);

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let lab = workspace.lab(&args.name)?;
    let page = fs::read_to_string(lab.path("hints.md"))
        .with_context(|| format!("reading the hints of {}", lab.name))?;
    let progress = lab.path(PROGRESS);
    let shown = parse(&fs::read_to_string(&progress).unwrap_or_default());
    let number = args
        .stage
        .or_else(|| shown.last().map(|(stage, _)| *stage))
        .unwrap_or(1);
    let stages = hints::parse(&page);
    let Some(stage) = stages.iter().find(|stage| stage.stage == number) else {
        bail!(
            "{} has no hints for stage {number}; its stages are 1 to {}",
            lab.name,
            stages.len()
        );
    };
    let hint = next(&shown, stage, args.more);
    if !shown.contains(&(number, hint)) {
        note(&progress, (number, hint))?;
    }
    ::labkit::run::print(&words(lab, stage, hint))?;
    Ok(ExitCode::SUCCESS)
}

/// Which hint it is now, from 1: the last one again, or the next if there is one.
fn next(shown: &[Shown], stage: &StageHints, more: bool) -> usize {
    let so_far = shown.iter().filter(|(number, _)| *number == stage.stage);
    let last = so_far.map(|(_, hint)| *hint).max().unwrap_or(0);
    (last + usize::from(more)).clamp(1, stage.hints.len().max(1))
}

fn words(lab: &Lab, stage: &StageHints, hint: usize) -> String {
    let StageHints {
        stage: number,
        name,
        hints,
    } = stage;
    let mut text = format!(
        "Stage {number}: {name} · hint {hint} of {}\n\n",
        hints.len()
    );
    let _ = writeln!(text, "{}\n", hints.get(hint - 1).map_or("", String::as_str));
    if hint < hints.len() {
        let _ = writeln!(
            text,
            "Try that first. The next one: cargo xtask hint {} --stage {number} --more",
            lab.name
        );
    } else {
        let _ = writeln!(
            text,
            "That was the last one. What is expected to the letter: crates/{}/tests/stage{number}_*.rs",
            lab.name
        );
    }
    text
}

/// The lines `hint STAGE PLACE` of a progress file; others are for others.
fn parse(progress: &str) -> Vec<Shown> {
    let shown = |line: &str| {
        let (stage, hint) = line.strip_prefix("hint ")?.split_once(' ')?;
        Some((stage.parse().ok()?, hint.trim().parse().ok()?))
    };
    progress.lines().filter_map(shown).collect()
}

fn note(path: &Path, (stage, hint): Shown) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))?;
    writeln!(file, "hint {stage} {hint}").with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(stage: usize) -> StageHints {
        StageHints {
            stage,
            name: "one".to_owned(),
            hints: ["a", "b", "c"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn hints_come_one_by_one_and_stay_at_the_last() {
        let mut shown = Vec::new();
        for (more, expected) in [
            (false, 1),
            (false, 1),
            (true, 2),
            (false, 2),
            (true, 3),
            (true, 3),
        ] {
            let hint = next(&shown, &stage(1), more);
            assert_eq!(hint, expected);
            shown.push((1, hint));
        }
        assert_eq!(next(&shown, &stage(2), false), 1);
        assert_eq!(next(&shown, &stage(2), true), 1);
    }

    #[test]
    fn progress_files_merge_by_their_lines() {
        let merged = "hint 1 1\nhint 1 2\n<<<<<<<\npassed 1\nhint 2 1\nhint 1 1\nhint x 1\n";
        assert_eq!(parse(merged), [(1, 1), (1, 2), (2, 1), (1, 1)]);
    }
}
