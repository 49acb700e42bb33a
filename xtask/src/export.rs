//! `cargo xtask export`: one lab as a workspace of its own, with or without its solution.
//!
//! An export is put together in memory ([`tree`]) and then written, so that the grader and the
//! prover can make variants of it without touching the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::{Lab, Workspace};
use crate::{hint, starter};

mod inside;
mod labkit;
mod lockfile;
mod manifest;
mod papers;
mod tree;

pub(crate) use inside::resolve;
pub(crate) use lockfile::settle;
pub(crate) use manifest::dependencies;
pub(crate) use tree::Tree;

/// What tools leave behind in a checkout; never part of a lab.
pub(crate) const LEFT_BEHIND: [&str; 6] = [
    ".git",
    hint::PROGRESS,
    "mutants.out",
    "node_modules",
    "target",
    "wip",
];
/// The variants that show what the tests catch; they would give the solution away.
const MUTANTS: &str = "tests/mutants";
/// Root files that every export carries as they are.
const ROOT_FILES: [&str; 4] = [
    "rust-toolchain.toml",
    "clippy.toml",
    "rustfmt.toml",
    ".config/nextest.toml",
];

/// Examples: `cargo xtask export thread-pool --starter --to ../thread-pool`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The lab's name
    name: String,
    /// Leave the solution out: what a student starts from
    #[arg(long)]
    starter: bool,
    /// The folder to write; made if it isn't there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Write into a folder that isn't empty; files of the same names are replaced
    #[arg(long)]
    force: bool,
}

/// How much of the solution an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All of it.
    Solution,
    /// That of stages 1 to N; the rest is empty.
    Solved(usize),
    /// None of it.
    Starter,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let lab = workspace.lab(&args.name)?;
    let kind = if args.starter {
        Kind::Starter
    } else {
        Kind::Solution
    };
    refuse_occupied(&args.to, args.force)?;
    write(workspace, lab, &args.to, kind)?;
    let to = args.to.display();
    ::labkit::run::print(&format!(
        "{} is in {to}. Next: cd {to} && cargo test -p {}\n",
        lab.facts.title, lab.name
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a lab as a workspace of its own into `to`, its lockfile settled.
///
/// # Errors
/// If a marker or a manifest is broken, something in the lab reaches out of its folder, `to` can't
/// be written, or cargo can't settle the lockfile.
pub(crate) fn write(workspace: &Workspace, lab: &Lab, to: &Path, kind: Kind) -> Result<()> {
    let mut export = base(workspace, &[lab], kind)?;
    export.merge(lab_tree(workspace, lab, kind)?);
    papers::add(&mut export, lab, kind)?;
    inside::check(&export)?;
    export.write(to)?;
    settle(to)
}

/// The workspace around some labs: root files and labkit, reduced to what they use.
///
/// # Errors
/// If one of the files can't be read or understood.
pub(crate) fn base(workspace: &Workspace, labs: &[&Lab], kind: Kind) -> Result<Tree> {
    let root = &workspace.root;
    let mut tree = Tree::default();
    for name in ROOT_FILES {
        if root.join(name).is_file() {
            tree.copy(root, Path::new(name))?;
        }
    }
    for entry in fs::read_dir(root).with_context(|| format!("reading {}", root.display()))? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("LICENSE") {
            tree.copy(root, Path::new(&name))?;
        }
    }
    tree.copy(root, Path::new("Cargo.lock"))?;
    tree.text(".gitignore", "/target\n");

    let root_manifest = read(&root.join("Cargo.toml"))?;
    let lab_manifests = labs
        .iter()
        .map(|lab| read(&lab.path("Cargo.toml")))
        .collect::<Result<Vec<_>>>()?;
    let features = manifest::labkit_features(&root_manifest, &lab_manifests)?;
    let kit = labkit::reduced(&root.join("crates/labkit"), &features)?;
    let mut manifests = lab_manifests;
    manifests.extend(kit.get_text("Cargo.toml")?.map(str::to_owned));
    tree.merge(kit.under("crates/labkit"));

    let names: Vec<&str> = labs.iter().map(|lab| lab.name.as_str()).collect();
    let root_manifest = manifest::root(&root_manifest, &manifests, &names, kind)?;
    tree.text("Cargo.toml", root_manifest);
    Ok(tree)
}

/// A lab's own files, where they stand in an export.
///
/// # Errors
/// If one can't be read, or a solution marker is broken.
pub(crate) fn lab_tree(workspace: &Workspace, lab: &Lab, kind: Kind) -> Result<Tree> {
    let mut tree = Tree::read(&lab.folder, &LEFT_BEHIND)?;
    if kind != Kind::Solution {
        tree.remove_under(MUTANTS);
    }
    let folder = lab
        .folder
        .strip_prefix(&workspace.root)
        .context("a lab is inside the workspace")?;
    Ok(solved(tree, folder, kind)?.under(folder))
}

/// A lab's files with as much of the solution as asked for.
///
/// # Errors
/// If a solution marker is broken; `folder` is only for the message.
pub(crate) fn solved(tree: Tree, folder: &Path, kind: Kind) -> Result<Tree> {
    let stages = match kind {
        Kind::Solution => return Ok(tree),
        Kind::Solved(stages) => stages,
        Kind::Starter => 0,
    };
    tree.map_text("src", "rs", |path, text| {
        starter::solve(text, stages)
            .map_err(|fault| anyhow::anyhow!("{}:{fault}", folder.join(path).display()))
    })
}

fn refuse_occupied(to: &Path, force: bool) -> Result<()> {
    if force || !to.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(to).with_context(|| format!("reading {}", to.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} isn't empty; choose another folder, or --force to write into it",
            to.display()
        );
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
