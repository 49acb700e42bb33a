//! Mutants: wrong variants of a lab that its tests must catch.
//!
//! A mutant is a unified diff, `tests/mutants/NAME.patch`, relative to the lab's folder. Lines
//! before the diff say what is wrong in it and which test has to notice:
//!
//! ```text
//! # what: a job that waits in the queue is dropped at shutdown
//! # caught-by: stage3_shutdown::drain_runs_everything
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Findings;
use super::binary::{Binary, DEADLINE, Outcome, Verdict};
use super::scratch::{Built, Scratch, Targets};
use crate::export::{LEFT_BEHIND, Tree};
use crate::workspace::Lab;

/// The test file with models for the loom model checker.
const MODELS: &str = "loom";

/// A mutant is given at least this long before it counts as hanging.
const SHORTEST_DEADLINE: Duration = Duration::from_secs(20);

/// A mutant may be this many times slower than the solution.
const SLOWER: u32 = 5;

/// What the head of a patch says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// What is wrong in this variant.
    pub(crate) what: String,
    /// The test file that holds the test, `lib` for the library's own.
    pub(crate) binary: String,
    /// The path of the test in it.
    pub(crate) test: String,
}

impl Head {
    /// Reads the head of a patch.
    ///
    /// # Errors
    /// What is missing, in words for its author.
    pub(crate) fn parse(patch: &str) -> Result<Self, &'static str> {
        let field = |name: &str| {
            patch
                .lines()
                .take_while(|line| line.starts_with('#'))
                .find_map(|line| line.strip_prefix(name))
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let what = field("# what:").ok_or("its head lacks `# what: ...`")?;
        let test = field("# caught-by:").ok_or("its head lacks `# caught-by: file::test`")?;
        let (binary, test) = test
            .split_once("::")
            .ok_or("caught-by is the test's file, `::` and its path in it")?;
        Ok(Head {
            what,
            binary: binary.to_owned(),
            test: test.to_owned(),
        })
    }
}

/// The lab's mutants: paths and texts.
pub(crate) fn patches(tree: &Tree) -> impl Iterator<Item = (&Path, String)> {
    tree.iter()
        .filter(|(path, _)| path.starts_with("tests/mutants"))
        .filter(|(path, _)| {
            path.extension()
                .is_some_and(|extension| extension == "patch")
        })
        .map(|(path, bytes)| (path, String::from_utf8_lossy(bytes).into_owned()))
}

/// Every mutant applies, compiles, and is caught by the test that it names.
pub(super) fn all(
    scratch: &Scratch,
    lab: &Lab,
    tree: &Tree,
    findings: &mut Findings,
) -> Result<()> {
    let mut trial = Trial {
        scratch,
        lab,
        tree,
        deadlines: BTreeMap::new(),
    };
    for (path, patch) in patches(tree) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let verdict = match Head::parse(&patch) {
            Ok(head) => trial.verdict(path, &head)?,
            Err(words) => Err(words.to_owned()),
        };
        match verdict {
            Ok(words) => {
                findings.mutants += 1;
                eprintln!("  mutant {name}: {words}");
            }
            Err(words) => findings.fail(format!("mutant {name}: {words}")),
        }
    }
    Ok(())
}

/// What all mutants of a lab have in common.
struct Trial<'a> {
    scratch: &'a Scratch,
    lab: &'a Lab,
    tree: &'a Tree,
    /// How long a test may take, from how long it took with the solution.
    deadlines: BTreeMap<(String, String), Duration>,
}

/// How a mutant was caught, or why it wasn't.
type Caught = Result<String, String>;

