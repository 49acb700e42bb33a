//! `cargo xtask tidy`: the house rules as code.
//!
//! Each file below `tidy/` holds one family of rules: pure functions from the checkout's files to
//! what is wrong in them, each shown to fire by a planted violation in its tests.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::export::{LEFT_BEHIND, Tree};
use crate::syllabus;
use crate::workspace::Workspace;

mod checkout;
mod lockfile;
mod manifests;
mod modules;
mod pages;
mod register;
mod rust;
mod solutions;
mod sources;
mod testing;
mod words;

use checkout::Checkout;

/// Examples: `cargo xtask tidy`, `cargo xtask tidy thread-pool`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only what is wrong in these labs or sections; none means everything
    labs: Vec<String>,
}

/// Something that a rule forbids.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    path: PathBuf,
    /// Counted from 1.
    line: usize,
    /// What is wrong, and after a semicolon what would be right.
    what: String,
}

impl Violation {
    fn new(path: &Path, line: usize, what: impl Into<String>) -> Self {
        Violation {
            path: path.to_path_buf(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// Every family of rules.
const RULES: [fn(&Checkout) -> Vec<Violation>; 9] = [
    lockfile::check,
    manifests::check,
    modules::check,
    pages::check,
    register::check,
    solutions::check,
    sources::check,
    testing::check,
    words::check,
];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let tree = Tree::read(&workspace.root, &LEFT_BEHIND)?;
    let checkout = Checkout::new(tree, syllabus::load(workspace)?).context("reading the labs")?;
    let mut found = violations(&checkout);
    if !args.labs.is_empty() {
        let labs = workspace.select(&args.labs)?;
        found.retain(|violation| {
            let path = workspace.root.join(&violation.path);
            labs.iter().any(|lab| path.starts_with(&lab.folder))
        });
    }
    let mut text = String::new();
    for violation in &found {
        text.push_str(&format!("{violation}\n"));
    }
    ::labkit::run::print(&text)?;
    if let Some(info) = lockfile::duplicates(&checkout) {
        eprintln!("info: in more than one version: {info}");
    }
    if found.is_empty() {
        eprintln!("{} files hold to the house rules.", checkout.files());
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} violations of the house rules.", found.len());
    Ok(ExitCode::FAILURE)
}

/// Everything that the rules forbid, in the order of the files.
fn violations(checkout: &Checkout) -> Vec<Violation> {
    let mut found: Vec<Violation> = RULES.iter().flat_map(|rule| rule(checkout)).collect();
    found.sort();
    found.dedup();
    found
}

/// What is untidy in a lab that is the only one, for tests of what makes labs.
#[cfg(test)]
pub(crate) fn in_lab(lab: Tree, entry: syllabus::Entry) -> Vec<String> {
    let folder = Path::new("crates").join(&entry.name);
    let checkout = Checkout::new(lab, vec![entry]).expect("the lab's manifest is as it should be");
    let mut found = violations(&checkout);
    found.retain(|violation| violation.path.starts_with(&folder));
    found.iter().map(ToString::to_string).collect()
}
