//! `cargo xtask new`: a lab in the shape that all have. It builds, its tests pass and its demo runs;
//! tidy says what is still to be written.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::export::Tree;
use crate::syllabus::{self, Entry, SECTIONS};
use crate::workspace::Workspace;

/// The files of a lab, from templates.
const FILES: [(&str, &str); 14] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.txt")),
    ("README.md", include_str!("new/README.md.txt")),
    ("hints.md", include_str!("new/hints.md.txt")),
    ("benches/versus.rs", include_str!("new/versus.rs.txt")),
    ("src/cli.rs", include_str!("new/cli.rs.txt")),
    ("src/demo.rs", include_str!("new/demo.rs.txt")),
    ("src/error.rs", include_str!("new/error.rs.txt")),
    ("src/lib.rs", include_str!("new/lib.rs.txt")),
    ("src/main.rs", include_str!("new/main.rs.txt")),
    ("src/tally.rs", include_str!("new/tally.rs.txt")),
    ("tests/cli.rs", include_str!("new/cli_test.rs.txt")),
    ("tests/faults.rs", include_str!("new/faults_test.rs.txt")),
    (
        "tests/stage1_tally.rs",
        include_str!("new/stage1_test.rs.txt"),
    ),
    (
        "tests/mutants/repeated-word-lost.patch",
        include_str!("new/mutant.patch.txt"),
    ),
];

/// Examples: `cargo xtask new tcp-server`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Its name: the problem's noun, in small letters with hyphens
    name: String,
    /// Its section; needed only for a lab that isn't in docs/syllabus.toml
    #[arg(long)]
    section: Option<String>,
    /// Its number; needed only for a lab that isn't in docs/syllabus.toml
    #[arg(long)]
    number: Option<u32>,
    /// Its title for people; the name in words if it isn't given
    #[arg(long)]
    title: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let folder = workspace.root.join("crates").join(&args.name);
    if folder.exists() {
        bail!("crates/{} is there already", args.name);
    }
    let entries = syllabus::load(workspace)?;
    let known = entries.iter().find(|entry| entry.name == args.name);
    let title = args.title.clone().unwrap_or_else(|| in_words(&args.name));
    match known {
        Some(entry) => {
            agrees(entry, args)?;
            files(entry, &title).write(&folder)?;
        }
        None => {
            let entry = invented(args, &entries, &title)?;
            files(&entry, &title).write(&folder)?;
            enter(workspace, &entry)?;
        }
    }
    ::labkit::run::print(&format!(
        "crates/{name} is there, counting words until it does what it should.\n\
         Next: cargo run -p {name}, then docs/adding-a-lab.md; cargo xtask tidy {name} says what is \
         missing.\n",
        name = args.name
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The lab's files by their paths in its folder.
fn files(entry: &Entry, title: &str) -> Tree {
    let mut tree = Tree::default();
    for (path, template) in FILES {
        let text = template
            .replace("@name@", &entry.name)
            .replace("@crate@", &entry.name.replace('-', "_"))
            .replace("@title@", title)
            .replace("@number@", &entry.number.to_string())
            .replace("@section@", &entry.section)
            .replace("@about@", &entry.about);
        tree.text(path, text);
    }
    tree
}

/// Flags may repeat what the syllabus says, not contradict it.
fn agrees(entry: &Entry, args: &Args) -> Result<()> {
    let number = args.number.is_none_or(|number| number == entry.number);
    let section = args
        .section
        .as_ref()
        .is_none_or(|section| *section == entry.section);
    if !(number && section) {
        bail!(
            "docs/syllabus.toml says that {} is number {} in section {}; leave --number and \
             --section out, or change it there",
            entry.name,
            entry.number,
            entry.section
        );
    }
    Ok(())
}

/// The entry of a lab that the syllabus doesn't know.
fn invented(args: &Args, entries: &[Entry], title: &str) -> Result<Entry> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !args.name.split('-').all(is_word) {
        bail!(
            "{:?} is no name; use words in small letters, with hyphens: lock-example",
            args.name
        );
    }
    let (Some(number), Some(section)) = (args.number, &args.section) else {
        bail!(
            "{} isn't in docs/syllabus.toml; give --number and --section",
            args.name
        );
    };
    if !SECTIONS.contains(&section.as_str()) {
        bail!(
            "there is no section {section:?}; there are {}",
            SECTIONS.join(", ")
        );
    }
    if let Some(other) = entries.iter().find(|entry| entry.number == number) {
        bail!(
            "number {number} is {}; take one beyond {}",
            other.name,
            entries.len()
        );
    }
    Ok(Entry {
        number,
        name: args.name.clone(),
        section: section.clone(),
        about: title.to_lowercase(),
    })
}

/// Adds an entry to the syllabus.
fn enter(workspace: &Workspace, entry: &Entry) -> Result<()> {
    let path = workspace.root.join("docs/syllabus.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let Entry {
        number,
        name,
        section,
        about,
    } = entry;
    let text = format!(
        "{}\n\n[[lab]]\nnumber = {number}\nname = \"{name}\"\nsection = \"{section}\"\n\
         about = \"{about}\"\n",
        text.trim_end()
    );
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// `thread-pool` as `Thread pool`.
fn in_words(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests;
