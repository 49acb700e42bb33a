//! Stages: the starter fails each, and what is solved up to one is enough for it.

use anyhow::Result;

use super::Findings;
use super::binary::{Binary, DEADLINE, Outcome, Verdict};
use super::scratch::{Built, Scratch, Targets, last_lines};
use crate::export::{self, Kind, Tree};
use crate::workspace::Lab;

/// How many of a failing test's last lines are repeated.
const LINES: usize = 12;

/// The starter compiles with everything that belongs to it; each stage's test files fail, and none
/// of their tests hangs.
pub(super) fn starter(
    scratch: &Scratch,
    lab: &Lab,
    tree: &Tree,
    findings: &mut Findings,
) -> Result<()> {
    scratch.lay(lab, &variant(lab, tree, Kind::Starter)?)?;
    let binaries = match scratch.build(lab, Targets::All)? {
        Built::Binaries(binaries) => binaries,
        Built::Broken(words) => {
            findings.fail(format!("the starter doesn't compile:\n{words}"));
            return Ok(());
        }
    };
    for stage in 1..=lab.facts.stages.len() {
        for binary in of_stage(lab, stage, &binaries) {
            let outcomes = binary.run_all(DEADLINE)?;
            findings.tests += outcomes.len();
            unsolved(binary, &outcomes, "in the starter", findings);
            for outcome in passed(&outcomes) {
                findings.notes.push(format!(
                    "{}::{} passes in the starter already",
                    binary.name, outcome.test
                ));
            }
        }
    }
    eprintln!(
        "  starter: {} tests of {} stages",
        findings.tests,
        lab.facts.stages.len()
    );
    Ok(())
}

/// With stages 1 to k solved, the tests of stage k pass and those of the next don't; with all of
/// them solved, all pass.
pub(super) fn solutions(
    scratch: &Scratch,
    lab: &Lab,
    tree: &Tree,
    findings: &mut Findings,
) -> Result<()> {
    let last = lab.facts.stages.len();
    for stage in 1..last {
        scratch.lay(lab, &variant(lab, tree, Kind::Solved(stage))?)?;
        let state = match stage {
            1 => "with stage 1 solved".to_owned(),
            _ => format!("with stages 1 to {stage} solved"),
        };
        let Some(binaries) = build(scratch, lab, stage..=stage + 1, &state, findings)? else {
            continue;
        };
        for binary in of_stage(lab, stage, &binaries) {
            solved(binary, &binary.run_all(DEADLINE)?, &state, findings);
        }
        for binary in of_stage(lab, stage + 1, &binaries) {
            unsolved(binary, &binary.run_all(DEADLINE)?, &state, findings);
        }
        eprintln!("  {state}: stage {stage} and stage {}", stage + 1);
    }
    scratch.lay(lab, tree)?;
    let state = "in the solution";
    if let Some(binaries) = build(scratch, lab, 1..=last, state, findings)? {
        for binary in &binaries {
            solved(binary, &binary.run_all(DEADLINE)?, state, findings);
        }
        eprintln!("  solution: all stages");
    }
    Ok(())
}

/// The lab's files with as much of the solution as asked for.
fn variant(lab: &Lab, tree: &Tree, kind: Kind) -> Result<Tree> {
    export::solved(tree.clone(), &lab.folder, kind)
}

fn build(
    scratch: &Scratch,
    lab: &Lab,
    stages: std::ops::RangeInclusive<usize>,
    state: &str,
    findings: &mut Findings,
) -> Result<Option<Vec<Binary>>> {
    let names: Vec<&str> = stages.flat_map(|stage| lab.stage_tests(stage)).collect();
    match scratch.build(lab, Targets::Tests(&names))? {
        Built::Binaries(binaries) => Ok(Some(binaries)),
        Built::Broken(words) => {
            findings.fail(format!("{state}, it doesn't compile:\n{words}"));
            Ok(None)
        }
    }
}

fn of_stage<'a>(
    lab: &Lab,
    stage: usize,
    binaries: &'a [Binary],
) -> impl Iterator<Item = &'a Binary> {
    let names: Vec<String> = lab
        .stage_tests(stage)
        .into_iter()
        .map(str::to_owned)
        .collect();
    binaries
        .iter()
        .filter(move |binary| names.contains(&binary.name))
}

fn passed(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    outcomes
        .iter()
        .filter(|outcome| outcome.verdict == Verdict::Passed)
}

/// A stage that isn't solved must fail, and at once.
fn unsolved(binary: &Binary, outcomes: &[Outcome], state: &str, findings: &mut Findings) {
    if passed(outcomes).count() == outcomes.len() {
        findings.fail(format!(
            "no test of {} fails {state}, where its stage isn't solved",
            binary.name
        ));
    }
    for outcome in outcomes {
        if outcome.verdict == Verdict::Hung {
            findings.fail(format!(
                "{}::{} hangs {state}; guard it with labkit::wait::within",
                binary.name, outcome.test
            ));
        }
    }
}

/// A stage that is solved must pass.
fn solved(binary: &Binary, outcomes: &[Outcome], state: &str, findings: &mut Findings) {
    if outcomes.is_empty() {
        findings.fail(format!("{} has no tests", binary.name));
    }
    for outcome in outcomes {
        let what = match outcome.verdict {
            Verdict::Passed => continue,
            Verdict::Failed => "fails",
            Verdict::Hung => "hangs",
        };
        findings.fail(format!(
            "{}::{} {what} {state}:\n{}",
            binary.name,
            outcome.test,
            last_lines(&outcome.output, LINES)
        ));
    }
}
