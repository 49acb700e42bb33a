//! One set of grades in every format: what each shows, and what those for students keep back.

use serde_json::Value;

use super::*;
use crate::grade::model::tests::test;
use crate::grade::model::{Problem, Stage, Verdict, Walls};

const HIDDEN: &str = "stage2_more::nobody_knows";

/// Ann passes all but a hidden test; =bob's doesn't compile.
fn grades() -> Grades {
    let ann = vec![
        Stage::new(
            1,
            "one",
            40,
            vec![test("stage1_x::a", false, Verdict::pass())],
        ),
        Stage::new(
            2,
            "two",
            60,
            vec![
                test("stage2_x::b", false, Verdict::pass()),
                test("stage2_x::c", false, Verdict::unknown("cut off | <b>")),
                test(HIDDEN, true, Verdict::fail("not so")),
            ],
        ),
    ];
    let bob = vec![
        Stage::new(
            1,
            "one",
            40,
            vec![test("stage1_x::a", false, Verdict::fail("no"))],
        ),
        Stage::new(
            2,
            "two",
            60,
            vec![test(HIDDEN, true, Verdict::timeout("late"))],
        ),
    ];
    let problem = Problem {
        reason: "doesn't compile: \"x\", <y>".to_owned(),
        output: "``` let x".to_owned(),
    };
    let up = || "up".to_owned();
    Grades {
        format: 1,
        lab: "lock".to_owned(),
        title: "Lock".to_owned(),
        walls: Walls {
            processes: up(),
            network: up(),
            files: up(),
            user: up(),
        },
        warnings: vec!["no wall of network".to_owned()],
        grades: vec![
            Grade::new("ann", 7, None, ann),
            Grade::new("=bob", 8, Some(problem), bob),
        ],
    }
}

fn student(format: Format, at: usize) -> Value {
    let grades = grades();
    let course = Course::read(|name| (name == "OWNER").then(|| "octo".to_owned()));
    let text = format.student(&grades, &grades.grades[at], &course);
    serde_json::from_str(&text.expect("it can be written")).expect("it is JSON")
}

#[test]
fn text_has_scores_reasons_and_warnings() {
    let text = Format::Text.all(&grades()).expect("it can be written");
    for part in [
        "warning: no wall of network",
        "ann: 60 of 100",
        "stage 2, two: 20 of 60 (1 of 3 tests)",
        "stage2_x::c: unknown: cut off",
        "stage2_more::nobody_knows (hidden): fail: not so",
        "=bob: 0 of 100\n  doesn't compile",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn csv_quotes_and_holds_no_formulas() {
    let text = Format::Csv.all(&grades()).expect("it can be written");
    assert_eq!(
        text,
        "student,score,of,stage 1,stage 2,pass,fail,unknown,timeout,problem\r\n\
         ann,60,100,40,20,2,1,1,0,\r\n\
         '=bob,0,100,0,0,0,1,0,1,\"doesn't compile: \"\"x\"\", <y>\"\r\n"
    );
}

#[test]
fn json_is_the_whole_model() {
    let text = Format::Json.all(&grades()).expect("it can be written");
    let all: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(all["grades"][0]["score"], 60.0);
    let hidden = &all["grades"][0]["stages"][1]["tests"][2];
    assert_eq!(hidden["outcome"], "fail");
    assert_eq!(
        (&hidden["name"], &hidden["hidden"]),
        (&HIDDEN.into(), &true.into())
    );
}

#[test]
fn gradescope_shows_hidden_tests_only_once_published() {
    let results = student(Format::Gradescope, 0);
    assert_eq!(results["score"], 60.0);
    let tests = results["tests"].as_array().expect("a list");
    let shown: Vec<(&str, &str, &str)> = tests
        .iter()
        .map(|test| {
            let text = |key: &str| test[key].as_str().expect("a text");
            (text("number"), text("status"), text("visibility"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("1.1", "passed", "visible"),
            ("2.1", "passed", "visible"),
            ("2.2", "failed", "visible"),
            ("2.3", "failed", "after_published"),
        ]
    );
    let sum: f64 = tests.iter().filter_map(|test| test["score"].as_f64()).sum();
    assert!((sum - 60.0).abs() < 1e-9);
    let broken = student(Format::Gradescope, 1);
    assert!(
        broken["output"]
            .as_str()
            .is_some_and(|text| text.contains("let x"))
    );
}

#[test]
fn classroom50_counts_in_whole_numbers_and_names_no_hidden_test() {
    let result = student(Format::Classroom50, 0);
    assert_eq!(result["schema"], "classroom50/result/v1");
    assert_eq!(
        (&result["score"], &result["max-score"]),
        (&60.into(), &100.into())
    );
    assert_eq!(
        (&result["owner"], &result["assignment"]),
        (&"octo".into(), &"lock".into())
    );
    let tests = result["tests"].as_array().expect("a list");
    for key in ["score", "max-score"] {
        let sum: u64 = tests.iter().filter_map(|test| test[key].as_u64()).sum();
        assert_eq!(result[key], sum, "the sum of all entries");
    }
    assert!(!result.to_string().contains("nobody_knows"));
    for key in [
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
        "assignment_type",
    ] {
        assert!(
            result[key].as_str().is_some_and(|text| !text.is_empty()),
            "{key}"
        );
    }
}

#[test]
fn classroom50_rounds_no_stage_up_to_full_marks() {
    let mut tests = vec![test("t", false, Verdict::pass()); 99];
    tests.push(test("t", false, Verdict::fail("no")));
    let mut grades = grades();
    grades.grades = vec![Grade::new(
        "ann",
        7,
        None,
        vec![Stage::new(1, "one", 10, tests)],
    )];
    let text = Format::Classroom50.student(&grades, &grades.grades[0], &Course::default());
    let result: Value = serde_json::from_str(&text.expect("written")).expect("it is JSON");
    assert_eq!(result["score"], 9);
}

#[test]
fn markdown_escapes_and_names_no_hidden_test() {
    let text = Format::Markdown.all(&grades()).expect("it can be written");
    for part in [
        "| ann | 60 of 100 | 40 of 40 | 20 of 60 |",
        "- `stage2_x::c`: unknown: cut off \\| &lt;b>",
        "- hidden tests that didn't pass: 1",
        "````text\n``` let x\n````",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert!(!text.contains("nobody_knows"));
}

#[test]
fn junit_tells_failures_from_errors() {
    let text = Format::Junit.all(&grades()).expect("it can be written");
    for part in [
        "<testsuite name=\"ann\" tests=\"4\" skipped=\"0\" errors=\"1\" failures=\"1\"",
        "<testcase name=\"c\" classname=\"stage2_x\"",
        "<error message=\"cut off | &lt;b&gt;\" type=\"unknown\"",
        "<failure message=\"late\" type=\"timeout\"",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}
