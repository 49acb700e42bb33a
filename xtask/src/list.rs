//! `cargo xtask list`: the fifty by section, with needs, stages and state.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;
use labkit::report::Table;
use serde::Serialize;

use crate::syllabus::{self, Entry, SECTIONS};
use crate::workspace::{Stage, Workspace};

/// Examples: `cargo xtask list`, `cargo xtask list --json`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    number: u32,
    name: &'a str,
    section: &'a str,
    about: &'a str,
    concepts: &'a [String],
    needs: &'a [String],
    stages: &'a [Stage],
    state: &'static str,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let entries = syllabus::load(workspace)?;
    let rows: Vec<Row> = entries.iter().map(|entry| row(workspace, entry)).collect();
    if args.json {
        labkit::run::print(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for section in SECTIONS {
        let group = format!("section-{section}");
        let mut table = Table::new(["#", group.as_str(), "", "stages", "needs", ""]);
        for row in rows.iter().filter(|row| row.section == section) {
            table = table.row([
                row.number.to_string(),
                row.name.to_owned(),
                row.about.to_owned(),
                match row.stages.len() {
                    0 => String::new(),
                    stages => stages.to_string(),
                },
                row.needs.join(", "),
                row.state.to_owned(),
            ]);
        }
        let _ = writeln!(text, "\n{}", table.to_terminal());
    }
    text.push_str("\nTake one: cargo run -p NAME · a section: cargo xtask run section-processes\n");
    labkit::run::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn row<'a>(workspace: &'a Workspace, entry: &'a Entry) -> Row<'a> {
    let lab = syllabus::lab_of(workspace, entry);
    let facts = lab.map(|lab| &lab.facts);
    Row {
        number: entry.number,
        name: &entry.name,
        section: &entry.section,
        about: &entry.about,
        concepts: facts.map_or(&[], |facts| &facts.concepts),
        needs: facts.map_or(&[], |facts| &facts.needs),
        stages: facts.map_or(&[], |facts| &facts.stages),
        state: if lab.is_some() {
            "ready"
        } else if syllabus::is_draft(workspace, entry) {
            "draft"
        } else {
            "to come"
        },
    }
}
