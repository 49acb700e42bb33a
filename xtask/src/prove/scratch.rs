//! The scratch workspace in which labs are built in all their variants.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::Message;

use super::binary::Binary;
use crate::cargo::cargo;
use crate::export::{self, Kind, LEFT_BEHIND, Tree};
use crate::workspace::{Lab, Workspace};

/// How many of a compiler's last lines are repeated.
const LINES: usize = 40;

/// A workspace of all labs below the build folder; each lab in it can be overlaid by a variant.
#[derive(Debug)]
pub(crate) struct Scratch {
    root: PathBuf,
    build: PathBuf,
}

/// What to build of a lab.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Targets<'a> {
    /// Everything: library, program, tests and benches.
    All,
    /// Some test files; `lib` stands for the library's own tests.
    Tests(&'a [&'a str]),
    /// One test file under the loom model checker.
    Model(&'a str),
}

/// What came of a build.
#[derive(Debug)]
pub(crate) enum Built {
    Binaries(Vec<Binary>),
    /// It doesn't compile; the end of what the compiler said.
    Broken(String),
}

impl Scratch {
    /// Lays out all labs as they are, with lints that allow what starters leave unused.
    ///
    /// # Errors
    /// If something can't be read or written, or cargo can't resolve it.
    pub(crate) fn new(workspace: &Workspace) -> Result<Self> {
        let scratch = Scratch {
            root: workspace.target.join("prove/workspace"),
            build: workspace.target.join("prove/build"),
        };
        let labs: Vec<&Lab> = workspace.labs.iter().collect();
        let mut tree = export::base(workspace, &labs, Kind::Starter)?;
        for lab in labs {
            tree.merge(
                Tree::read(&lab.folder, &LEFT_BEHIND)?.under(Path::new("crates").join(&lab.name)),
            );
        }
        tree.mirror(&scratch.root)?;
        export::settle(&scratch.root)?;
        Ok(scratch)
    }

    /// The folder of a lab in it.
    pub(crate) fn folder(&self, lab: &Lab) -> PathBuf {
        self.root.join("crates").join(&lab.name)
    }

    /// Makes the lab's folder hold exactly these files; those that don't change aren't touched.
    ///
    /// # Errors
    /// If a file can't be written or deleted.
    pub(crate) fn lay(&self, lab: &Lab, tree: &Tree) -> Result<()> {
        tree.mirror(&self.folder(lab))
    }

    /// Builds a lab's tests.
    ///
    /// # Errors
    /// If cargo can't be started; code that doesn't compile is none.
    pub(crate) fn build(&self, lab: &Lab, targets: Targets) -> Result<Built> {
        let mut command = cargo(&self.root);
        command
            .args(["test", "--no-run", "--locked", "--package", &lab.name])
            .arg("--message-format=json-render-diagnostics")
            .arg("--target-dir")
            .arg(match targets {
                Targets::Model(_) => self.build.with_extension("loom"),
                Targets::All | Targets::Tests(_) => self.build.clone(),
            });
        match targets {
            Targets::All => {
                command.arg("--all-targets");
            }
            Targets::Tests(names) => {
                for name in names {
                    match *name {
                        "lib" => command.arg("--lib"),
                        name => command.args(["--test", name]),
                    };
                }
            }
            Targets::Model(name) => {
                command.args(["--release", "--test", name]);
                command.env("RUSTFLAGS", "--cfg loom");
            }
        }
        let output = command.output().context("starting cargo test")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Ok(Built::Broken(last_lines(&said, LINES)));
        }
        Ok(Built::Binaries(self.binaries(lab, &output.stdout)?))
    }

    fn binaries(&self, lab: &Lab, messages: &[u8]) -> Result<Vec<Binary>> {
        let mut binaries = Vec::new();
        for message in Message::parse_stream(messages) {
            let Message::CompilerArtifact(artifact) = message? else {
                continue;
            };
            let target = &artifact.target;
            let name = if target.is_test() {
                target.name.clone()
            } else if target.is_lib() && artifact.profile.test {
                "lib".to_owned()
            } else {
                continue;
            };
            if let Some(program) = artifact.executable {
                binaries.push(Binary {
                    name,
                    program: program.into_std_path_buf(),
                    folder: self.folder(lab),
                });
            }
        }
        Ok(binaries)
    }
}

/// The end of a text, without progress messages.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("Compiling "))
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
