//! A lab's place in the course: metadata, stages and files agree with the syllabus and each other.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::Violation;
use super::checkout::{Checkout, Lab};
use crate::hints;

/// Test files that belong to no stage.
const BESIDE_STAGES: [&str; 9] = [
    "cli",
    "compile_fail",
    "demo",
    "faults",
    "leaks",
    "loom",
    "properties",
    "real",
    "scale",
];
/// What every lab has.
const FILES: [&str; 6] = [
    "README.md",
    "hints.md",
    "benches/versus.rs",
    "src/demo.rs",
    "src/lib.rs",
    "src/main.rs",
];
/// What the stages of a lab are worth together.
const POINTS: u32 = 100;
/// Programs that labs may need, by name.
const TOOLS: &str = "deploy/setup/tools.toml";

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for lab in &checkout.labs {
        let mut say = |path: &str, what: String| {
            found.push(Violation::new(&lab.folder.join(path), 1, what));
        };
        for file in FILES {
            if !checkout.tree.holds(&lab.folder.join(file)) {
                say(file, "missing; every lab has one".to_owned());
            }
        }
        for what in metadata(checkout, lab) {
            say("Cargo.toml", what);
        }
        for what in test_files(checkout, lab) {
            say("tests", what);
        }
        let path = lab.folder.join("hints.md");
        for what in hints(lab, checkout.text(&path)) {
            say("hints.md", what);
        }
        headers(checkout, lab, &mut found);
    }
    found
}

fn metadata(checkout: &Checkout, lab: &Lab) -> Vec<String> {
    let mut found = Vec::new();
    let facts = &lab.facts;
    match checkout
        .syllabus
        .iter()
        .find(|entry| entry.name == lab.name)
    {
        None => found.push(format!(
            "{} isn't in docs/syllabus.toml; add it there",
            lab.name
        )),
        Some(entry) if (entry.number, &entry.section) != (facts.number, &facts.section) => {
            found.push(format!(
                "docs/syllabus.toml says number {} in section {}; one of them is wrong",
                entry.number, entry.section
            ));
        }
        Some(_) => {}
    }
    if lab.folder.file_name().is_none_or(|name| *name != *lab.name) {
        found.push(format!(
            "the folder isn't called {}; it should be",
            lab.name
        ));
    }
    for (field, is_empty) in [
        ("description", lab.description.trim().is_empty()),
        ("title", facts.title.trim().is_empty()),
        ("concepts", facts.concepts.is_empty()),
        ("stages", facts.stages.is_empty()),
    ] {
        if is_empty {
            found.push(format!("`{field}` is empty; say it"));
        }
    }
    let points: u32 = facts.stages.iter().map(|stage| stage.points).sum();
    if points != POINTS {
        found.push(format!(
            "the stages are worth {points} points; they should add up to {POINTS}"
        ));
    }
    let tools = tools(checkout.text(TOOLS));
    for need in facts.needs.iter().filter(|need| !tools.contains(*need)) {
        found.push(format!(
            "{need:?} isn't in {TOOLS}; name the program as it does, or add it"
        ));
    }
    found
}

fn tools(text: &str) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Tools {
        tool: Vec<Tool>,
    }
    #[derive(Deserialize)]
    struct Tool {
        name: String,
    }
    let tools = toml_edit::de::from_str(text).unwrap_or(Tools { tool: Vec::new() });
    tools.tool.into_iter().map(|tool| tool.name).collect()
}

/// Every stage has a test file, and every test file a stage.
fn test_files(checkout: &Checkout, lab: &Lab) -> Vec<String> {
    let stages = lab.facts.stages.len();
    let mut found = Vec::new();
    for stage in 1..=stages {
        if !checkout
            .tests(lab)
            .any(|name| stage_of(name) == Some(stage))
        {
            found.push(format!(
                "stage {stage} has no test file; write tests/stage{stage}_<what>.rs"
            ));
        }
    }
    for name in checkout
        .tests(lab)
        .filter(|name| !BESIDE_STAGES.contains(name))
    {
        if !stage_of(name).is_some_and(|stage| (1..=stages).contains(&stage)) {
            found.push(format!(
                "{name}.rs belongs to no stage; name it stage<N>_<what>.rs, or one of {}",
                BESIDE_STAGES.join(", ")
            ));
        }
    }
    found
}

/// The stage of a test file named `stage<N>_<what>`.
fn stage_of(name: &str) -> Option<usize> {
    let (stage, what) = name.strip_prefix("stage")?.split_once('_')?;
    stage.parse().ok().filter(|_| !what.is_empty())
}

/// A stage's tests say in their first line which stage they are of.
fn headers(checkout: &Checkout, lab: &Lab, found: &mut Vec<Violation>) {
    let folder = lab.folder.join("tests");
    for (path, source) in &checkout.sources {
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let Some(stage) = stage_of(name).filter(|_| path.parent() == Some(Path::new(&folder)))
        else {
            continue;
        };
        let begin = format!("//! Stage {stage}: ");
        if !source
            .raw
            .first()
            .is_some_and(|line| line.starts_with(&begin))
        {
            let what = format!("doesn't say its stage; begin with `{begin}...`");
            found.push(Violation::new(path, 1, what));
        }
    }
}

