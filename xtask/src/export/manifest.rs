//! The root manifest of an export: ours, with only what its crates use. Pure: text in, text out.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Value, value};

use super::Kind;

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The features of labkit that some labs switch on, before labkit's own closure over them.
///
/// # Errors
/// If a manifest isn't TOML.
pub(crate) fn labkit_features(root: &str, labs: &[String]) -> Result<BTreeSet<String>> {
    let root: DocumentMut = root.parse().context("in the root Cargo.toml")?;
    let mut features = BTreeSet::new();
    let shared = root["workspace"]["dependencies"].get("labkit");
    features.extend(shared.into_iter().flat_map(features_of));
    for lab in labs {
        let lab: DocumentMut = lab.parse().context("in a lab's Cargo.toml")?;
        for (name, dependency) in dependencies(&lab) {
            if name == "labkit" {
                features.extend(features_of(dependency));
            }
        }
    }
    Ok(features)
}

/// Our root manifest for a workspace of labkit and some labs.
///
/// # Errors
/// If a manifest isn't TOML or lacks what every one has.
pub(crate) fn root(ours: &str, manifests: &[String], labs: &[&str], kind: Kind) -> Result<String> {
    let mut root: DocumentMut = ours.parse().context("in the root Cargo.toml")?;
    let mut used = BTreeSet::new();
    for manifest in manifests {
        let manifest: DocumentMut = manifest.parse().context("in a Cargo.toml")?;
        used.extend(dependencies(&manifest).map(|(name, _)| name.to_owned()));
    }
    let workspace = root["workspace"]
        .as_table_mut()
        .context("the root Cargo.toml has no [workspace]")?;
    let paths =
        |names: &[&str]| -> Array { names.iter().map(|name| format!("crates/{name}")).collect() };
    let members: Vec<&str> = ["labkit"].iter().chain(labs).copied().collect();
    workspace["members"] = value(paths(&members));
    workspace.insert("default-members", value(paths(labs)));
    workspace["dependencies"]
        .as_table_mut()
        .context("the root Cargo.toml has no [workspace.dependencies]")?
        .retain(|name, _| used.contains(name));
    let lints = workspace["lints"]["rust"]
        .as_table_mut()
        .context("the root Cargo.toml has no [workspace.lints.rust]")?;
    lints
        .decor_mut()
        .set_prefix("\n# Inherited by every crate.\n");
    if kind != Kind::Solution {
        relax(&mut workspace["lints"]);
    }
    used.extend(labs.iter().map(|&lab| lab.to_owned()));
    trim_profiles(&mut root, &used);
    Ok(root.to_string())
}

/// Takes the settings for single packages out of the profiles that aren't there any more.
fn trim_profiles(root: &mut DocumentMut, used: &BTreeSet<String>) {
    let profiles = root.get_mut("profile").and_then(Item::as_table_mut);
    for (_, profile) in profiles.into_iter().flat_map(|table| table.iter_mut()) {
        if let Some(packages) = profile.get_mut("package").and_then(Item::as_table_mut) {
            packages.retain(|name, _| name == "*" || used.contains(name));
        }
    }
}

/// Allows what a solution that is yet to be written leaves unused.
fn relax(lints: &mut Item) {
    let mut unused = InlineTable::new();
    unused.insert("level", "allow".into());
    unused.insert("priority", Value::from(-1));
    lints["rust"]["unused"] = value(unused);
    lints["rust"]["unused_must_use"] = value("warn");
    lints["rust"]["unfulfilled_lint_expectations"] = value("allow");
    lints["clippy"]["todo"] = value("allow");
}

/// Every entry of every dependency table, those for single targets too.
pub(crate) fn dependencies(manifest: &DocumentMut) -> impl Iterator<Item = (&str, &Item)> {
    let targets = manifest.get("target").and_then(Item::as_table_like);
    let targets = targets.into_iter().flat_map(|targets| targets.iter());
    let tables = std::iter::once(manifest.as_item()).chain(targets.map(|(_, table)| table));
    tables
        .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(kind)))
        .filter_map(Item::as_table_like)
        .flat_map(|table| table.iter())
}

fn features_of(dependency: &Item) -> impl Iterator<Item = String> {
    let list = dependency.get("features").and_then(Item::as_array);
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|feature| feature.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
[workspace]
members = [\"crates/*\", \"xtask\"]

[workspace.dependencies]
labkit = { path = \"crates/labkit\", features = [\"shared\"] }
clap = \"4\"
loom = \"0.7\"
rayon = \"1\"
zip = \"1\"

# Checked.
[workspace.lints.rust]
unsafe_code = \"deny\"

[workspace.lints.clippy]
todo = \"warn\"

[profile.dev]
opt-level = 1

[profile.dev.package.\"*\"]
debug = false

[profile.dev.package.other]
opt-level = 3
";

    const LAB: &str = "\
[dependencies]
clap.workspace = true
labkit = { workspace = true, features = [\"net\"] }

[dev-dependencies]
labkit = { workspace = true, features = [\"versus\"] }
rayon.workspace = true

[target.'cfg(loom)'.dependencies]
loom.workspace = true
";

    #[test]
    fn features_come_from_every_table() {
        let features = labkit_features(ROOT, &[LAB.to_owned()]).unwrap();
        let features: Vec<_> = features.iter().map(String::as_str).collect();
        assert_eq!(features, ["net", "shared", "versus"]);
    }

    #[test]
    fn only_what_is_used_is_left() {
        let root = root(ROOT, &[LAB.to_owned()], &["pool"], Kind::Solution).unwrap();
        for kept in [
            "members = [\"crates/labkit\", \"crates/pool\"]",
            "default-members = [\"crates/pool\"]",
            "clap = ",
            "loom = ",
            "rayon = ",
            "[profile.dev.package.\"*\"]",
            "todo = \"warn\"",
        ] {
            assert!(root.contains(kept), "{kept} is missing:\n{root}");
        }
        for gone in ["zip", "other", "unused"] {
            assert!(!root.contains(gone), "{gone} is left:\n{root}");
        }
    }

    #[test]
    fn a_starter_may_leave_things_unused() {
        let root = root(ROOT, &[LAB.to_owned()], &["pool"], Kind::Starter).unwrap();
        for line in [
            "unused = { level = \"allow\", priority = -1 }",
            "todo = \"allow\"",
            "unsafe_code = \"deny\"",
        ] {
            assert!(root.contains(line), "{line} is missing:\n{root}");
        }
    }
}
