//! `cargo xtask docs`: what is generated from the labs' metadata, and the book.
//!
//! The book's pages are the repository's own Markdown files, copied at their own paths, so that a
//! link that works on the repository's page works in the book.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use crate::cargo::is_installed;
use crate::syllabus::{self, SECTIONS};
use crate::workspace::Workspace;

/// Between these lines of README.md stands the table of labs.
const BEGIN: &str = "<!-- labs: written by cargo xtask docs -->";
const END: &str = "<!-- end of labs -->";

/// Examples: `cargo xtask docs`, `cargo xtask docs --check`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if something generated is out of date
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let readme = workspace.root.join("README.md");
    let old = fs::read_to_string(&readme).context("reading README.md")?;
    let new = with_table(&old, &table(workspace)?)?;
    if args.check {
        if old != new {
            bail!("the table of labs in README.md is out of date; run cargo xtask docs");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if old != new {
        fs::write(&readme, new)?;
        say!("wrote {}", readme.display());
    }
    book(workspace)
}

/// The README with the table between its two marks.
fn with_table(readme: &str, table: &str) -> Result<String> {
    let (Some((before, rest)), true) = (readme.split_once(BEGIN), readme.contains(END)) else {
        bail!("README.md lacks the lines {BEGIN} and {END}");
    };
    let (_, after) = rest
        .split_once(END)
        .context("the end stands before the beginning")?;
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

/// The fifty labs as Markdown, one table a section.
fn table(workspace: &Workspace) -> Result<String> {
    let entries = syllabus::load(workspace)?;
    let mut out = String::new();
    for section in SECTIONS {
        let _ = write!(
            out,
            "\n**section-{section}**\n\n| # | lab | about | |\n|--:|---|---|---|\n"
        );
        for entry in entries.iter().filter(|entry| entry.section == section) {
            let (name, state) = match syllabus::lab_of(workspace, entry) {
                Some(lab) => (
                    format!("[`{0}`](crates/{0}/README.md)", lab.name),
                    format!("{} stages", lab.facts.stages.len()),
                ),
                None if syllabus::is_draft(workspace, entry) => {
                    (format!("`{}`", entry.name), "in the making".to_owned())
                }
                None => (format!("`{}`", entry.name), "to come".to_owned()),
            };
            let _ = writeln!(
                out,
                "| {} | {name} | {} | {state} |",
                entry.number, entry.about
            );
        }
    }
    out.push('\n');
    Ok(out)
}

/// Gathers the pages under target/book, and has mdBook set them if it is there.
fn book(workspace: &Workspace) -> Result<ExitCode> {
    let folder = workspace.target.join("book");
    let pages = folder.join("src");
    if pages.exists() {
        fs::remove_dir_all(&pages)?;
    }
    for page in markdown_files(workspace) {
        let to = pages.join(page.strip_prefix(&workspace.root)?);
        fs::create_dir_all(to.parent().context("a page is in a folder")?)?;
        fs::copy(&page, &to)?;
    }
    fs::write(pages.join("SUMMARY.md"), summary(workspace)?)?;
    fs::copy(
        workspace.root.join("docs/book.toml"),
        folder.join("book.toml"),
    )?;
    if !is_installed("mdbook") {
        say!(
            "gathered {}; mdbook isn't here to set it (cargo xtask setup mdbook)",
            pages.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let status = Command::new("mdbook").arg("build").arg(&folder).status()?;
    say!("the book: {}", folder.join("book/index.html").display());
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The pages of the book: the README, all of docs, and the labs' READMEs and hints.
fn markdown_files(workspace: &Workspace) -> Vec<PathBuf> {
    let is_page = |path: &Path| path.extension().is_some_and(|end| end == "md");
    let mut files = vec![workspace.root.join("README.md")];
    let docs = WalkDir::new(workspace.root.join("docs")).sort_by_file_name();
    files.extend(
        docs.into_iter()
            .filter_map(Result::ok)
            .map(walkdir::DirEntry::into_path)
            .filter(|path| is_page(path) && !path.ends_with("docs/SUMMARY.md")),
    );
    for lab in &workspace.labs {
        let pages = ["README.md", "hints.md"].map(|name| lab.path(name));
        files.extend(pages.into_iter().filter(|page| page.exists()));
    }
    files
}

/// docs/SUMMARY.md with the labs that are there in the place of `{{labs}}`.
fn summary(workspace: &Workspace) -> Result<String> {
    let frame = fs::read_to_string(workspace.root.join("docs/SUMMARY.md"))
        .context("reading docs/SUMMARY.md")?;
    let mut labs = String::new();
    for lab in &workspace.labs {
        let _ = writeln!(
            labs,
            "- [{} · {}](crates/{}/README.md)",
            lab.facts.number, lab.facts.title, lab.name
        );
    }
    Ok(frame.replace("{{labs}}", labs.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_what_stood_between_its_marks() {
        let readme = format!("top\n{BEGIN}\nold\n{END}\nbottom\n");
        let new = with_table(&readme, "new\n").expect("both marks are there");
        assert_eq!(new, format!("top\n{BEGIN}\nnew\n{END}\nbottom\n"));
        assert_eq!(with_table(&new, "new\n").expect("again"), new);
        assert!(with_table("no marks", "new").is_err());
    }
}
