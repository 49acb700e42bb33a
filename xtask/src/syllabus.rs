//! The fifty labs of the course, including those that aren't there yet (`docs/syllabus.toml`).

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::workspace::{Lab, Workspace};

/// The sections, in the course's order.
pub(crate) const SECTIONS: [&str; 7] = [
    "self-management",
    "processes",
    "virtualization",
    "clients",
    "servers",
    "code-migration",
    "practical",
];

/// A lab's entry in the syllabus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) section: String,
    pub(crate) about: String,
}

#[derive(Deserialize)]
struct Syllabus {
    lab: Vec<Entry>,
}

/// All entries, by number.
///
/// # Errors
/// If the file can't be read or understood.
pub(crate) fn load(workspace: &Workspace) -> Result<Vec<Entry>> {
    let path = workspace.root.join("docs/syllabus.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let syllabus: Syllabus =
        toml_edit::de::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    Ok(syllabus.lab)
}

/// The lab that an entry became, if it is there.
pub(crate) fn lab_of<'a>(workspace: &'a Workspace, entry: &Entry) -> Option<&'a Lab> {
    workspace.labs.iter().find(|lab| lab.name == entry.name)
}

/// Whether the lab of an entry is still being written.
pub(crate) fn is_draft(workspace: &Workspace, entry: &Entry) -> bool {
    workspace.drafts.iter().any(|lab| lab.name == entry.name)
}
