//! Which content of a lab has passed the long checks, so that what hasn't changed isn't checked again.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::export::Tree;
use crate::workspace::Lab;

/// One kind of record: a file in the lab's folder.
pub(crate) struct Record {
    /// Where it is.
    pub(crate) file: &'static str,
    /// The verb that writes it.
    verb: &'static str,
    /// What it says of the lab.
    claim: &'static str,
}

/// That a lab's tests tell right from wrong.
pub(crate) const PROOF: Record = Record {
    file: "tests/mutants/PROVED",
    verb: "prove",
    claim: "the starter fails every stage, each\n# stage's solution is enough for its tests, and every \
            mutant here is caught.",
};

/// That the model checker and the sanitizers found nothing.
pub(crate) const MODELS: Record = Record {
    file: "tests/mutants/MODELS",
    verb: "models",
    claim: "loom's models hold, and\n# ThreadSanitizer and AddressSanitizer find nothing.",
};

/// What the checks depend on, inside the lab's folder.
const CHECKED: [&str; 3] = ["Cargo.toml", "src", "tests"];

/// The digest of what the checks of a lab depend on: its manifest, sources, tests and mutants.
pub(crate) fn digest(tree: &Tree) -> String {
    let mut hasher = Sha256::new();
    let files = tree
        .iter()
        .filter(|(path, _)| CHECKED.iter().any(|part| path.starts_with(part)))
        .filter(|(path, _)| {
            ![PROOF.file, MODELS.file]
                .iter()
                .any(|record| *path == Path::new(record))
        });
    for (path, bytes) in files {
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        // Lengths keep one file's end from being read as the next one's beginning.
        hasher.update(format!("{} {}\n", parts.join("/"), bytes.len()));
        hasher.update(bytes);
    }
    let mut text = String::new();
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Record {
    /// Whether the lab is as it was when this was written.
    ///
    /// # Errors
    /// If the record isn't text.
    pub(crate) fn is_current(&self, tree: &Tree) -> Result<bool> {
        let record = tree.get_text(self.file)?.unwrap_or_default();
        let recorded = record.lines().find_map(|line| line.strip_prefix("sha256 "));
        Ok(recorded == Some(digest(tree).as_str()))
    }

    /// Records it of the lab with these files.
    ///
    /// # Errors
    /// If the record can't be written.
    pub(crate) fn write(&self, lab: &Lab, tree: &Tree) -> Result<()> {
        let path = lab.path(self.file);
        let folder = path.parent().context("the record is in a folder")?;
        fs::create_dir_all(folder)?;
        let text = format!(
            "# Written by `cargo xtask {} {}`, and not by hand: {}\nsha256 {}\n",
            self.verb,
            lab.name,
            self.claim,
            digest(tree)
        );
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.text(*path, *text);
        }
        tree
    }

    #[test]
    fn the_digest_never_changes_for_the_same_content() {
        // Recorded once: `printf 'src/lib.rs 2\nhi' | sha256sum`.
        assert_eq!(
            digest(&tree(&[("src/lib.rs", "hi")])),
            "d8248a5db9649ae4593d79fab87eb798689709a1f025ce19b746c38f5f31da5b"
        );
    }

    #[test]
    fn the_digest_sees_sources_tests_and_the_manifest_alone() {
        let base = digest(&tree(&[("src/lib.rs", "a"), ("tests/x.rs", "b")]));
        let same = tree(&[
            ("src/lib.rs", "a"),
            ("tests/x.rs", "b"),
            ("README.md", "c"),
            ("benches/versus.rs", "d"),
            (PROOF.file, "e"),
            (MODELS.file, "f"),
        ]);
        assert_eq!(digest(&same), base);
        for changed in [
            tree(&[("src/lib.rs", "ab"), ("tests/x.rs", "")]),
            tree(&[("src/lib.rs", "a"), ("tests/y.rs", "b")]),
            tree(&[("src/lib.rs", "a"), ("tests/x.rs", "b"), ("Cargo.toml", "")]),
        ] {
            assert_ne!(digest(&changed), base);
        }
    }

    #[test]
    fn a_record_holds_until_something_changes() {
        let mut lab = tree(&[("src/lib.rs", "a")]);
        assert!(!PROOF.is_current(&lab).unwrap());
        lab.text(PROOF.file, format!("# words\nsha256 {}\n", digest(&lab)));
        assert!(PROOF.is_current(&lab).unwrap());
        lab.text("src/lib.rs", "b");
        assert!(!PROOF.is_current(&lab).unwrap());
    }
}
