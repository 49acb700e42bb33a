//! Gradescope's `results.json`.
//!
//! As specified at <https://gradescope-autograders.readthedocs.io/en/latest/specs/>. Hidden tests
//! appear after the grades are published; Gradescope's own "hidden" would never show them and is
//! for tests without points.

use serde::Serialize;

use super::verdict;
use crate::grade::model::{Grade, Stage, Test};

/// The document.
#[derive(Serialize)]
pub(super) struct Results {
    score: f64,
    execution_time: f64,
    output: String,
    output_format: &'static str,
    visibility: &'static str,
    /// What the autograder printed is no result.
    stdout_visibility: &'static str,
    tests: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    score: f64,
    max_score: f64,
    status: &'static str,
    name: String,
    number: String,
    output: String,
    output_format: &'static str,
    visibility: &'static str,
}

/// A student's grade as Gradescope reads it.
pub(super) fn results(grade: &Grade) -> Results {
    let problem = grade.problem.as_ref();
    let output = problem.map(|problem| format!("{}\n\n{}", problem.reason, problem.output));
    let cases = grade.stages.iter().flat_map(|stage| {
        let tests = stage.tests.iter().enumerate();
        tests.map(move |(at, test)| case(stage, at, test))
    });
    Results {
        score: grade.score,
        execution_time: grade.seconds,
        output: output.unwrap_or_default().trim_end().to_owned(),
        output_format: "text",
        visibility: "visible",
        stdout_visibility: "hidden",
        tests: cases.collect(),
    }
}

fn case(stage: &Stage, at: usize, test: &Test) -> Case {
    #[expect(clippy::cast_precision_loss, reason = "numbers of tests are small")]
    let worth = f64::from(stage.points) / stage.tests.len() as f64;
    Case {
        score: if test.passed() { worth } else { 0.0 },
        max_score: worth,
        status: if test.passed() { "passed" } else { "failed" },
        name: test.name.clone(),
        number: format!("{}.{}", stage.number, at + 1),
        output: format!("{}\n\n{}", verdict(test), test.output)
            .trim_end()
            .to_owned(),
        output_format: "text",
        visibility: if test.hidden {
            "after_published"
        } else {
            "visible"
        },
    }
}
