//! What `cargo metadata` says about the labs: the only register there is.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::{MetadataCommand, Package};
use serde::{Deserialize, Serialize};

/// The checkout that the runner works on.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its root folder.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// The labs that are there, by number.
    pub(crate) labs: Vec<Lab>,
    /// Labs that are still being written: built and linted with the rest, not shown as labs yet.
    pub(crate) drafts: Vec<Lab>,
    /// The sections' joint scenarios that are there.
    pub(crate) scenarios: Vec<Scenario>,
}

/// One lab, as its Cargo.toml describes it.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    /// The crate's name, folder and command.
    pub(crate) name: String,
    /// The crate's folder.
    pub(crate) folder: PathBuf,
    /// One line about it.
    pub(crate) description: String,
    /// What `[package.metadata.lab]` says.
    pub(crate) facts: Facts,
    /// The names of its benches.
    pub(crate) benches: Vec<String>,
    /// The names of its integration-test files.
    pub(crate) tests: Vec<String>,
}

/// A program that shows the labs of one section together; a crate under `scenarios/` with a table
/// `[package.metadata.scenario]`.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The crate's name, which is also its program's.
    pub(crate) name: String,
    /// What the table says.
    pub(crate) facts: ScenarioFacts,
}

/// The table `[package.metadata.scenario]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScenarioFacts {
    /// The section whose labs it shows.
    pub(crate) section: String,
    /// Its title for people.
    pub(crate) title: String,
}

/// The table `[package.metadata.lab]` of a lab.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// Its number in the syllabus, 1 to 50.
    pub(crate) number: u32,
    /// The section that it belongs to.
    pub(crate) section: String,
    /// Its title for people.
    pub(crate) title: String,
    /// What it teaches.
    pub(crate) concepts: Vec<String>,
    /// Real services that it can use.
    pub(crate) needs: Vec<String>,
    /// In the order in which a student takes them.
    pub(crate) stages: Vec<Stage>,
    /// Whether it is still being written.
    #[serde(default)]
    pub(crate) draft: bool,
}

/// One stage of a lab; its tests are the files `tests/stage<number>_*.rs`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// What is built in it.
    pub(crate) name: String,
    /// What it is worth; a lab's stages add up to 100.
    pub(crate) points: u32,
}

/// A name that nothing has: the caller's mistake, and so exit code 2.
#[derive(Debug)]
pub(crate) struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unknown {}

impl Workspace {
    /// Reads the workspace that the current folder is in.
    ///
    /// # Errors
    /// If cargo can't read it, or a lab's metadata isn't as it should be.
    pub(crate) fn load() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("cargo metadata failed; is this the labs' checkout?")?;
        let mut labs = metadata
            .packages
            .iter()
            .filter_map(|package| Lab::from_package(package).transpose())
            .collect::<Result<Vec<_>>>()?;
        labs.sort_by_key(|lab| lab.facts.number);
        let (drafts, labs) = labs.into_iter().partition(|lab| lab.facts.draft);
        let scenarios = metadata
            .packages
            .iter()
            .filter_map(|package| Scenario::from_package(package).transpose())
            .collect::<Result<Vec<_>>>()?;
        Ok(Workspace {
            root: metadata.workspace_root.clone().into_std_path_buf(),
            target: metadata.target_directory.clone().into_std_path_buf(),
            labs,
            drafts,
            scenarios,
        })
    }

    /// The labs that were asked for: by name, as `section-<name>`, or `all` (also when nothing was
    /// named), in the syllabus's order and each once.
    ///
    /// # Errors
    /// If a name is unknown; the message names the nearest one.
    pub(crate) fn select(&self, wanted: &[String]) -> Result<Vec<&Lab>> {
        for name in wanted {
            if !self.labs.iter().any(|lab| lab.answers_to(name)) {
                let words = format!("there is no lab or section {name:?}{}", self.instead(name));
                bail!(Unknown(words));
            }
        }
        let chosen =
            |lab: &&Lab| wanted.is_empty() || wanted.iter().any(|name| lab.answers_to(name));
        Ok(self.labs.iter().filter(chosen).collect())
    }

    /// The joint scenarios of those sections that were asked for as a whole.
    pub(crate) fn scenarios(&self, wanted: &[String]) -> Vec<&Scenario> {
        let whole = |section: &str| {
            wanted.is_empty()
                || wanted
                    .iter()
                    .any(|name| name == "all" || *name == format!("section-{section}"))
        };
        self.scenarios
            .iter()
            .filter(|scenario| whole(&scenario.facts.section))
            .collect()
    }

    /// One lab by its exact name.
    ///
    /// # Errors
    /// If there is none; the message names the nearest one.
    pub(crate) fn lab(&self, name: &str) -> Result<&Lab> {
        match self.labs.iter().find(|lab| lab.name == name) {
            Some(lab) => Ok(lab),
            None => bail!(Unknown(format!(
                "there is no lab {name:?}{}",
                self.instead(name)
            ))),
        }
    }

    /// The end of a sentence that helps with a name that no lab has.
    fn instead(&self, name: &str) -> String {
        if self.drafts.iter().any(|lab| lab.name == name) {
            return "; it is a draft: take `draft` out of its Cargo.toml to have it checked as a lab"
                .to_owned();
        }
        self.nearest(name)
    }

    fn nearest(&self, name: &str) -> String {
        let sections = self.labs.iter().map(|lab| lab.group());
        let known = self.labs.iter().map(|lab| lab.name.clone()).chain(sections);
        known
            .min_by_key(|known| edit_distance(known, name))
            .filter(|known| edit_distance(known, name) <= name.len() / 2)
            .map_or_else(
                || "; `cargo xtask list` shows those there are".to_owned(),
                |known| format!("; did you mean {known}?"),
            )
    }
}

