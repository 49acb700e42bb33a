//! Module trees: every source file belongs to one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Violation;
use super::checkout::Checkout;
use super::rust::{Source, is_name};
use crate::export::resolve;

/// Folders whose files are crates of their own.
const ROOTS: [&str; 4] = ["src/bin", "tests", "benches", "examples"];

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for folder in checkout.crates() {
        let reached = reached(checkout, folder);
        let inside = checkout
            .sources
            .iter()
            .filter(|(path, _)| path.starts_with(folder));
        for (path, _) in inside.filter(|(path, _)| !reached.contains(path)) {
            found.push(Violation::new(
                path,
                1,
                "in no module tree, so never compiled; declare it with `mod`, or delete it",
            ));
        }
    }
    found
}

/// The source files of a crate that some root leads to.
fn reached(checkout: &Checkout, folder: &Path) -> BTreeSet<PathBuf> {
    let inside = || {
        checkout
            .sources
            .iter()
            .filter(|(path, _)| path.starts_with(folder))
    };
    let mut open: Vec<(PathBuf, bool)> = inside()
        .filter(|(path, _)| is_root(path.strip_prefix(folder).unwrap_or(path)))
        .map(|(path, _)| (path.clone(), true))
        .collect();
    let mut reached = BTreeSet::new();
    while let Some((path, is_root)) = open.pop() {
        let Some((_, source)) = checkout.sources.iter().find(|(known, _)| *known == path) else {
            continue;
        };
        if !reached.insert(path.clone()) {
            continue;
        }
        open.extend(modules(&path, is_root, source));
        // Cases that a test hands to a compiler, a folder at a time.
        let cases = case_folders(source)
            .map(|cases| folder.join(cases))
            .collect::<Vec<_>>();
        let cases = inside().filter(|(path, _)| cases.iter().any(|cases| path.starts_with(cases)));
        reached.extend(cases.map(|(path, _)| path.clone()));
    }
    reached
}

/// Whether cargo compiles a file by itself; its path is relative to its crate.
fn is_root(path: &Path) -> bool {
    let parent = path.parent().unwrap_or(Path::new(""));
    let is_main = path.ends_with("main.rs");
    ["src/lib.rs", "src/main.rs", "build.rs"]
        .iter()
        .any(|root| path == Path::new(root))
        || ROOTS.iter().any(|root| parent == Path::new(root))
        || is_main
            && parent
                .parent()
                .is_some_and(|it| ROOTS.iter().any(|root| it == Path::new(root)))
}

/// The files that a file's `mod` lines may mean, and whether theirs begin in the same folder.
fn modules(path: &Path, is_root: bool, source: &Source) -> Vec<(PathBuf, bool)> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default();
    let children = if is_root || stem == "mod" {
        folder.to_path_buf()
    } else {
        folder.join(stem)
    };
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        if let Some(name) = declared(line) {
            found.push((children.join(format!("{name}.rs")), false));
            found.push((children.join(name).join("mod.rs"), false));
        }
        for mark in ["#[path = \"", "include!(\""] {
            if let Some((_, rest)) = source.literals[at].split_once(mark) {
                let place = rest.split('"').next().unwrap_or_default();
                found.extend(resolve(folder, Path::new(place)).map(|path| (path, true)));
            }
        }
    }
    found
}

/// The name in a line `mod name;`.
fn declared(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("mod ")?;
    let name = rest.trim_end().strip_suffix(';')?;
    let before = before.trim();
    let is_keyword = before.is_empty() || before.starts_with("pub") || before.ends_with(']');
    (is_keyword && name.chars().all(is_name)).then_some(name)
}

/// Folders below `tests/` that a test names in a literal: `"tests/compile_fail/*.rs"`.
fn case_folders(source: &Source) -> impl Iterator<Item = PathBuf> {
    source.literals.iter().filter_map(|line| {
        let (_, rest) = line.split_once("\"tests/")?;
        let (folder, _) = rest.split_once('/')?;
        Some(Path::new("tests").join(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orphans(files: &[(&str, &str)]) -> Vec<String> {
        let manifest = ("crates/a/Cargo.toml", "");
        let checkout = Checkout::of(&[files, &[manifest]].concat());
        let found = check(&checkout).into_iter();
        found.map(|it| it.path.display().to_string()).collect()
    }

    #[test]
    fn files_in_a_tree_are_reached() {
        let files = [
            ("crates/a/build.rs", ""),
            ("crates/a/src/lib.rs", "pub mod b;\n#[cfg(test)] mod c;\n"),
            (
                "crates/a/src/b.rs",
                "pub(crate) mod d;\n#[path = \"odd.rs\"]\nmod e;\n",
            ),
            ("crates/a/src/b/d.rs", "include!(\"f.rs\");\n"),
            ("crates/a/src/b/f.rs", ""),
            ("crates/a/src/odd.rs", ""),
            ("crates/a/src/c.rs", ""),
            ("crates/a/src/bin/x.rs", ""),
            ("crates/a/src/bin/y/main.rs", "mod z;"),
            ("crates/a/src/bin/y/z.rs", ""),
            (
                "crates/a/tests/stage1_a.rs",
                "mod support;\nt.compile_fail(\"tests/fail/*.rs\");",
            ),
            ("crates/a/tests/support/mod.rs", ""),
            ("crates/a/tests/fail/case.rs", ""),
        ];
        assert_eq!(orphans(&files), [""; 0]);
    }

    #[test]
    fn a_file_in_no_tree_is_an_orphan() {
        let files = [
            ("crates/a/src/lib.rs", "// mod b;\nlet text = \"mod b;\";\n"),
            ("crates/a/src/b.rs", ""),
            ("crates/a/tests/support/mod.rs", ""),
        ];
        assert_eq!(
            orphans(&files),
            ["crates/a/src/b.rs", "crates/a/tests/support/mod.rs"]
        );
    }
}
