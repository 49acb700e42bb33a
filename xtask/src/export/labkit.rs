//! labkit, reduced to the modules that a lab uses.
//!
//! A feature of labkit switches one module of the same name, so a feature that isn't used takes
//! its module's line, its files and its optional dependencies along.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item};

use super::tree::Tree;

/// How the line of labkit's header begins that lists the modules behind features.
const LIST: &str = "//! - behind features:";

/// labkit's files with only the features in `wanted` and what they need in turn.
///
/// # Errors
/// If labkit can't be read or isn't built as its header says.
pub(crate) fn reduced(folder: &Path, wanted: &BTreeSet<String>) -> Result<Tree> {
    let mut tree = Tree::read(folder, &["target", "tests", "benches", "examples"])?;
    let manifest: DocumentMut = tree
        .get_text("Cargo.toml")?
        .context("labkit has no Cargo.toml")?
        .parse()
        .context("in labkit's Cargo.toml")?;
    let kept = closure(&manifest, wanted);
    let library = tree
        .get_text("src/lib.rs")?
        .context("labkit has no src/lib.rs")?;
    let (library, dropped) = without_modules(library, &kept);
    tree.text("src/lib.rs", library);
    tree.text("Cargo.toml", without_features(manifest, &kept));
    for module in dropped {
        tree.remove_under(format!("src/{module}.rs"));
        tree.remove_under(format!("src/{module}"));
    }
    Ok(tree)
}

/// The features that the wanted ones switch on, themselves included.
fn closure(manifest: &DocumentMut, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    let mut open: Vec<String> = wanted.iter().cloned().collect();
    open.push("default".to_owned());
    while let Some(feature) = open.pop() {
        let list = manifest["features"].get(&feature).and_then(Item::as_array);
        if let Some(list) = list
            && kept.insert(feature)
        {
            open.extend(list.iter().filter_map(|it| it.as_str().map(str::to_owned)));
        }
    }
    kept
}

/// labkit's manifest without the other features and the dependencies that only they have.
fn without_features(mut manifest: DocumentMut, kept: &BTreeSet<String>) -> String {
    let mut needed = BTreeSet::new();
    if let Some(features) = manifest["features"].as_table_mut() {
        features.retain(|name, list| {
            let keep = kept.contains(name);
            if keep && let Some(list) = list.as_array() {
                needed.extend(list.iter().filter_map(|it| dependency(it.as_str()?)));
            }
            keep
        });
    }
    if let Some(dependencies) = manifest["dependencies"].as_table_mut() {
        dependencies.retain(|name, item| {
            let optional = item.get("optional").and_then(Item::as_bool);
            optional != Some(true) || needed.contains(name)
        });
    }
    manifest.to_string()
}

/// The dependency that an entry of a feature's list switches on: `dep:name` or `name/feature`.
fn dependency(entry: &str) -> Option<String> {
    let name = entry.strip_prefix("dep:");
    let name = name.or_else(|| entry.split_once('/').map(|(name, _)| name));
    name.map(str::to_owned)
}

/// `lib.rs` without the modules of the other features, and the names of these.
fn without_modules(library: &str, kept: &BTreeSet<String>) -> (String, Vec<String>) {
    let (mut here, mut gone) = (Vec::new(), Vec::new());
    let mut lines = Vec::new();
    let mut source = library.lines();
    while let Some(line) = source.next() {
        let Some(feature) = switch(line) else {
            lines.push(line.to_owned());
            continue;
        };
        let declaration = source.next().unwrap_or_default();
        let module = declaration.trim_end_matches(';').rsplit(' ').next();
        let module = module.unwrap_or_default().to_owned();
        if kept.contains(feature) {
            lines.extend([line.to_owned(), declaration.to_owned()]);
            here.push(module);
        } else {
            gone.push(module);
        }
    }
    list_in_header(&mut lines, &here);
    (lines.join("\n").trim_end().to_owned() + "\n", gone)
}

/// The feature in a line `#[cfg(feature = "...")]`.
fn switch(line: &str) -> Option<&str> {
    line.strip_prefix("#[cfg(feature = \"")?
        .strip_suffix("\")]")
}

/// Brings the header's line about the modules behind features up to date.
fn list_in_header(lines: &mut Vec<String>, modules: &[String]) {
    let Some(at) = lines.iter().position(|line| line.starts_with(LIST)) else {
        return;
    };
    let more = lines[at + 1..].iter();
    let more = more.take_while(|line| line.starts_with("//!  ")).count();
    let links: Vec<String> = modules.iter().map(|name| format!("[`{name}`]")).collect();
    let line = (!links.is_empty()).then(|| format!("{LIST} {}.", links.join(", ")));
    lines.splice(at..=at + more, line);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = "\
//! Shared.
//!
//! - always: [`run`].
//! - behind features: [`net`], [`process`],
//!   [`sandbox`].

pub mod run;

#[cfg(feature = \"net\")]
pub mod net;
#[cfg(feature = \"process\")]
pub mod process;
#[cfg(feature = \"sandbox\")]
pub mod sandbox;
";

    const MANIFEST: &str = "\
[features]
net = []
process = [\"dep:libc\"]
sandbox = [\"process\", \"nix/user\"]

[dependencies]
clap.workspace = true
libc = { workspace = true, optional = true }
nix = { workspace = true, optional = true }
";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_feature_brings_what_it_needs() {
        let manifest: DocumentMut = MANIFEST.parse().unwrap();
        let kept = closure(&manifest, &set(&["sandbox", "unknown"]));
        assert_eq!(kept, set(&["process", "sandbox"]));
        let manifest = without_features(manifest, &kept);
        assert!(!manifest.contains("net = []"));
        assert!(manifest.contains("libc") && manifest.contains("nix"));
    }

    #[test]
    fn without_features_no_optional_dependency_is_left() {
        let manifest = without_features(MANIFEST.parse().unwrap(), &BTreeSet::new());
        assert_eq!(
            manifest,
            "[features]\n\n[dependencies]\nclap.workspace = true\n"
        );
    }

    #[test]
    fn modules_go_with_their_feature() {
        let (library, gone) = without_modules(LIBRARY, &set(&["process"]));
        assert_eq!(gone, ["net", "sandbox"]);
        assert_eq!(
            library,
            "\
//! Shared.
//!
//! - always: [`run`].
//! - behind features: [`process`].

pub mod run;

#[cfg(feature = \"process\")]
pub mod process;
"
        );
        let (library, _) = without_modules(LIBRARY, &BTreeSet::new());
        assert_eq!(
            library,
            "//! Shared.\n//!\n//! - always: [`run`].\n\npub mod run;\n"
        );
    }
}