impl Trial<'_> {
    fn verdict(&mut self, patch: &Path, head: &Head) -> Result<Caught> {
        let deadline = match self.deadline(head)? {
            Ok(deadline) => deadline,
            Err(words) => return Ok(Err(words)),
        };
        self.scratch.lay(self.lab, self.tree)?;
        if let Err(words) = self.apply(patch)? {
            return Ok(Err(words));
        }
        let outcome = match self.run(head, deadline)? {
            Ok(outcome) => outcome,
            Err(words) => return Ok(Err(words)),
        };
        let Head { binary, test, .. } = head;
        Ok(match outcome.verdict {
            Verdict::Passed => Err(format!("{binary}::{test} doesn't notice: {}", head.what)),
            Verdict::Failed => Ok(format!("caught by {binary}::{test}")),
            Verdict::Hung => Ok(format!("caught by {binary}::{test}, which hangs")),
        })
    }

    /// The deadline of a test, which must pass with the solution for its failure to mean anything.
    fn deadline(&mut self, head: &Head) -> Result<Result<Duration, String>> {
        let key = (head.binary.clone(), head.test.clone());
        if let Some(known) = self.deadlines.get(&key) {
            return Ok(Ok(*known));
        }
        self.scratch.lay(self.lab, self.tree)?;
        let outcome = match self.run(head, DEADLINE)? {
            Ok(outcome) => outcome,
            Err(words) => return Ok(Err(format!("in the solution, {words}"))),
        };
        if outcome.verdict != Verdict::Passed {
            let (binary, test) = key;
            return Ok(Err(format!(
                "{binary}::{test} doesn't pass in the solution"
            )));
        }
        let deadline = (outcome.took * SLOWER).clamp(SHORTEST_DEADLINE, DEADLINE);
        self.deadlines.insert(key, deadline);
        Ok(Ok(deadline))
    }

    /// Applies a patch to the lab's sources in the scratch workspace.
    fn apply(&self, patch: &Path) -> Result<Result<(), String>> {
        let folder = self.scratch.folder(self.lab);
        let ceiling = folder.parent().context("a lab is in a folder")?;
        let output = Command::new("git")
            .args(["apply", "--include=src/*"])
            .arg(patch)
            .current_dir(&folder)
            // The scratch folder lies inside a repository of which it is no part.
            .env("GIT_CEILING_DIRECTORIES", ceiling)
            .output()
            .context("starting git apply")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Ok(Err(format!("it doesn't apply: {}", said.trim())));
        }
        let source = |tree: &Tree| -> Vec<Vec<u8>> {
            let sources = tree.iter().filter(|(path, _)| path.starts_with("src"));
            sources.map(|(_, bytes)| bytes.to_vec()).collect()
        };
        if source(&Tree::read(&folder, &LEFT_BEHIND)?) == source(self.tree) {
            return Ok(Err("it changes nothing in src".to_owned()));
        }
        Ok(Ok(()))
    }

    /// Builds what is there now and runs the named test.
    fn run(&self, head: &Head, deadline: Duration) -> Result<Result<Outcome, String>> {
        let name = [head.binary.as_str()];
        let targets = if head.binary == MODELS {
            Targets::Model(MODELS)
        } else {
            Targets::Tests(&name)
        };
        let binaries = match self.scratch.build(self.lab, targets)? {
            Built::Binaries(binaries) => binaries,
            Built::Broken(words) => return Ok(Err(format!("it doesn't compile:\n{words}"))),
        };
        let of_name = |binary: &&Binary| binary.name == head.binary;
        let Some(binary) = binaries.iter().find(of_name) else {
            return Ok(Err(format!("there is no test file {}", head.binary)));
        };
        if !binary.tests()?.contains(&head.test) {
            return Ok(Err(format!("{} has no test {}", head.binary, head.test)));
        }
        Ok(Ok(binary.run(&head.test, deadline)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_names_the_fault_and_the_test() {
        let patch =
            "# what: a job is lost\n# caught-by: stage3_stop::drain::runs_all\n--- a/src/x\n";
        assert_eq!(
            Head::parse(patch),
            Ok(Head {
                what: "a job is lost".to_owned(),
                binary: "stage3_stop".to_owned(),
                test: "drain::runs_all".to_owned(),
            })
        );
    }

    #[test]
    fn an_incomplete_head_says_what_is_missing() {
        for (patch, words) in [
            ("--- a/src/x\n# what: too late", "# what"),
            ("# what: x\n", "# caught-by"),
            ("# what: x\n# caught-by:\n", "# caught-by"),
            ("# what: x\n# caught-by: stage1\n", "path"),
        ] {
            let said = Head::parse(patch).unwrap_err();
            assert!(said.contains(words), "{patch:?}: {said}");
        }
    }
}
