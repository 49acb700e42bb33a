//! `cargo xtask prove`: tests that tell right from wrong are recorded, all others are named.

mod course;

use std::fs;

use course::Course;

const RECORD: &str = "crates/counting/tests/mutants/PROVED";

#[test]
fn a_lab_is_proved_again_only_after_a_change() {
    let course = Course::new();
    let proved = ["with stage 1 solved", "solution: all stages"];
    let caught = [
        "mutant digits-are-letters: caught by stage2_letters::letters_are_counted",
        "mutant only-in-models: caught by loom::a_model_counts_words",
        "mutant spaces-are-words: caught by lib::tests::nothing_has_no_words",
    ];
    course
        .xtask(&["prove", "counting"])
        .expect(0, &[proved.as_slice(), &caught].concat());
    let record = fs::read_to_string(course.path(RECORD)).unwrap();
    course
        .xtask(&["prove", "counting"])
        .expect(0, &["unchanged since it was proved"]);
    course.edit(
        "crates/counting/src/lib.rs",
        "How many words",
        "The number of words",
    );
    course
        .xtask(&["prove", "counting", "--starters-only"])
        .expect(0, &["starter proved"]);
    assert_eq!(fs::read_to_string(course.path(RECORD)).unwrap(), record);
    course
        .xtask(&["prove", "counting"])
        .expect(1, &["it doesn't apply"]);
}

#[test]
fn whatever_proves_nothing_is_named() {
    let course = Course::new();
    course.xtask(&["prove", "careless"]).expect(
        1,
        &[
            "no test of stage2_letters fails in the starter",
            "stage2_letters::too_many_letters_are_refused passes in the starter already",
            "stage1_words::words_are_counted fails with stage 1 solved",
            "no test of stage2_letters fails with stage 1 solved",
            "mutant astray: in the solution, it doesn't compile",
            "mutant broken: it doesn't compile",
            "mutant headless: its head lacks `# what: ...`",
            "mutant stale: it doesn't apply",
            "mutant unnamed: in the solution, stage2_letters has no test nothing",
            "mutant unnoticed: stage2_letters::too_many_letters_are_refused doesn't notice: one \
             letter too few",
        ],
    );
    assert!(!course.path("crates/careless/tests/mutants/PROVED").exists());
}

#[test]
fn a_starter_that_does_not_compile_says_so() {
    let course = Course::new();
    course.edit(
        "crates/counting/src/lib.rs",
        "labkit::words::of(text).count()\n    // END SOLUTION",
        "let count = labkit::words::of(text).count();\n    // END SOLUTION\n    count",
    );
    course
        .xtask(&["prove", "counting", "--starters-only"])
        .expect(
            1,
            &["the starter doesn't compile", "cannot find value `count`"],
        );
}
