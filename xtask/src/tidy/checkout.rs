//! What the rules look at: all files of the checkout, the Rust sources among them taken apart.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::rust::Source;
use crate::export::Tree;
use crate::syllabus::Entry;
use crate::workspace::Facts;

/// Everything that a rule may need; nothing is read from the disk any more.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub(super) tree: Tree,
    pub(super) labs: Vec<Lab>,
    pub(super) sources: Vec<(PathBuf, Source)>,
    pub(super) syllabus: Vec<Entry>,
}

/// A lab, as its own manifest describes it.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(super) name: String,
    /// Relative to the checkout.
    pub(super) folder: PathBuf,
    pub(super) description: String,
    pub(super) facts: Facts,
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    description: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    lab: Option<Facts>,
}

impl Checkout {
    /// Takes the files apart.
    ///
    /// # Errors
    /// If a manifest can't be understood.
    pub(super) fn new(tree: Tree, syllabus: Vec<Entry>) -> Result<Self> {
        let mut labs = Vec::new();
        let mut sources = Vec::new();
        for (path, bytes) in tree.iter() {
            let text = String::from_utf8_lossy(bytes);
            if path.starts_with("crates") && path.ends_with("Cargo.toml") && !is_fixture(path) {
                let lab = lab(path, &text).with_context(|| format!("in {}", path.display()))?;
                labs.extend(lab);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !is_fixture(path)
            {
                sources.push((path.to_path_buf(), Source::new(&text)));
            }
        }
        Ok(Checkout {
            tree,
            labs,
            sources,
            syllabus,
        })
    }

    /// How many files there are.
    pub(super) fn files(&self) -> usize {
        self.tree.iter().count()
    }

    /// The text of a file; empty if there is none.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> &str {
        self.tree.get_text(path).ok().flatten().unwrap_or_default()
    }

    /// The text files with an extension.
    pub(super) fn with_extension(&self, extension: &str) -> impl Iterator<Item = (&Path, &str)> {
        self.tree
            .iter()
            .filter(move |(path, _)| path.extension().is_some_and(|found| found == extension))
            .filter(|(path, _)| !is_fixture(path))
            .filter_map(|(path, bytes)| Some((path, str::from_utf8(bytes).ok()?)))
    }

    /// The folders of all crates.
    pub(super) fn crates(&self) -> impl Iterator<Item = &Path> {
        self.tree
            .iter()
            .filter(|(path, _)| path.ends_with("Cargo.toml"))
            .filter_map(|(path, _)| path.parent())
            .filter(|folder| {
                ["crates", "scenarios", "xtask"]
                    .iter()
                    .any(|top| folder.starts_with(top))
            })
            .filter(|folder| !is_fixture(folder))
    }

    /// The names of the test files of a lab, without their extension.
    pub(super) fn tests<'a>(&'a self, lab: &Lab) -> impl Iterator<Item = &'a str> {
        let folder = lab.folder.join("tests");
        self.sources
            .iter()
            .filter(move |(path, _)| path.parent() == Some(&folder))
            .filter_map(|(path, _)| path.file_stem()?.to_str())
    }

    /// A small checkout for a test: its files, and nothing else.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.text(*path, *text);
        }
        Checkout::new(tree, Vec::new()).expect("the files are a checkout")
    }
}

/// Whether a file is what some test feeds on, and so as untidy as the test needs it.
fn is_fixture(path: &Path) -> bool {
    path.iter().any(|part| part == "fixtures")
}

fn lab(path: &Path, text: &str) -> Result<Option<Lab>> {
    let manifest: Manifest = toml_edit::de::from_str(text)?;
    let Some(package) = manifest.package else {
        return Ok(None);
    };
    // A draft holds to what all sources hold to, not yet to what makes a lab.
    let facts = package
        .metadata
        .and_then(|metadata| metadata.lab)
        .filter(|facts| !facts.draft);
    Ok(facts.map(|facts| Lab {
        name: package.name,
        folder: path.parent().unwrap_or(Path::new("")).to_path_buf(),
        description: package.description.unwrap_or_default(),
        facts,
    }))
}
