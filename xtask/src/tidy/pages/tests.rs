//! Planted dead links, dead paths and crooked READMEs.

use super::*;

const MANIFEST: &str = "[package]\nname = \"a\"\n[package.metadata.lab]\nnumber = 1\nsection = \"s\"\n\
                        title = \"A\"\nconcepts = []\nneeds = []\nstages = []\n";

fn good_readme() -> String {
    let mut text = "# A\n\nWhy?\n".to_owned();
    for section in SECTIONS {
        text.push_str(&format!("\n## {section}\n"));
        match section {
            "Run it" => text.push_str("\n```text\ncargo run -p a\n```\n"),
            "Figures" => text.push_str("\nRepeat with `cargo xtask bench a`.\n"),
            _ => {}
        }
    }
    text
}

fn found(readme: &str) -> Vec<String> {
    let checkout = Checkout::of(&[
        ("crates/a/Cargo.toml", MANIFEST),
        ("crates/a/src/lib.rs", ""),
        ("crates/a/README.md", readme),
        ("docs/b.md", "# A good `Title`, this\n"),
    ]);
    check(&checkout).iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_page_is_fine() {
    let links = "\n[a](src/lib.rs) [b](../../docs/b.md#a-good-title-this) [c](#run-it) \
                 [d](https://x.y/z) `src/lib.rs` `docs/b.md` `crates/NAME/src` `tests/*.rs`\n";
    assert_eq!(found(&(good_readme() + links)), [""; 0]);
}

#[test]
fn dead_links_and_paths_are_found() {
    for (text, said) in [
        ("[a](src/gone.rs)", "src/gone.rs isn't there"),
        ("[a](../../../up.md)", "../../../up.md isn't there"),
        ("![a](gone.svg)", "gone.svg isn't there"),
        ("[a](#gone)", "no heading here"),
        ("[a](../../docs/b.md#gone)", "has no heading"),
        ("`src/gone.rs`", "src/gone.rs isn't there"),
        ("`docs/gone.md`", "docs/gone.md isn't there"),
    ] {
        let found = found(&format!("{}\n{text}\n", good_readme()));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(said), "{}", found[0]);
        assert!(found[0].starts_with("crates/a/README.md:2"), "{}", found[0]);
    }
}

#[test]
fn sections_are_all_there_and_in_order() {
    let good = good_readme();
    for (from, to, said) in [
        ("## Limits", "## Bounds", "the sections"),
        ("\n## Limits\n", "", "the sections"),
        ("## Limits", "## Limits\n## More", "the sections"),
        ("# A\n", "", "no title"),
        ("cargo run -p a", "cargo run", "`Run it` lacks"),
        ("cargo xtask bench a", "nothing", "`Figures` lacks"),
    ] {
        let found = found(&good.replacen(from, to, 1));
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].contains(said), "{}", found[0]);
    }
}
