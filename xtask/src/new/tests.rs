//! A new lab against the rules that it must keep from its first minute.

use std::process::Command;

use super::*;

fn entry() -> Entry {
    Entry {
        number: 7,
        name: "tcp-server".to_owned(),
        section: "processes".to_owned(),
        about: "one protocol".to_owned(),
    }
}

fn args(name: &str, number: Option<u32>, section: Option<&str>) -> Args {
    Args {
        name: name.to_owned(),
        number,
        section: section.map(str::to_owned),
        title: None,
    }
}

#[test]
fn no_placeholder_is_left() {
    for (path, bytes) in files(&entry(), "TCP server").iter() {
        let text = String::from_utf8_lossy(bytes);
        let mut after = text.split('@').skip(1);
        let left = after.find(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        assert_eq!(left, None, "{}", path.display());
    }
}

#[test]
fn only_what_must_be_written_is_untidy() {
    let lab = files(&entry(), "TCP server").under("crates/tcp-server");
    let found = crate::tidy::in_lab(lab, entry());
    assert_eq!(
        found,
        [
            "crates/tcp-server/tests/mutants:1: 1 mutants; plant at least 4 of the mistakes that are \
             made here",
            "crates/tcp-server/tests/mutants/PROVED:1: not proved as it is now; run `cargo xtask \
             prove tcp-server` and commit it",
        ]
    );
}

#[test]
fn its_mutant_applies() {
    let folder = tempfile::tempdir().unwrap();
    files(&entry(), "TCP server").write(folder.path()).unwrap();
    let status = Command::new("git")
        .args(["apply", "--check", "tests/mutants/repeated-word-lost.patch"])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn the_syllabus_is_right() {
    assert!(agrees(&entry(), &args("tcp-server", None, None)).is_ok());
    assert!(agrees(&entry(), &args("tcp-server", Some(7), Some("processes"))).is_ok());
    let words = agrees(&entry(), &args("tcp-server", Some(8), None)).unwrap_err();
    assert!(
        words
            .to_string()
            .contains("is number 7 in section processes")
    );
}

#[test]
fn an_unknown_lab_says_where_it_belongs() {
    let entries = [entry()];
    let said = |args: &Args| invented(args, &entries, "New lab").unwrap_err().to_string();
    for (args, words) in [
        (args("New_Lab", Some(51), Some("practical")), "is no name"),
        (args("new-lab", None, Some("practical")), "give --number"),
        (args("new-lab", Some(51), Some("other")), "no section"),
        (
            args("new-lab", Some(7), Some("practical")),
            "number 7 is tcp-server",
        ),
    ] {
        let said = said(&args);
        assert!(said.contains(words), "{said}");
    }
    let made = invented(
        &args("new-lab", Some(51), Some("practical")),
        &entries,
        "New lab",
    )
    .unwrap();
    assert_eq!((made.number, made.about.as_str()), (51, "new lab"));
}

#[test]
fn a_name_becomes_a_title() {
    assert_eq!(in_words("thread-pool"), "Thread pool");
    assert_eq!(in_words(""), "");
}
