//! Manifests: everything is inherited from the root, and nobody but a joint scenario depends on a lab.

use std::path::Path;

use toml_edit::{DocumentMut, Item};

use super::Violation;
use super::checkout::Checkout;
use crate::export::dependencies;

/// What the root decides for all crates.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
/// The files that give the rights to use it all.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for folder in checkout.crates() {
        let path = folder.join("Cargo.toml");
        let text = checkout.text(&path);
        match text.parse::<DocumentMut>() {
            Ok(manifest) => {
                let page = Page {
                    checkout,
                    path: &path,
                    text,
                    manifest: &manifest,
                };
                page.inheritance(&mut found);
                page.dependencies(&mut found);
                page.features(&mut found);
            }
            Err(error) => found.push(Violation::new(&path, 1, format!("not TOML: {error}"))),
        }
    }
    for licence in LICENCES {
        if checkout.text(licence).is_empty() {
            let words = "missing; the manifests promise it";
            found.push(Violation::new(Path::new(licence), 1, words));
        }
    }
    switches(checkout, &mut found);
    found
}

/// One manifest.
struct Page<'a> {
    checkout: &'a Checkout,
    path: &'a Path,
    text: &'a str,
    manifest: &'a DocumentMut,
}

impl Page<'_> {
    fn inheritance(&self, found: &mut Vec<Violation>) {
        for field in INHERITED {
            if !self
                .manifest
                .get("package")
                .and_then(|it| it.get(field))
                .is_some_and(inherits)
            {
                found.push(self.violation(
                    "[package]",
                    format!("`{field}` isn't inherited; write `{field}.workspace = true`"),
                ));
            }
        }
        if !self.manifest.get("lints").is_some_and(inherits) {
            found.push(self.violation(
                "[lints]",
                "the lints aren't inherited; write `[lints]` and below it `workspace = true`",
            ));
        }
    }

    fn dependencies(&self, found: &mut Vec<Violation>) {
        for (name, dependency) in dependencies(self.manifest) {
            if !inherits(dependency) {
                found.push(self.violation(
                    name,
                    format!(
                        "the version of {name} isn't the root's; put it into \
                         [workspace.dependencies] and write `{name}.workspace = true`"
                    ),
                ));
            }
            let lab = self.checkout.labs.iter().any(|lab| lab.name == name);
            if lab && !self.path.starts_with("scenarios") {
                found.push(self.violation(
                    name,
                    format!(
                        "nobody depends on a lab; what {name} has that others need goes to labkit"
                    ),
                ));
            }
        }
    }

    /// Only labkit has features.
    fn features(&self, found: &mut Vec<Violation>) {
        if self.manifest.contains_key("features") && !self.path.starts_with("crates/labkit") {
            found.push(self.violation(
                "[features]",
                "a lab has no features; what varies is an enum, a trait or a crate",
            ));
        }
    }

    fn violation(&self, begin: &str, what: impl Into<String>) -> Violation {
        let line = self.text.lines().position(|line| line.starts_with(begin));
        Violation::new(self.path, line.unwrap_or(0) + 1, what)
    }
}

fn inherits(item: &Item) -> bool {
    item.get("workspace").and_then(Item::as_bool) == Some(true)
}

/// A feature of labkit switches one module of its name, in lib.rs alone: exports rely on it.
fn switches(checkout: &Checkout, found: &mut Vec<Violation>) {
    let sources = checkout.sources.iter();
    for (path, source) in sources.filter(|(path, _)| path.starts_with("crates/labkit/src")) {
        for (at, line) in source.literals.iter().enumerate() {
            let Some((_, rest)) = line.split_once("feature = \"") else {
                continue;
            };
            let feature = rest.split('"').next().unwrap_or_default();
            let next = source.code.get(at + 1).map_or("", String::as_str);
            if !path.ends_with("src/lib.rs") || next != format!("pub mod {feature};") {
                found.push(Violation::new(
                    path,
                    at + 1,
                    "a feature switches one whole module of its name, in lib.rs: \
                     `#[cfg(feature = \"x\")]` and on the next line `pub mod x;`",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"a\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[dependencies]
clap.workspace = true
labkit = { workspace = true, features = [\"net\"] }

[lints]
workspace = true
";

    /// What makes a lab of a crate.
    const LAB: &str = "[package.metadata.lab]
number = 1
section = \"s\"
title = \"A\"
concepts = []
needs = []
stages = []

[lints]";

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let licences = LICENCES.map(|licence| (licence, "words"));
        let checkout = Checkout::of(&[files, &licences].concat());
        check(&checkout).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_manifest_that_inherits_everything_is_fine() {
        assert_eq!(found(&[("crates/a/Cargo.toml", GOOD)]), [""; 0]);
    }

    #[test]
    fn every_rule_fires_on_a_planted_violation() {
        for (from, to, said) in [
            ("edition.workspace = true\n", "", ":1: `edition`"),
            (
                "edition.workspace = true",
                "edition = \"2021\"",
                ":1: `edition`",
            ),
            ("[lints]\nworkspace = true\n", "", ":1: the lints"),
            (
                "clap.workspace = true",
                "clap = \"4\"",
                ":10: the version of clap",
            ),
            (
                "clap.workspace = true",
                "b.workspace = true",
                ":10: nobody depends on a lab",
            ),
            (
                "[lints]",
                "[features]\nx = []\n\n[lints]",
                ":13: a lab has no features",
            ),
            (
                "[lints]",
                "[target.'cfg(x)'.dependencies]\nd = \"1\"\n\n[lints]",
                ":14: the version of d",
            ),
        ] {
            let lab = GOOD.replace("\"a\"", "\"b\"").replace("[lints]", LAB);
            let planted = GOOD.replace(from, to);
            let found = found(&[
                ("crates/a/Cargo.toml", &planted),
                ("crates/b/Cargo.toml", lab.as_str()),
            ]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with(&format!("crates/a/Cargo.toml{said}")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_joint_scenario_depends_on_labs() {
        let lab = GOOD.replace("[lints]", LAB);
        let scenario = GOOD.replace("[dependencies]", "[dependencies]\na.workspace = true");
        let found = found(&[
            ("crates/a/Cargo.toml", lab.as_str()),
            ("scenarios/b/Cargo.toml", scenario.as_str()),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_missing_licence_is_noticed() {
        assert_eq!(check(&Checkout::of(&[])).len(), 2);
    }

    #[test]
    fn features_switch_modules_in_one_place() {
        let library = "//! A.\n#[cfg(feature = \"net\")]\npub mod net;\n";
        assert_eq!(found(&[("crates/labkit/src/lib.rs", library)]), [""; 0]);
        for (path, text) in [
            (
                "crates/labkit/src/lib.rs",
                "#[cfg(feature = \"net\")]\npub mod other;\n",
            ),
            (
                "crates/labkit/src/run.rs",
                "#[cfg(feature = \"net\")]\npub mod net;\n",
            ),
            (
                "crates/labkit/src/run.rs",
                "if cfg!(feature = \"net\") {}\n",
            ),
        ] {
            assert_eq!(found(&[(path, text)]).len(), 1, "{text}");
        }
    }
}
