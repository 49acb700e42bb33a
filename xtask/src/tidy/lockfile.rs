//! The lockfile: one TLS backend, and what stands in it more than once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::Violation;
use super::checkout::Checkout;

/// A package that must not be in the tree, and why.
const BANNED: [(&str, &str); 1] = [(
    "aws-lc-rs",
    "a second TLS backend makes rustls unable to choose one; find with `cargo tree -i aws-lc-rs` \
     whose default features bring it, and switch them off in favour of `ring`",
)];

#[derive(Deserialize)]
struct Lockfile {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let text = checkout.text("Cargo.lock");
    let path = Path::new("Cargo.lock");
    let banned = packages(text).into_iter().filter_map(|package| {
        let (name, why) = BANNED.iter().find(|(name, _)| *name == package.name)?;
        let entry = format!("name = \"{name}\"");
        let line = text.lines().position(|line| line == entry).unwrap_or(0) + 1;
        Some(Violation::new(
            path,
            line,
            format!("{name} is in the tree; {why}"),
        ))
    });
    banned.collect()
}

/// Packages in more than one incompatible version; only for information.
pub(super) fn duplicates(checkout: &Checkout) -> Option<String> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages(checkout.text("Cargo.lock")) {
        let line = compatible(&package.version);
        versions.entry(package.name).or_default().insert(line);
    }
    let twice = versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1);
    let words: Vec<String> = twice
        .map(|(name, versions)| {
            let versions: Vec<String> = versions.into_iter().collect();
            format!("{name} ({})", versions.join(", "))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn packages(lockfile: &str) -> Vec<Package> {
    toml_edit::de::from_str(lockfile).map_or_else(|_| Vec::new(), |lock: Lockfile| lock.package)
}

/// The part of a version that cargo takes for compatible: up to the first number that isn't 0.
fn compatible(version: &str) -> String {
    let mut kept = Vec::new();
    for part in version.split(['.', '+', '-']) {
        kept.push(part);
        if part != "0" {
            break;
        }
    }
    kept.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"syn\"\nversion = \"1.0.1\"\n\n\
        [[package]]\nname = \"syn\"\nversion = \"2.0.1\"\n\n[[package]]\nname = \"rand\"\n\
        version = \"0.9.1\"\n\n[[package]]\nname = \"rand\"\nversion = \"0.9.4\"\n";

    #[test]
    fn the_second_tls_backend_is_found() {
        let lock = format!("{LOCK}\n[[package]]\nname = \"aws-lc-rs\"\nversion = \"1.0.0\"\n");
        let found = check(&Checkout::of(&[("Cargo.lock", &lock)]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 20);
        assert!(check(&Checkout::of(&[("Cargo.lock", LOCK)])).is_empty());
    }

    #[test]
    fn only_incompatible_versions_are_duplicates() {
        let checkout = Checkout::of(&[("Cargo.lock", LOCK)]);
        assert_eq!(duplicates(&checkout).unwrap(), "syn (1, 2)");
        assert_eq!(compatible("0.0.7+x"), "0.0.7");
    }
}
