//! Sources: headers, sizes, names, and what must not be left in them.

use std::path::Path;

use super::Violation;
use super::checkout::Checkout;
use super::rust::Source;

/// The most code lines of a file, its inline tests not counted.
const FILE_CAP: usize = 300;
/// The most code lines of a function.
const FUNCTION_CAP: usize = 60;
/// The most lines of an inline test module.
const INLINE_TESTS_CAP: usize = 150;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = [
    "common", "core", "helper", "helpers", "misc", "util", "utils",
];

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, source) in &checkout.sources {
        header(path, source, &mut found);
        sizes(path, source, &mut found);
        name(path, &mut found);
        leftovers(path, source, &mut found);
        if path.ends_with("src/lib.rs")
            && checkout
                .labs
                .iter()
                .any(|lab| path.starts_with(&lab.folder))
        {
            entrance(path, source, &mut found);
        }
    }
    found
}

/// Every file says what it is for.
fn header(path: &Path, source: &Source, found: &mut Vec<Violation>) {
    let mut lines = source.raw.iter().map(|line| line.trim());
    let first = lines.find(|line| !(line.is_empty() || line.starts_with("#![")));
    if !first.is_some_and(|line| line.starts_with("//!")) {
        found.push(Violation::new(
            path,
            1,
            "no module header; begin with `//!` and what the file is for",
        ));
    }
}

fn sizes(path: &Path, source: &Source, found: &mut Vec<Violation>) {
    let inline: usize = source
        .test_modules
        .iter()
        .map(|module| source.code_lines(module.clone()))
        .sum();
    let code = source.code_lines(0..source.raw.len()) - inline;
    if code > FILE_CAP {
        found.push(Violation::new(
            path,
            1,
            format!("{code} code lines; the cap is {FILE_CAP}: split the file by what it is about"),
        ));
    }
    for module in source
        .test_modules
        .iter()
        .filter(|module| module.len() > INLINE_TESTS_CAP)
    {
        found.push(Violation::new(
            path,
            module.start + 1,
            format!(
                "{} lines of inline tests; beyond {INLINE_TESTS_CAP} they move to a file `tests.rs` \
                 in the module's folder",
                module.len()
            ),
        ));
    }
    for function in source.functions() {
        let lines = source.code_lines(function.lines.clone());
        if lines > FUNCTION_CAP {
            found.push(Violation::new(
                path,
                function.lines.start + 1,
                format!(
                    "`{}` has {lines} code lines; the cap is {FUNCTION_CAP}: a function fits a screen",
                    function.name
                ),
            ));
        }
    }
}

/// Modules are nouns of their domain, and `foo.rs` stands beside `foo/`.
fn name(path: &Path, found: &mut Vec<Violation>) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if EMPTY_NAMES.contains(&stem.as_ref()) {
        found.push(Violation::new(
            path,
            1,
            format!("`{stem}` says nothing; name the module after what it holds"),
        ));
    }
    // A folder of the tests may share code without becoming a test of its own.
    if stem == "mod" && path.iter().any(|part| part == "src") {
        found.push(Violation::new(
            path,
            1,
            "a `mod.rs`; write `foo.rs` beside `foo/`",
        ));
    }
}

fn leftovers(path: &Path, source: &Source, found: &mut Vec<Violation>) {
    for (at, line) in source.code.iter().enumerate() {
        for unfinished in ["todo!", "unimplemented!"] {
            if line.contains(unfinished) {
                found.push(Violation::new(
                    path,
                    at + 1,
                    format!("`{unfinished}` in what should be finished; write it"),
                ));
            }
        }
        if line.contains("#[allow(") || line.contains("#![allow(") {
            found.push(Violation::new(
                path,
                at + 1,
                "`allow` stays when its cause has gone; use `expect(lint, reason = \"...\")`",
            ));
        }
    }
}

/// A lab's `lib.rs` holds its documentation, its modules and what it exports.
fn entrance(path: &Path, source: &Source, found: &mut Vec<Violation>) {
    const LOGIC: [&str; 6] = ["fn ", "impl ", "struct ", "enum ", "trait ", "const "];
    for (at, line) in source.code.iter().enumerate() {
        let item = line.trim_start().trim_start_matches("pub ");
        if LOGIC.iter().any(|keyword| item.starts_with(keyword)) {
            found.push(Violation::new(
                path,
                at + 1,
                "a lab's lib.rs has documentation, modules and re-exports; move this to a module",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(path: &str, text: &str) -> Vec<String> {
        let checkout = Checkout::of(&[(path, text)]);
        check(&checkout).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_is_left_alone() {
        let text =
            "//! Good.\n\n/// Says `todo!`.\npub fn a() -> &'static str {\n    \"todo!\"\n}\n";
        assert_eq!(violations("crates/a/src/noun.rs", text), [""; 0]);
        let loom = "#![cfg(loom)]\n//! Models.\n";
        assert_eq!(violations("crates/a/tests/support/mod.rs", loom), [""; 0]);
    }

    #[test]
    fn every_rule_fires_on_a_planted_violation() {
        let long_file = format!("//! Long.\n{}", "static A: u8 = 0;\n".repeat(301));
        let long_function = format!("//! Long.\nfn long() {{\n{}}}\n", "    a();\n".repeat(59));
        let long_tests = format!(
            "//! Long.\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "\n".repeat(148)
        );
        for (path, text, said) in [
            (
                "src/a.rs",
                "// No.\nfn a() {}\n",
                "src/a.rs:1: no module header",
            ),
            ("src/a.rs", long_file.as_str(), "src/a.rs:1: 301 code lines"),
            (
                "src/a.rs",
                long_function.as_str(),
                "src/a.rs:2: `long` has 61 code lines",
            ),
            (
                "src/a.rs",
                long_tests.as_str(),
                "src/a.rs:2: 151 lines of inline tests",
            ),
            (
                "src/utils.rs",
                "//! A.\n",
                "src/utils.rs:1: `utils` says nothing",
            ),
            ("src/a/mod.rs", "//! A.\n", "src/a/mod.rs:1: a `mod.rs`"),
            (
                "src/a.rs",
                "//! A.\nfn a() {\n    todo!()\n}\n",
                "src/a.rs:3: `todo!`",
            ),
            (
                "src/a.rs",
                "//! A.\n#[allow(x)]\nfn a() {}\n",
                "src/a.rs:2: `allow`",
            ),
        ] {
            let found = violations(path, text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(said), "{}", found[0]);
        }
    }

    #[test]
    fn tests_do_not_count_for_the_file() {
        let text = format!(
            "//! A.\n{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            "static A: u8 = 0;\n".repeat(300),
            "static A: u8 = 0;\n".repeat(100)
        );
        assert_eq!(violations("src/a.rs", &text), [""; 0]);
    }

    #[test]
    fn a_labs_entrance_has_no_logic() {
        let manifest = "[package]\nname = \"a\"\n[package.metadata.lab]\nnumber = 1\nsection = \"s\"\n\
                        title = \"A\"\nconcepts = []\nneeds = []\nstages = []\n";
        let checkout = Checkout::of(&[
            ("crates/a/Cargo.toml", manifest),
            (
                "crates/a/src/lib.rs",
                "//! A.\n\npub mod b;\npub use b::B;\npub fn f() {}\n",
            ),
        ]);
        let found = check(&checkout);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 5);
    }
}
