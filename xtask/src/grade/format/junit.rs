//! JUnit XML: a suite for each student, a case for each test.

use std::time::Duration;

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::grade::model::{Grade, Grades, Outcome, Test};

/// The document.
///
/// # Errors
/// If it can't be written as XML.
pub(super) fn render(grades: &Grades) -> Result<String> {
    let mut report = Report::new(format!("grade {}", grades.lab));
    report.add_test_suites(grades.grades.iter().map(suite));
    Ok(report.to_string()?)
}

fn suite(grade: &Grade) -> TestSuite {
    let mut suite = TestSuite::new(grade.student.as_str());
    suite.set_time(Duration::from_secs_f64(grade.seconds));
    if let Some(problem) = &grade.problem {
        suite.set_system_out(format!("{}\n\n{}", problem.reason, problem.output));
    }
    suite.add_test_cases(grade.tests().map(case));
    suite
}

fn case(test: &Test) -> TestCase {
    // What gave no verdict is an error of the run, not a failure of the code.
    let kind = match test.verdict.outcome {
        Outcome::Pass => None,
        Outcome::Fail | Outcome::Timeout => Some(NonSuccessKind::Failure),
        Outcome::Unknown => Some(NonSuccessKind::Error),
    };
    let mut status = kind.map_or_else(TestCaseStatus::success, TestCaseStatus::non_success);
    if let Some(reason) = &test.verdict.reason {
        status.set_message(reason.as_str());
        status.set_type(test.verdict.outcome.word());
    }
    let (file, name) = test.name.split_once("::").unwrap_or(("", &test.name));
    let mut case = TestCase::new(name, status);
    case.set_classname(file);
    case.set_time(Duration::from_secs_f64(test.seconds));
    case.set_system_out(test.output.as_str());
    case
}
