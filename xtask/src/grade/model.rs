//! What grading found: the one model that every format is written from.

use serde::Serialize;

/// What all stages of a lab add up to.
pub(crate) const FULL: u32 = 100;

/// All grades of one call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Grades {
    /// The version of this model.
    pub(crate) format: u32,
    /// The lab's name.
    pub(crate) lab: String,
    /// The lab's title.
    pub(crate) title: String,
    /// Which walls stood around the submissions.
    pub(crate) walls: Walls,
    /// What weakens the verdicts, a sentence each.
    pub(crate) warnings: Vec<String>,
    /// One for each submission, by name.
    pub(crate) grades: Vec<Grade>,
}

/// The walls in words: `up`, or why not.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Walls {
    pub(crate) processes: String,
    pub(crate) network: String,
    pub(crate) files: String,
    pub(crate) user: String,
}

/// One submission's grade.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Grade {
    /// Whose it is.
    pub(crate) student: String,
    /// The points earned, of [`FULL`].
    pub(crate) score: f64,
    /// The seed of its tests.
    pub(crate) seed: u64,
    /// Why nothing could be tested, if nothing could.
    pub(crate) problem: Option<Problem>,
    /// Every stage of the lab, in order.
    pub(crate) stages: Vec<Stage>,
    /// How long building and testing took.
    pub(crate) seconds: f64,
}

/// Why a submission couldn't be tested at all.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    /// One line.
    pub(crate) reason: String,
    /// What the compiler said, shortened.
    pub(crate) output: String,
}

/// One stage of one submission.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stage {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) name: String,
    /// What it is worth.
    pub(crate) points: u32,
    /// What was earned: the points times the share of the tests that passed.
    pub(crate) score: f64,
    pub(crate) tests: Vec<Test>,
}

/// One test of one submission.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Test {
    /// The test's file and its path in it, as in `stage1_count::starts_at_zero`.
    pub(crate) name: String,
    /// Whether students are to know it only after the grades are out.
    pub(crate) hidden: bool,
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    /// What it printed, shortened.
    pub(crate) output: String,
    /// How long it ran.
    pub(crate) seconds: f64,
}

/// A verdict and why it isn't better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// One line; none if it passed.
    pub(crate) reason: Option<String>,
}

/// How a test ended. Only a pass earns points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// The test ran to its end and found nothing wrong.
    Pass,
    /// It found something wrong, or broke off.
    Fail,
    /// It could find neither: it said so itself, or it couldn't be run.
    Unknown,
    /// It was stopped at the limit of time.
    Timeout,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 4] = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::Unknown,
        Outcome::Timeout,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::Timeout => "timeout",
        }
    }
}

impl Verdict {
    pub(crate) fn pass() -> Self {
        Verdict {
            outcome: Outcome::Pass,
            reason: None,
        }
    }

    pub(crate) fn fail(reason: impl Into<String>) -> Self {
        Self::because(Outcome::Fail, reason)
    }

    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::because(Outcome::Unknown, reason)
    }

    pub(crate) fn timeout(reason: impl Into<String>) -> Self {
        Self::because(Outcome::Timeout, reason)
    }

    fn because(outcome: Outcome, reason: impl Into<String>) -> Self {
        Verdict {
            outcome,
            reason: Some(reason.into()),
        }
    }
}

impl Test {
    pub(crate) fn passed(&self) -> bool {
        self.verdict.outcome == Outcome::Pass
    }
}

impl Stage {
    /// A stage with its tests' results.
    pub(crate) fn new(number: usize, name: &str, points: u32, tests: Vec<Test>) -> Self {
        let passed = tests.iter().filter(|test| test.passed()).count();
        Stage {
            number,
            name: name.to_owned(),
            points,
            score: share(points, passed, tests.len()),
            tests,
        }
    }

    pub(crate) fn passed(&self) -> usize {
        self.tests.iter().filter(|test| test.passed()).count()
    }
}

impl Grade {
    /// Adds the stages up.
    pub(crate) fn new(
        student: &str,
        seed: u64,
        problem: Option<Problem>,
        stages: Vec<Stage>,
    ) -> Self {
        let score: f64 = stages.iter().map(|stage| stage.score).sum();
        Grade {
            student: student.to_owned(),
            score: hundredths(score),
            seed,
            problem,
            stages,
            seconds: 0.0,
        }
    }

    pub(crate) fn tests(&self) -> impl Iterator<Item = &Test> {
        self.stages.iter().flat_map(|stage| &stage.tests)
    }

    /// How many of its tests ended in this way.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        let tests = self.tests();
        tests.filter(|test| test.verdict.outcome == outcome).count()
    }
}

/// A share of some points, in hundredths of a point.
fn share(points: u32, part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of tests are small")]
    let share = part as f64 / whole as f64;
    hundredths(f64::from(points) * share)
}

/// The nearest number with two decimals: what every format shows, so that all sums agree.
fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A test with this verdict and nothing else of interest.
    pub(crate) fn test(name: &str, hidden: bool, verdict: Verdict) -> Test {
        Test {
            name: name.to_owned(),
            hidden,
            verdict,
            output: String::new(),
            seconds: 0.5,
        }
    }

    #[test]
    fn a_stage_earns_the_share_of_its_tests() {
        let tests = vec![
            test("a", false, Verdict::pass()),
            test("b", true, Verdict::fail("no")),
            test("c", false, Verdict::unknown("perhaps")),
        ];
        let stage = Stage::new(1, "one", 20, tests);
        assert!((stage.score - 6.67).abs() < 1e-9);
        let nothing = Stage::new(2, "none", 80, Vec::new());
        assert!(nothing.score.abs() < 1e-9);
        let grade = Grade::new("ann", 1, None, vec![stage, nothing]);
        assert!((grade.score - 6.67).abs() < 1e-9);
        assert_eq!(
            (grade.count(Outcome::Pass), grade.count(Outcome::Timeout)),
            (1, 0)
        );
    }

    #[test]
    fn full_marks_take_every_test() {
        let one_short = |count: usize| {
            let mut tests = vec![test("t", false, Verdict::pass()); count - 1];
            tests.push(test("t", false, Verdict::fail("no")));
            Stage::new(1, "s", 100, tests).score
        };
        assert!(one_short(2) < 100.0 && one_short(1000) < 100.0);
    }
}
