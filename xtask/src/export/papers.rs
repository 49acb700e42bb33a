//! What is written for an export alone: its front page, and for starters the tutor's rules and a
//! workflow that shows every stage's tests.

use anyhow::{Context, Result};
use pulldown_cmark::{Event, Options, Parser, Tag};
use std::fmt::Write;
use std::path::Path;

use super::Kind;
use super::inside::resolve;
use super::tree::Tree;
use crate::workspace::Lab;

const README: &str = include_str!("readme.md");
const AGENTS: &str = include_str!("agents.md");
const WORKFLOW: &str = include_str!("workflow.yml");

/// Adds them, and takes the links out of the lab's pages that lead elsewhere in our repository.
///
/// # Errors
/// If one of the lab's pages isn't text.
pub(crate) fn add(tree: &mut Tree, lab: &Lab, kind: Kind) -> Result<()> {
    let fill = |template: &str| {
        template
            .replace("{name}", &lab.name)
            .replace("{title}", &lab.facts.title)
            .replace("{description}", &lab.description)
            .replace("{stages}", &stages(lab))
    };
    tree.text("README.md", fill(README));
    if kind != Kind::Solution {
        tree.text("AGENTS.md", fill(AGENTS));
        tree.text(".github/workflows/stages.yml", fill(WORKFLOW));
    }
    let pages: Vec<_> = tree
        .iter()
        .map(|(path, _)| path.to_path_buf())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    for page in pages {
        let text = tree.get_text(&page)?.context("the page was just listed")?;
        let text = without_dead_links(text, |place| {
            let base = page.parent().unwrap_or(Path::new(""));
            resolve(base, Path::new(place)).is_some_and(|path| tree.holds(&path))
        });
        tree.text(page, text);
    }
    Ok(())
}

/// The table of stages, one row each.
fn stages(lab: &Lab) -> String {
    let mut rows = String::new();
    for (at, stage) in lab.facts.stages.iter().enumerate() {
        let number = at + 1;
        let tests: Vec<String> = lab
            .stage_tests(number)
            .iter()
            .map(|test| format!("`cargo test --test {test}`"))
            .collect();
        let _ = writeln!(
            rows,
            "| {number} | {} | {} | {} |",
            stage.name,
            stage.points,
            tests.join(", ")
        );
    }
    rows.trim_end().to_owned()
}

/// The page with every relative link that `known` denies replaced by the link's own text.
fn without_dead_links(page: &str, known: impl Fn(&str) -> bool) -> String {
    let mut result = String::new();
    let mut next = 0;
    for (event, range) in Parser::new_ext(page, Options::ENABLE_TABLES).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. }) = event else {
            continue;
        };
        let place = dest_url.split('#').next().unwrap_or_default();
        if place.is_empty() || place.contains(':') || known(place) {
            continue;
        }
        let link = &page[range.clone()];
        let text = link
            .strip_prefix('[')
            .and_then(|link| link.rfind("](").map(|end| &link[..end]));
        if let Some(text) = text {
            result.push_str(&page[next..range.start]);
            result.push_str(text);
            next = range.end;
        }
    }
    result.push_str(&page[next..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dead_links_lose_their_brackets() {
        let page = "See [the `figures`](../../docs/a.md), [src](src/lib.rs), [web](https://a.b/c)\n\
                    | a |\n|---|\n| [b](#c) and [d](../e.md#f) |\n";
        let known = |place: &str| place == "src/lib.rs";
        assert_eq!(
            without_dead_links(page, known),
            "See the `figures`, [src](src/lib.rs), [web](https://a.b/c)\n\
             | a |\n|---|\n| [b](#c) and d |\n"
        );
    }
}
