//! What is asked: the tests of every stage, as the reference has them. A submission can't lose one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::build::Binaries;
use crate::export::Tree;
use crate::workspace::Lab;

/// All that a submission is asked.
#[derive(Debug)]
pub(super) struct Exam {
    pub(super) stages: Vec<Stage>,
}

/// One stage's part.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) points: u32,
    pub(super) tasks: Vec<Task>,
}

/// One test.
#[derive(Debug)]
pub(super) struct Task {
    /// The test file's name, without its ending.
    pub(super) file: String,
    /// The test's path in it.
    pub(super) test: String,
    /// Whether it is one of the instructor's own.
    pub(super) hidden: bool,
}

impl Task {
    pub(super) fn name(&self) -> String {
        format!("{}::{}", self.file, self.test)
    }
}

/// The test files of all stages.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The lab's own, by stage from 1.
    pub(super) open: BTreeMap<String, usize>,
    /// The instructor's.
    pub(super) hidden: BTreeMap<String, usize>,
}

impl Files {
    /// The lab's files and those of the folder of hidden tests.
    ///
    /// # Errors
    /// If a hidden file belongs to no stage, or has the name of an open one.
    pub(super) fn of(lab: &Lab, hidden: Option<&Tree>) -> Result<Self> {
        let mut files = Files::default();
        for stage in 1..=lab.facts.stages.len() {
            let names = lab.stage_tests(stage).into_iter().map(str::to_owned);
            files.open.extend(names.map(|name| (name, stage)));
        }
        for (path, _) in hidden.into_iter().flat_map(Tree::iter) {
            let Some(name) = test_file(path) else {
                continue;
            };
            let Some(stage) =
                stage_of(name).filter(|stage| (1..=lab.facts.stages.len()).contains(stage))
            else {
                bail!(
                    "the hidden {} belongs to no stage: name it tests/stage1_....rs to stage{}_....rs",
                    path.display(),
                    lab.facts.stages.len()
                );
            };
            if files.open.contains_key(name) {
                bail!(
                    "{} has a {} of its own; rename the hidden one",
                    lab.name,
                    path.display()
                );
            }
            files.hidden.insert(name.to_owned(), stage);
        }
        if hidden.is_some() && files.hidden.is_empty() {
            bail!("there are no hidden tests: they are files tests/stageN_....rs in the folder");
        }
        Ok(files)
    }
}

/// The name of a test file directly in `tests`.
fn test_file(path: &Path) -> Option<&str> {
    let is_test = path.parent() == Some(Path::new("tests"));
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    path.file_stem()?.to_str().filter(|_| is_test && is_rust)
}

/// The number in `stage<number>_<what>`.
fn stage_of(name: &str) -> Option<usize> {
    name.strip_prefix("stage")?.split_once('_')?.0.parse().ok()
}

impl Exam {
    /// Lists the tests in the binaries of the reference.
    ///
    /// # Errors
    /// If a binary can't be asked, or a stage has no tests.
    pub(super) fn list(lab: &Lab, files: &Files, binaries: &Binaries) -> Result<Self> {
        let mut stages: Vec<Stage> = lab
            .facts
            .stages
            .iter()
            .map(|stage| Stage {
                name: stage.name.clone(),
                points: stage.points,
                tasks: Vec::new(),
            })
            .collect();
        let open = files.open.iter().map(|file| (file, false));
        let hidden = files.hidden.iter().map(|file| (file, true));
        for ((file, stage), hidden) in open.chain(hidden) {
            let binary = binaries.programs.get(file);
            let binary =
                binary.with_context(|| format!("the reference has no test file {file}"))?;
            let tasks = tests_in(binary)?.into_iter().map(|test| Task {
                file: file.clone(),
                test,
                hidden,
            });
            stages[stage - 1].tasks.extend(tasks);
        }
        for (at, stage) in stages.iter().enumerate() {
            if stage.tasks.is_empty() {
                bail!("stage {} of {} has no tests to grade by", at + 1, lab.name);
            }
        }
        Ok(Exam { stages })
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.stages.iter().flat_map(|stage| &stage.tasks)
    }
}

/// The paths of a test binary's tests, without those marked `#[ignore]`.
fn tests_in(binary: &Path) -> Result<Vec<String>> {
    let all = list(binary, &[])?;
    let ignored = list(binary, &["--ignored"])?;
    Ok(all
        .into_iter()
        .filter(|test| !ignored.contains(test))
        .collect())
}

fn list(binary: &Path, flags: &[&str]) -> Result<Vec<String>> {
    let output = Command::new(binary)
        .args(["--list", "--format", "terse"])
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", binary.display()))?;
    if !output.status.success() {
        bail!("{} can't list its tests", binary.display());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let tests = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(tests.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_tells_its_stage() {
        assert_eq!(stage_of("stage12_more"), Some(12));
        for other in ["stage_x", "stage1", "faults", "stagex_y"] {
            assert_eq!(stage_of(other), None, "{other}");
        }
        assert_eq!(test_file(Path::new("tests/stage1_a.rs")), Some("stage1_a"));
        assert_eq!(test_file(Path::new("tests/support/mod.rs")), None);
        assert_eq!(test_file(Path::new("tests/cases/a.txt")), None);
    }
}
