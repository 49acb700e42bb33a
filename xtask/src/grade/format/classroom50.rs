//! Classroom 50's `result.json`, version 1.
//!
//! As its contract and schema have it (`schemas/result-v1.schema.json` of foundation50/classroom50):
//! scores are whole numbers, and what a test has beyond the four required fields is kept. So each
//! *stage* is an entry with its points, and below it each open test is one worth none. The document
//! is published in the student's own repository: of hidden tests it says how many passed, not which.

use labkit::clock::unix_time;
use serde::Serialize;
use serde_json::{Value, json};

use super::verdict;
use crate::grade::model::{Grade, Grades, Stage};

/// What the runner of Classroom 50 tells an autograder in its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    pub(crate) classroom: Option<String>,
    pub(crate) assignment: Option<String>,
    pub(crate) assignment_type: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) submission: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) review: Option<String>,
}

impl Course {
    /// Reads the environment through `variable`.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Course {
            classroom: variable("CLASSROOM"),
            assignment: variable("ASSIGNMENT"),
            assignment_type: variable("ASSIGNMENT_TYPE"),
            owner: variable("OWNER").or_else(|| variable("USERNAME")),
            submission: variable("SUBMISSION_TAG"),
            commit: variable("COMMIT_URL"),
            release: variable("RELEASE_URL"),
            review: variable("REVIEW_URL"),
        }
    }
}

/// The document. Outside of a runner it names what it can: the lab, the student, "local".
#[derive(Serialize)]
pub(super) struct Document {
    schema: &'static str,
    classroom: String,
    assignment: String,
    assignment_type: String,
    owner: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
    datetime: String,
    graded_at: String,
    score: u64,
    #[serde(rename = "max-score")]
    max_score: u64,
    tests: Vec<Value>,
}

/// A student's grade as Classroom 50 reads it.
pub(super) fn result(grades: &Grades, grade: &Grade, course: &Course) -> Document {
    let or =
        |value: &Option<String>, other: &str| value.clone().unwrap_or_else(|| other.to_owned());
    let commit = or(&course.commit, "local");
    let now = utc(unix_time());
    let problem = grade.problem.iter().map(|problem| {
        let output = format!("{}\n\n{}", problem.reason, problem.output);
        entry("submission", false, (0, 0), output.trim_end())
    });
    let tests = problem.chain(grade.stages.iter().flat_map(entries));
    Document {
        schema: "classroom50/result/v1",
        classroom: or(&course.classroom, "local"),
        assignment: or(&course.assignment, &grades.lab),
        assignment_type: or(&course.assignment_type, "individual"),
        owner: or(&course.owner, &grade.student),
        submission: or(&course.submission, "submit/local"),
        release: or(&course.release, &commit),
        review: or(&course.review, &commit),
        commit,
        datetime: now.clone(),
        graded_at: now,
        score: grade.stages.iter().map(whole).sum(),
        max_score: grade
            .stages
            .iter()
            .map(|stage| u64::from(stage.points))
            .sum(),
        tests: tests.collect(),
    }
}

/// A stage's entry and those of its open tests.
fn entries(stage: &Stage) -> impl Iterator<Item = Value> {
    let (passed, all) = (stage.passed(), stage.tests.len());
    let of_stage = entry(
        &format!("stage {}: {}", stage.number, stage.name),
        passed == all,
        (whole(stage), stage.points.into()),
        &format!("{passed} of {all} tests passed"),
    );
    let open = stage.tests.iter().filter(|test| !test.hidden);
    let of_tests = open.map(|test| entry(&test.name, test.passed(), (0, 0), &verdict(test)));
    std::iter::once(of_stage).chain(of_tests)
}

fn entry(name: &str, passed: bool, (score, max): (u64, u64), output: &str) -> Value {
    json!({
        "test-name": name,
        "passed": passed,
        "score": score,
        "max-score": max,
        "output": output,
    })
}

/// A stage's score as a whole number: rounded, but full only if it is.
fn whole(stage: &Stage) -> u64 {
    let most = match stage.passed() == stage.tests.len() {
        true => stage.points,
        false => stage.points.saturating_sub(1),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a score is between zero and the stage's points"
    )]
    let rounded = stage.score.round() as u64;
    rounded.min(most.into())
}

/// A time as `YYYY-MM-DDTHH:MM:SSZ`, from seconds since 1970.
fn utc(seconds: u64) -> String {
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date of a day since 1970-01-01, by Hinnant's `civil_from_days`: years begin in March, so
/// that the leap day is the last one, and 400 of them always have 146,097 days.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        // By `date -u -d @...`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }
}
