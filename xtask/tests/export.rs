//! `cargo xtask export`: what comes out stands alone.

mod course;

use std::fs;

use course::Course;

const CARGO: &str = env!("CARGO");

#[test]
fn a_solution_passes_its_tests_on_its_own() {
    let course = Course::new();
    let to = course.path("out");
    course
        .xtask(&["export", "counting", "--to", "out"])
        .expect(0, &["cargo test -p counting"]);
    course.run(CARGO, &to, &["test", "--locked"]).expect(
        0,
        &["words_are_counted ... ok", "letters_are_counted ... ok"],
    );
    assert!(to.join("crates/counting/tests/mutants").is_dir());
    assert!(
        !to.join("crates/careless").exists(),
        "another lab came along"
    );
    assert!(
        !to.join("crates/labkit/src/net.rs").exists(),
        "a module that isn't used"
    );
    let manifest = fs::read_to_string(to.join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("careless"), "{manifest}");
    let page = fs::read_to_string(to.join("crates/counting/README.md")).unwrap();
    assert!(
        page.contains("See the map and [the source](src/lib.rs)."),
        "{page}"
    );
}

#[test]
fn a_starter_compiles_without_a_warning_and_fails_its_tests() {
    let course = Course::new();
    let to = course.path("out");
    course
        .xtask(&["export", "counting", "--starter", "--to", "out"])
        .expect(0, &[]);
    let built = course.run(CARGO, &to, &["test", "--locked", "--no-run"]);
    assert!(
        !built.expect(0, &[]).text.contains("warning"),
        "{}",
        built.text
    );
    course
        .run(CARGO, &to, &["test", "--locked", "--no-fail-fast"])
        .expect(
            101,
            &[
                "not yet implemented: stage 1: what separates words?",
                "not yet implemented: stage 2: count them",
            ],
        );
    assert!(
        !to.join("crates/counting/tests/mutants").exists(),
        "mutants tell the solution"
    );
    let source = fs::read_to_string(to.join("crates/counting/src/lib.rs")).unwrap();
    assert!(
        !source.contains("is_letter") && !source.contains("SOLUTION"),
        "{source}"
    );
    let rules = fs::read_to_string(to.join("AGENTS.md")).unwrap();
    assert!(
        rules.contains("| 2 | letters | 60 | `cargo test --test stage2_letters` |"),
        "{rules}"
    );
    assert!(!rules.contains('{'), "a placeholder is left: {rules}");
}

#[test]
fn a_folder_in_use_is_left_alone_unless_forced() {
    let course = Course::new();
    fs::create_dir(course.path("out")).unwrap();
    fs::write(course.path("out/mine.txt"), "mine").unwrap();
    let line = ["export", "counting", "--to", "out"];
    course.xtask(&line).expect(1, &["out isn't empty"]);
    course
        .xtask(&[line.as_slice(), &["--force"]].concat())
        .expect(0, &[]);
    assert_eq!(
        fs::read_to_string(course.path("out/mine.txt")).unwrap(),
        "mine"
    );
}

#[test]
fn what_reaches_out_of_the_folder_is_refused_with_its_place() {
    let course = Course::new();
    course.edit(
        "crates/counting/src/lib.rs",
        "/// How many letters",
        "const MAP: &str = include_str!(\"../../../docs/map.md\");\n/// How many letters",
    );
    course.xtask(&["export", "counting", "--to", "out"]).expect(
        1,
        &["crates/counting/src/lib.rs:16: ../../../docs/map.md leads out"],
    );
    course.edit("crates/counting/src/lib.rs", "// END SOLUTION", "");
    course
        .xtask(&["export", "counting", "--starter", "--to", "other"])
        .expect(
            1,
            &["crates/counting/src/lib.rs:10: a solution begins inside another"],
        );
    assert!(!course.path("out").exists() && !course.path("other").exists());
}
