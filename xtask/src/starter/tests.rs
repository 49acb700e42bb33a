//! The markers by table: what each source becomes, and what is refused.

use super::*;

const TWO_STAGES: &str = "\
fn one() -> u32 {
    // BEGIN SOLUTION stage 1: add \"both\" {sides}
    let sum = 1 + 1;
    sum
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 2: a helper
fn helper() {}
// END SOLUTION

fn two() {
    // BEGIN SOLUTION stage 2: call it
    helper();
    // END SOLUTION
    given();
}
";

#[test]
fn a_starter_has_no_solution() {
    assert_eq!(
        solve(TWO_STAGES, 0).unwrap(),
        "\
fn one() -> u32 {
    todo!(\"stage 1: add \\\"both\\\" {{sides}}\")
}

// Stage 2: a helper

fn two() {
    todo!(\"stage 2: call it\");
    given();
}
"
    );
}

#[test]
fn earlier_stages_stay_solved() {
    let first = solve(TWO_STAGES, 1).unwrap();
    assert!(first.contains("let sum = 1 + 1;"));
    assert!(!first.contains("fn helper"));
    assert!(first.contains("todo!(\"stage 2: call it\");"));
    assert_eq!(solve(TWO_STAGES, 2).unwrap(), TWO_STAGES);
}

#[test]
fn a_region_before_another_is_no_tail() {
    let source = "\
fn f() {
    // BEGIN SOLUTION stage 1: a
    // END SOLUTION

    // A word about the next.
    // BEGIN SOLUTION stage 2: b
    // END SOLUTION
    // Last words.
}
";
    assert_eq!(
        solve(source, 0).unwrap(),
        "\
fn f() {
    todo!(\"stage 1: a\");

    // A word about the next.
    todo!(\"stage 2: b\")
    // Last words.
}
"
    );
}

#[test]
fn regions_know_their_lines_and_stages() {
    let found: Vec<_> = regions(TWO_STAGES)
        .unwrap()
        .into_iter()
        .map(|region| (region.begin, region.end, region.stage, region.kind))
        .collect();
    assert_eq!(
        found,
        [
            (1, 4, 1, Kind::Body),
            (7, 9, 2, Kind::Items),
            (12, 14, 2, Kind::Body)
        ]
    );
}

#[test]
fn what_is_not_a_marker_is_refused_with_its_line() {
    let table = [
        ("\n// END SOLUTION", 2, "never began"),
        ("// BEGIN SOLUTION stage 1: a\nx", 1, "never ends"),
        (
            "// BEGIN SOLUTION stage 1: a\n// BEGIN SOLUTION stage 1: b\n",
            2,
            "inside another",
        ),
        ("// BEGIN SOLUTION stage one: a", 1, "not a marker"),
        ("// BEGIN SOLUTION stage 0: a", 1, "not a marker"),
        ("// BEGIN SOLUTION stage 1:", 1, "not a marker"),
        ("// BEGIN SOLUTION ITEM stage 1: a", 1, "not a marker"),
        ("// BEGIN SOLUTION", 1, "nearly a marker"),
        ("//BEGIN SOLUTION stage 1: a", 1, "nearly a marker"),
        ("f(); // BEGIN SOLUTION stage 1: a", 1, "nearly a marker"),
        ("// END SOLUTION stage 1", 1, "nearly a marker"),
    ];
    for (source, line, what) in table {
        let fault = solve(source, 0).unwrap_err();
        assert_eq!(fault.line, line, "{source:?}");
        assert!(fault.what.contains(what), "{source:?}: {fault}");
    }
}

#[test]
fn a_text_about_markers_is_no_marker() {
    let source = "let word = \"BEGIN SOLUTION\";\n";
    assert_eq!(solve(source, 0).unwrap(), source);
}