impl Scenario {
    /// The scenario that a package is, or none if it isn't one.
    fn from_package(package: &Package) -> Result<Option<Self>> {
        let Some(facts) = package.metadata.get("scenario") else {
            return Ok(None);
        };
        let facts = serde_json::from_value(facts.clone())
            .with_context(|| format!("[package.metadata.scenario] of {}", package.name))?;
        Ok(Some(Scenario {
            name: package.name.to_string(),
            facts,
        }))
    }
}

impl Lab {
    /// The lab that a package is, or none if it isn't one.
    fn from_package(package: &Package) -> Result<Option<Self>> {
        let Some(facts) = package.metadata.get("lab") else {
            return Ok(None);
        };
        let facts: Facts = serde_json::from_value(facts.clone())
            .with_context(|| format!("[package.metadata.lab] of {}", package.name))?;
        let folder = package
            .manifest_path
            .parent()
            .context("a manifest is in a folder")?;
        let targets = |kind: fn(&cargo_metadata::Target) -> bool| {
            let mut names: Vec<String> = package
                .targets
                .iter()
                .filter(|target| kind(target))
                .map(|target| target.name.clone())
                .collect();
            names.sort();
            names
        };
        Ok(Some(Lab {
            name: package.name.to_string(),
            folder: folder.to_path_buf().into_std_path_buf(),
            description: package.description.clone().unwrap_or_default(),
            facts,
            benches: targets(cargo_metadata::Target::is_bench),
            tests: targets(cargo_metadata::Target::is_test),
        }))
    }

    /// The name of its section's group.
    pub(crate) fn group(&self) -> String {
        format!("section-{}", self.facts.section)
    }

    /// The test files of one stage (counted from 1).
    pub(crate) fn stage_tests(&self, stage: usize) -> Vec<&str> {
        let prefix = format!("stage{stage}_");
        let names = self.tests.iter().map(String::as_str);
        names.filter(|name| name.starts_with(&prefix)).collect()
    }

    /// Whether it has models for the loom model checker.
    pub(crate) fn has_models(&self) -> bool {
        self.tests.iter().any(|name| name == "loom")
    }

    /// A path inside the lab's folder.
    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.folder.join(inside)
    }

    fn answers_to(&self, name: &str) -> bool {
        name == "all" || name == self.name || name == self.group()
    }
}

/// Levenshtein's distance between two words.
fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, b) in other.iter().enumerate() {
            let kept = diagonal + usize::from(a != *b);
            diagonal = row[place + 1];
            row[place + 1] = kept.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_near_the_right_one() {
        assert_eq!(edit_distance("thread-pool", "thread-pool"), 0);
        assert_eq!(edit_distance("thread-pool", "thred-pol"), 2);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
