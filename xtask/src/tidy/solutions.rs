//! Solutions: markers are balanced, every stage has one, mutants are planted and proved.

use std::collections::BTreeSet;

use super::Violation;
use super::checkout::{Checkout, Lab};
use crate::prove::mutant;
use crate::record::PROOF;
use crate::starter;

/// Fewer planted mutants show too little of what the tests notice.
const FEWEST_MUTANTS: usize = 4;

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for lab in &checkout.labs {
        markers(checkout, lab, &mut found);
        mutants(checkout, lab, &mut found);
    }
    found
}

fn markers(checkout: &Checkout, lab: &Lab, found: &mut Vec<Violation>) {
    let stages = lab.facts.stages.len();
    let mut marked = BTreeSet::new();
    let folder = lab.folder.join("src");
    for (path, source) in checkout
        .sources
        .iter()
        .filter(|(path, _)| path.starts_with(&folder))
    {
        match starter::regions(&source.raw.join("\n")) {
            Err(fault) => found.push(Violation::new(path, fault.line, fault.what)),
            Ok(regions) => {
                for region in regions {
                    marked.insert(region.stage);
                    if region.stage > stages {
                        found.push(Violation::new(
                            path,
                            region.begin + 1,
                            format!(
                                "there is no stage {}; Cargo.toml names {stages}",
                                region.stage
                            ),
                        ));
                    }
                }
            }
        }
    }
    for stage in (1..=stages).filter(|stage| !marked.contains(stage)) {
        found.push(Violation::new(
            &folder,
            1,
            format!(
                "stage {stage} has no solution; mark it with `// BEGIN SOLUTION stage {stage}: ...`"
            ),
        ));
    }
}

fn mutants(checkout: &Checkout, lab: &Lab, found: &mut Vec<Violation>) {
    let tree = checkout.tree.inside(&lab.folder);
    let mut count = 0;
    for (path, patch) in mutant::patches(&tree) {
        count += 1;
        let path = lab.folder.join(path);
        let head = match mutant::Head::parse(&patch) {
            Ok(head) => head,
            Err(words) => {
                found.push(Violation::new(&path, 1, words));
                continue;
            }
        };
        if head.binary != "lib" && !checkout.tests(lab).any(|test| test == head.binary) {
            found.push(Violation::new(
                &path,
                1,
                format!(
                    "caught-by names tests/{}.rs, which isn't there",
                    head.binary
                ),
            ));
        }
    }
    let folder = lab.folder.join("tests/mutants");
    if count < FEWEST_MUTANTS {
        found.push(Violation::new(
            &folder,
            1,
            format!("{count} mutants; plant at least {FEWEST_MUTANTS} of the mistakes that are made here"),
        ));
    }
    if !PROOF.is_current(&tree).unwrap_or(false) {
        found.push(Violation::new(
            &lab.folder.join(PROOF.file),
            1,
            format!(
                "not proved as it is now; run `cargo xtask prove {}` and commit it",
                lab.name
            ),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Tree;
    use crate::record::digest;

    const MANIFEST: &str = "[package]\nname = \"a\"\n[package.metadata.lab]\nnumber = 1\n\
        section = \"s\"\ntitle = \"A\"\nconcepts = []\nneeds = []\n\
        stages = [{ name = \"one\", points = 100 }]\n";
    const LIBRARY: &str = "fn a() {\n    // BEGIN SOLUTION stage 1: a\n    // END SOLUTION\n}\n";
    const PATCH: &str = "# what: a\n# caught-by: stage1_a::b\n--- a/src/lib.rs\n";

    fn lab() -> Tree {
        let mut tree = Tree::default();
        tree.text("Cargo.toml", MANIFEST);
        tree.text("src/lib.rs", LIBRARY);
        tree.text("tests/stage1_a.rs", "");
        for name in ["a", "b", "c", "d"] {
            tree.text(format!("tests/mutants/{name}.patch"), PATCH);
        }
        tree
    }

    fn found(mut lab: Tree, prove: bool) -> Vec<String> {
        if prove {
            lab.text(PROOF.file, format!("sha256 {}\n", digest(&lab)));
        }
        let checkout = Checkout::new(lab.under("crates/a"), Vec::new()).unwrap();
        check(&checkout).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_proved_lab_is_fine() {
        assert_eq!(found(lab(), true), [""; 0]);
    }

    #[test]
    fn every_rule_fires_on_a_planted_violation() {
        for (path, text, said) in [
            (
                "src/lib.rs",
                "// END SOLUTION\n",
                "crates/a/src/lib.rs:1: a solution ends",
            ),
            ("src/lib.rs", "", "crates/a/src:1: stage 1 has no solution"),
            (
                "src/b.rs",
                &LIBRARY.replace('1', "2"),
                "crates/a/src/b.rs:2: there is no stage 2",
            ),
            (
                "tests/mutants/a.patch",
                "--- a",
                "crates/a/tests/mutants/a.patch:1: its head",
            ),
            (
                "tests/mutants/a.patch",
                &PATCH.replace("1_a", "1_b"),
                "crates/a/tests/mutants/a.patch:1: caught-by",
            ),
        ] {
            let mut lab = lab();
            lab.text(path, text);
            let found = found(lab, true);
            assert!(
                found.iter().any(|it| it.starts_with(said)),
                "{said}: {found:?}"
            );
        }
        let mut few = lab();
        few.remove_under("tests/mutants/d.patch");
        assert!(found(few, true)[0].starts_with("crates/a/tests/mutants:1: 3 mutants"));
    }

    #[test]
    fn a_change_after_the_proof_is_noticed() {
        let mut changed = lab();
        changed.text(PROOF.file, format!("sha256 {}\n", digest(&changed)));
        changed.text("src/new.rs", "");
        assert_eq!(
            found(changed, false),
            [
                "crates/a/tests/mutants/PROVED:1: not proved as it is now; run `cargo xtask prove a` and \
              commit it"
            ]
        );
    }
}
