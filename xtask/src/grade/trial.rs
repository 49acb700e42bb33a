//! One submission: read, built, tried test by test.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use labkit::clock::{Deadline, Stopwatch};
use labkit::progress::Bar;
use labkit::sandbox::Limits;
use labkit::shutdown::Shutdown;

use super::build::Binaries;
use super::exam::{Exam, Files, Task};
use super::ground::{Built, Ground};
use super::judge::{self, Trace};
use super::model::{Grade, Problem, Stage, Test, Verdict};
use super::submission::Submission;
use crate::export::Tree;

/// How much of a test's output is kept: enough for a message, too little to drown it.
const OUTPUT: usize = 4000;

/// Results by the tests' names.
type Results = HashMap<String, Test>;

/// All that the trials of a roster share.
pub(super) struct Trial<'a> {
    pub(super) ground: &'a Ground,
    pub(super) files: &'a Files,
    pub(super) exam: &'a Exam,
    pub(super) build_limits: Limits,
    pub(super) test_limits: Limits,
    /// How long all tests of one submission may take.
    pub(super) total: Duration,
    pub(super) shutdown: &'a Shutdown,
    pub(super) bar: &'a Bar,
}

impl Trial<'_> {
    /// Grades one submission; whatever is wrong with it becomes part of the grade.
    ///
    /// # Errors
    /// If the grader itself can't go on.
    pub(super) fn grade(&self, submission: &Submission, lab: &str, seed: u64) -> Result<Grade> {
        let watch = Stopwatch::start();
        let student = &submission.student;
        self.bar.label(student);
        let mut grade = match self.build_open(submission, lab)? {
            Err(problem) => {
                let verdict = Verdict::fail(&problem.reason);
                self.none_run(student, seed, problem, &verdict)
            }
            Ok(binaries) => {
                let end = Deadline::after(self.total);
                let mut tests = self.run_all(false, &binaries, seed, &end);
                if !self.files.hidden.is_empty() {
                    // Only now, so that no open test could look at them.
                    tests.extend(self.run_all(true, &self.build_hidden()?, seed, &end));
                }
                Grade::new(student, seed, None, self.stages(tests))
            }
        };
        grade.seconds = watch.seconds();
        Ok(grade)
    }

    /// The grade of a submission of which no test could be run.
    pub(super) fn none_run(
        &self,
        student: &str,
        seed: u64,
        problem: Problem,
        verdict: &Verdict,
    ) -> Grade {
        let tests = self.exam.tasks().map(|task| {
            self.bar.add(1);
            let test = Test {
                name: task.name(),
                hidden: task.hidden,
                verdict: verdict.clone(),
                output: String::new(),
                seconds: 0.0,
            };
            (test.name.clone(), test)
        });
        Grade::new(student, seed, Some(problem), self.stages(tests.collect()))
    }

    /// Every test's result in its stage.
    fn stages(&self, mut tests: Results) -> Vec<Stage> {
        let stages = self.exam.stages.iter().enumerate();
        let stages = stages.map(|(at, stage)| {
            let tests = stage
                .tasks
                .iter()
                .filter_map(|task| tests.remove(&task.name()));
            Stage::new(at + 1, &stage.name, stage.points, tests.collect())
        });
        stages.collect()
    }

    /// Builds the open tests; a submission whose own build asks for the hidden ones finds none.
    fn build_open(&self, submission: &Submission, lab: &str) -> Result<Result<Binaries, Problem>> {
        let source: Tree = match submission.read(lab) {
            Ok(source) => source,
            Err(reason) => return Ok(Err(problem(format!("refused: {reason}"), ""))),
        };
        self.ground.lay(&source)?;
        let open: Vec<&str> = self.files.open.keys().map(String::as_str).collect();
        let binaries = match self.ground.build(&open, &self.build_limits)? {
            Built::Ended(binaries) => binaries,
            Built::Stopped(reason) => {
                return Ok(Err(problem(format!("the compiler {reason}"), "")));
            }
        };
        if binaries.programs.is_empty() {
            let errors = binaries.shared_errors().unwrap_or_default();
            let first = errors.lines().next().unwrap_or_default();
            let reason = format!("doesn't compile: {}", judge::line(first));
            return Ok(Err(problem(reason, &errors)));
        }
        Ok(Ok(binaries))
    }

    fn build_hidden(&self) -> Result<Binaries> {
        let hidden: Vec<&str> = self.files.hidden.keys().map(String::as_str).collect();
        self.ground.lay_hidden()?;
        Ok(match self.ground.build(&hidden, &self.build_limits)? {
            Built::Ended(binaries) => binaries,
            Built::Stopped(_) => Binaries::default(),
        })
    }

    /// Runs the open tests or the hidden ones.
    fn run_all(&self, hidden: bool, binaries: &Binaries, seed: u64, end: &Deadline) -> Results {
        let tasks = self.exam.tasks().filter(|task| task.hidden == hidden);
        let results = tasks.map(|task| {
            let test = self.run(task, binaries, seed, end);
            self.bar.add(1);
            (test.name.clone(), test)
        });
        results.collect()
    }

    fn run(&self, task: &Task, binaries: &Binaries, seed: u64, end: &Deadline) -> Test {
        let watch = Stopwatch::start();
        let (verdict, output) = match binaries.programs.get(&task.file) {
            _ if self.shutdown.is_triggered() => {
                (Verdict::unknown("grading was interrupted"), String::new())
            }
            _ if end.expired() => {
                let total = judge::seconds(self.total);
                let reason = format!("not run: all {total} for the submission were used up");
                (Verdict::timeout(reason), String::new())
            }
            Some(binary) => self.judged(binary, task, seed),
            None => {
                let errors = binaries.errors_of(&task.file);
                let errors = errors
                    .or_else(|| binaries.shared_errors())
                    .unwrap_or_default();
                let reason = format!("{}.rs doesn't compile with the submission", task.file);
                (Verdict::fail(reason), errors)
            }
        };
        Test {
            name: task.name(),
            hidden: task.hidden,
            verdict,
            output,
            seconds: watch.seconds(),
        }
    }

    fn judged(&self, binary: &Path, task: &Task, seed: u64) -> (Verdict, String) {
        // With more than one thread, the harness writes a test's name together with its verdict.
        let flags = [
            task.test.as_str(),
            "--exact",
            "--nocapture",
            "--test-threads=2",
        ];
        let run = match self.ground.run(binary, &flags, seed, &self.test_limits) {
            Ok(run) => run,
            Err(error) => return (Verdict::unknown(format!("{error:#}")), String::new()),
        };
        let (stdout, stderr) = (run.stdout.text(), run.stderr.text());
        let trace = Trace {
            test: &task.test,
            end: run.end,
            stdout: &stdout,
            stderr: &stderr,
        };
        let verdict = judge::judge(&trace, &self.test_limits);
        (verdict, shortened(&stdout, &stderr))
    }
}

fn problem(reason: impl Into<String>, output: &str) -> Problem {
    Problem {
        reason: reason.into(),
        output: output.to_owned(),
    }
}

/// Both streams, each with its head and tail.
fn shortened(stdout: &str, stderr: &str) -> String {
    let streams = [stdout, stderr].map(|text| {
        let mut excerpt = labkit::process::Excerpt::new(OUTPUT);
        excerpt.push(text.trim().as_bytes());
        excerpt.text()
    });
    streams.join("\n").trim().to_owned()
}
