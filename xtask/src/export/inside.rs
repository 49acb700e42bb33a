//! Nothing in an export may reach out of its folder: it will stand elsewhere.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml_edit::DocumentMut;

use super::manifest::dependencies;
use super::tree::Tree;

/// The macros and attributes of Rust that name a file.
const INCLUDES: [&str; 5] = [
    "include!(\"",
    "include_str!(\"",
    "include_bytes!(\"",
    "#[path = \"",
    "concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/",
];

/// Looks at every path in manifests and sources.
///
/// # Errors
/// The first one that leads out of the tree, or to nothing in it.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    for (path, bytes) in tree.iter() {
        let text = String::from_utf8_lossy(bytes);
        if path.ends_with("Cargo.toml") {
            check_manifest(tree, path, &text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            check_source(tree, path, &text)?;
        }
    }
    Ok(())
}

fn check_manifest(tree: &Tree, path: &Path, text: &str) -> Result<()> {
    let manifest: DocumentMut = text
        .parse()
        .with_context(|| format!("in {}", path.display()))?;
    for (name, dependency) in dependencies(&manifest) {
        let place = dependency.get("path").and_then(|place| place.as_str());
        if let Some(place) = place
            && !leads_to_known(tree, folder_of(path), place)
        {
            bail!(
                "{}: {name} is at {place}, outside of the export",
                path.display()
            );
        }
    }
    Ok(())
}

fn check_source(tree: &Tree, path: &Path, text: &str) -> Result<()> {
    for (at, line) in text.lines().enumerate() {
        for macro_ in INCLUDES {
            let Some((_, rest)) = line.split_once(macro_) else {
                continue;
            };
            let place = rest.split('"').next().unwrap_or_default();
            let base = if macro_.starts_with("concat!") {
                crate_of(tree, path)
            } else {
                folder_of(path)
            };
            // What a build script wrote is found through OUT_DIR, never by such a literal.
            if !leads_to_known(tree, base, place) {
                bail!(
                    "{}:{}: {place} leads out of what is exported; a lab's files are its own",
                    path.display(),
                    at + 1
                );
            }
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The folder of the crate that a source is in.
fn crate_of<'a>(tree: &Tree, path: &'a Path) -> &'a Path {
    path.ancestors()
        .skip(1)
        .find(|folder| tree.holds(&folder.join("Cargo.toml")))
        .unwrap_or(Path::new(""))
}

/// Whether a relative path, seen from a folder of the tree, ends at a file or folder of the tree.
fn leads_to_known(tree: &Tree, base: &Path, place: &str) -> bool {
    resolve(base, Path::new(place)).is_some_and(|path| tree.holds(&path))
}

/// The path without `.` and `..`, or none if it leaves the tree.
pub(crate) fn resolve(base: &Path, place: &Path) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in base.join(place).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(source: &str) -> Tree {
        let mut tree = Tree::default();
        tree.text(
            "crates/a/Cargo.toml",
            "[dependencies]\nb = { path = \"../b\" }\n",
        );
        tree.text("crates/b/Cargo.toml", "");
        tree.text("crates/a/src/lib.rs", source);
        tree.text("crates/a/src/page.html", "");
        tree
    }

    #[test]
    fn paths_within_are_fine() {
        for source in [
            "include_str!(\"page.html\")",
            "include_str!(\"../Cargo.toml\")",
            "concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/page.html\")",
            "let text = \"../../../etc/passwd\";",
        ] {
            check(&tree(source)).unwrap();
        }
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        for source in [
            "include_str!(\"../../../proto/a.proto\")",
            "include_bytes!(\"missing\")",
            "#[path = \"../../../../a.rs\"]",
            "concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../docs/x.md\")",
        ] {
            let words = check(&tree(source)).unwrap_err().to_string();
            assert!(words.starts_with("crates/a/src/lib.rs:1: "), "{words}");
        }
        let mut outside = tree("");
        outside.text(
            "crates/a/Cargo.toml",
            "[dependencies]\nc = { path = \"../c\" }\n",
        );
        let words = check(&outside).unwrap_err().to_string();
        assert!(words.contains("c is at ../c"), "{words}");
    }
}
