//! Pages: links and paths lead somewhere, and every lab's README has the same sections.

use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Violation;
use super::checkout::Checkout;
use crate::export::resolve;

/// The sections of a lab's README, in their order.
const SECTIONS: [&str; 8] = [
    "Run it",
    "What you see",
    "How it works",
    "Predict, then try",
    "Stages",
    "Figures",
    "Limits",
    "References",
];
/// The folders whose paths are looked up where a page names them.
const ROOTS: [&str; 8] = [
    "crates/",
    "deploy/",
    "docs/",
    "proto/",
    "scenarios/",
    "xtask/",
    ".ci/",
    ".github/",
];
/// The book's table of contents: a template of a page that will stand in the root.
const CONTENTS: &str = "docs/SUMMARY.md";
/// The folders of a lab that its own pages name without saying which lab.
const LAB_ROOTS: [&str; 4] = ["benches/", "src/", "tests/", "web/"];

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in checkout.with_extension("md") {
        // Templates of pages speak of places that aren't there yet.
        if path.starts_with("xtask/src") {
            continue;
        }
        let page = Page::new(text);
        for (place, line) in &page.links {
            found.extend(
                link(checkout, path, &page, place).map(|what| Violation::new(path, *line, what)),
            );
        }
        for (place, line) in &page.spans {
            found.extend(span(checkout, path, place).map(|what| Violation::new(path, *line, what)));
        }
    }
    for lab in &checkout.labs {
        let path = lab.folder.join("README.md");
        let text = checkout.text(&path);
        if !text.is_empty() {
            found.extend(readme(&path, text, &lab.name));
        }
    }
    found
}

/// What the rules look at in a page, with lines.
#[derive(Debug, Default)]
struct Page {
    links: Vec<(String, usize)>,
    /// The texts in backquotes.
    spans: Vec<(String, usize)>,
    headings: Vec<(HeadingLevel, String, usize)>,
}

impl Page {
    fn new(text: &str) -> Self {
        let mut page = Page::default();
        let mut heading: Option<(HeadingLevel, String, usize)> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push((dest_url.to_string(), line));
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some((level, String::new(), line));
                }
                Event::End(TagEnd::Heading(_)) => page.headings.extend(heading.take()),
                Event::Text(text) | Event::Code(text) if heading.is_some() => {
                    heading = heading.map(|(level, title, line)| (level, title + &text, line));
                }
                Event::Code(text) => page.spans.push((text.to_string(), line)),
                _ => {}
            }
        }
        page
    }

    fn has_anchor(&self, anchor: &str) -> bool {
        self.headings
            .iter()
            .any(|(_, title, _)| slug(title) == anchor)
    }
}

/// The anchor that a heading gets.
fn slug(title: &str) -> String {
    let kept = title.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// What is wrong with a link, if something is.
fn link(checkout: &Checkout, from: &Path, page: &Page, link: &str) -> Option<String> {
    let (place, anchor) = link.split_once('#').unwrap_or((link, ""));
    if place.contains(':') {
        return None;
    }
    if place.is_empty() {
        let known = anchor.is_empty() || page.has_anchor(anchor);
        return (!known)
            .then(|| format!("no heading here has the anchor #{anchor}; name one that is"));
    }
    let base = if from == Path::new(CONTENTS) {
        Path::new("")
    } else {
        from.parent().unwrap_or(Path::new(""))
    };
    let target = resolve(base, Path::new(place));
    let Some(path) = target.filter(|path| checkout.tree.holds(path)) else {
        return Some(format!("{place} isn't there; mend the link"));
    };
    let is_page = path.extension().is_some_and(|extension| extension == "md");
    let known = anchor.is_empty() || !is_page || Page::new(checkout.text(&path)).has_anchor(anchor);
    (!known).then(|| format!("{place} has no heading with the anchor #{anchor}; name one that is"))
}

/// What is wrong with a path in backquotes, if it is one.
fn span(checkout: &Checkout, from: &Path, text: &str) -> Option<String> {
    let is_path = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    // Capitals stand for what the reader puts in, but for the names of well-known files.
    let is_pattern = text.split(['/', '.']).any(|part| {
        part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()) && part != "README"
    });
    if !is_path || is_pattern {
        return None;
    }
    let base = if ROOTS.iter().any(|root| text.starts_with(root)) {
        PathBuf::new()
    } else if LAB_ROOTS.iter().any(|root| text.starts_with(root)) {
        let lab = checkout
            .labs
            .iter()
            .find(|lab| from.starts_with(&lab.folder))?;
        lab.folder.clone()
    } else {
        return None;
    };
    let known = resolve(&base, Path::new(text)).is_some_and(|path| checkout.tree.holds(&path));
    (!known).then(|| format!("{text} isn't there; name what is"))
}

/// The sections of a lab's README, and the commands that belong to two of them.
fn readme(path: &Path, text: &str, name: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let page = Page::new(text);
    let sections: Vec<(&str, usize)> = page
        .headings
        .iter()
        .filter(|(level, _, _)| *level == HeadingLevel::H2)
        .map(|(_, title, line)| (title.as_str(), *line))
        .collect();
    let titles: Vec<&str> = sections.iter().map(|(title, _)| *title).collect();
    if titles != SECTIONS {
        let at = titles
            .iter()
            .zip(SECTIONS)
            .take_while(|(title, right)| *title == right)
            .count();
        let line = sections.get(at).map_or(1, |(_, line)| *line);
        let right = SECTIONS.join("`, `");
        let what = format!("the sections aren't those of every lab; right is `{right}`");
        found.push(Violation::new(path, line, what));
    }
    if page
        .headings
        .first()
        .is_none_or(|(level, _, _)| *level != HeadingLevel::H1)
    {
        found.push(Violation::new(
            path,
            1,
            "no title; begin with `# ` and the lab's title",
        ));
    }
    for (section, command) in [
        ("Run it", format!("cargo run -p {name}")),
        ("Figures", format!("cargo xtask bench {name}")),
    ] {
        let begin = format!("\n## {section}\n");
        let Some((_, rest)) = text.split_once(&begin) else {
            continue;
        };
        let body = rest.split("\n## ").next().unwrap_or_default();
        if !body.contains(&command) {
            let line = sections.iter().find(|(title, _)| *title == section);
            let what = format!("`{section}` lacks its command; show `{command}`");
            found.push(Violation::new(
                path,
                line.map_or(1, |(_, line)| *line),
                what,
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests;