/// Three hints for every stage, under its name.
fn hints(lab: &Lab, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.is_empty() {
        return found;
    }
    let known = hints::parse(text);
    for (at, stage) in lab.facts.stages.iter().enumerate() {
        let number = at + 1;
        let right = format!(
            "`## Stage {number}: {}` and three items `1.` `2.` `3.`",
            stage.name
        );
        match known.iter().find(|hints| hints.stage == number) {
            Some(hints) if hints.name == stage.name && hints.hints.len() == 3 => {}
            Some(hints) if hints.name == stage.name => found.push(format!(
                "stage {number} has {} hints; right is {right}",
                hints.hints.len()
            )),
            _ => found.push(format!("stage {number} has no hints; right is {right}")),
        }
    }
    if known.len() > lab.facts.stages.len() {
        found.push("hints for a stage that isn't in Cargo.toml; delete them".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syllabus::Entry;

    const MANIFEST: &str = "\
[package]
name = \"a\"
description = \"Does a\"
[package.metadata.lab]
number = 7
section = \"processes\"
title = \"A\"
concepts = [\"a\"]
needs = [\"redis\"]
stages = [{ name = \"first\", points = 40 }, { name = \"second\", points = 60 }]
";
    const HINTS: &str =
        "## Stage 1: first\n1. a\n2. b\n3. c\n## Stage 2: second\n1. a\n2. b\n3. c\n";

    fn files() -> Vec<(&'static str, String)> {
        let mut files = vec![
            ("crates/a/Cargo.toml", MANIFEST.to_owned()),
            ("crates/a/hints.md", HINTS.to_owned()),
            (
                "crates/a/tests/stage1_one.rs",
                "//! Stage 1: one.\n".to_owned(),
            ),
            (
                "crates/a/tests/stage2_two.rs",
                "//! Stage 2: two.\n".to_owned(),
            ),
            ("crates/a/tests/cli.rs", "//! Bad input.\n".to_owned()),
            (TOOLS, "[[tool]]\nname = \"redis\"\n".to_owned()),
        ];
        for path in [
            "README.md",
            "benches/versus.rs",
            "src/demo.rs",
            "src/lib.rs",
            "src/main.rs",
        ] {
            files.push((
                Box::leak(format!("crates/a/{path}").into_boxed_str()),
                "x".to_owned(),
            ));
        }
        files
    }

    #[test]
    fn a_draft_isnt_held_to_what_makes_a_lab() {
        let found = |words: &str| check(&Checkout::of(&[("crates/a/Cargo.toml", words)]));
        assert!(!found(MANIFEST).is_empty());
        assert_eq!(found(&format!("{MANIFEST}draft = true\n")), []);
    }

    fn found(files: &[(&'static str, String)]) -> Vec<String> {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        let mut checkout = Checkout::of(&files);
        checkout.syllabus.push(Entry {
            number: 7,
            name: "a".to_owned(),
            section: "processes".to_owned(),
            about: String::new(),
        });
        check(&checkout).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_complete_lab_is_fine() {
        assert_eq!(found(&files()), [""; 0]);
    }

    #[test]
    fn every_rule_fires_on_a_planted_violation() {
        let (manifest, hints, test) = (
            "crates/a/Cargo.toml",
            "crates/a/hints.md",
            "crates/a/tests/stage2_two.rs",
        );
        for (path, from, to, said) in [
            (
                manifest,
                "number = 7",
                "number = 8",
                "number 7 in section processes",
            ),
            (
                manifest,
                "\"processes\"",
                "\"clients\"",
                "number 7 in section processes",
            ),
            (manifest, "name = \"a\"", "name = \"b\"", "isn't called b"),
            (manifest, "\"Does a\"", "\"\"", "`description` is empty"),
            (manifest, "[\"a\"]", "[]", "`concepts` is empty"),
            (manifest, "60", "50", "worth 90 points"),
            (manifest, "redis", "rediss", "\"rediss\" isn't in"),
            (hints, "second", "other", "stage 2 has no hints"),
            (hints, "3. c\n## ", "## ", "stage 1 has 2 hints"),
            (
                hints,
                "## Stage 1",
                "## Stage 3: x\n## Stage 1",
                "hints for a stage",
            ),
            (test, "Stage 2", "Stage 1", "doesn't say its stage"),
        ] {
            let mut files = files();
            let file = files.iter_mut().find(|(known, _)| *known == path).unwrap();
            file.1 = file.1.replace(from, to);
            let found = found(&files);
            assert!(
                found.iter().any(|words| words.contains(said)),
                "{said}: {found:?}"
            );
        }
    }

    #[test]
    fn missing_and_stray_files_are_noticed() {
        let mut files = files();
        files.retain(|(path, _)| !path.ends_with("demo.rs") && !path.ends_with("stage1_one.rs"));
        files.push(("crates/a/tests/stage3_x.rs", "//! Stage 3: x.\n".to_owned()));
        files.push(("crates/a/tests/more.rs", String::new()));
        let found = found(&files);
        assert_eq!(
            found,
            [
                "crates/a/src/demo.rs:1: missing; every lab has one".to_owned(),
                "crates/a/tests:1: stage 1 has no test file; write tests/stage1_<what>.rs"
                    .to_owned(),
                format!(
                    "crates/a/tests:1: more.rs belongs to no stage; name it stage<N>_<what>.rs, or \
                     one of {}",
                    BESIDE_STAGES.join(", ")
                ),
                format!(
                    "crates/a/tests:1: stage3_x.rs belongs to no stage; name it \
                     stage<N>_<what>.rs, or one of {}",
                    BESIDE_STAGES.join(", ")
                ),
            ]
        );
    }
}
