//! `cargo xtask grade`: submissions to a lab, judged by the reference's tests and hidden ones.
//!
//! Of a submission only its `src` counts. It is built and tested in a sandbox, each test in a
//! process of its own; whatever goes wrong with it is a result, and the call succeeds. Deliberate
//! forgery inside the tests' own process can't be ruled out: `docs/grading.md` says what can.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use labkit::progress::Bar;
use labkit::sandbox::{Limits, Walls};
use labkit::shutdown::Shutdown;

use crate::export::Tree;
use crate::workspace::{Lab, Workspace};

mod build;
mod exam;
mod fence;
mod format;
mod ground;
mod judge;
mod model;
mod output;
mod seed;
mod submission;
mod trial;

use exam::{Exam, Files};
use format::{Course, Format};
use ground::Ground;
use model::{Grade, Grades, Problem, Verdict};
use output::Output;
use seed::Secret;
use submission::Submission;
use trial::Trial;

/// The version of the JSON that this writes.
const VERSION: u32 = 1;

const EXAMPLES: &str = "\
Examples:
  cargo xtask grade thread-pool --submission ../ann
  cargo xtask grade thread-pool --roster submissions --private hidden --secret course.key \\
      --format text,csv,gradescope --output grades
  cargo xtask grade thread-pool --submission /autograder/submission --work-dir /autograder/work \\
      --format gradescope --output /autograder/results/results.json

docs/grading.md has the rest.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The lab's name
    name: String,
    /// One student's folder: an exported workspace, a lab's folder, or anything with src in it
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "roster",
        conflicts_with = "roster"
    )]
    submission: Option<PathBuf>,
    /// A folder with a folder for each student, named as the student
    #[arg(long, value_name = "DIR")]
    roster: Option<PathBuf>,
    /// Whose the submission is [default: its folder's name]
    #[arg(long, value_name = "NAME", requires = "submission")]
    student: Option<String>,
    /// A folder with hidden tests, tests/stageN_....rs, which count for their stages
    #[arg(long, value_name = "DIR")]
    private: Option<PathBuf>,
    /// A file with the course's secret, from which each student's seed is made [default: the text
    /// in LAB_GRADE_SECRET]
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// What to write; several, with commas between, go into a folder
    #[arg(long, value_enum, value_delimiter = ',', default_value = "text")]
    format: Vec<Format>,
    /// Where to write it: a file, or a folder for more than one [default: standard output, or the
    /// folder grades]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Work in this folder and keep it: the next call then builds no dependencies
    #[arg(long, value_name = "DIR")]
    work_dir: Option<PathBuf>,
    /// Refuse to grade where the sandbox lacks a wall, instead of warning
    #[arg(long)]
    require_walls: bool,
    /// How long one test may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    test_timeout: u64,
    /// How long the build of one submission may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    build_timeout: u64,
    /// How long all tests of one submission may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    total_timeout: u64,
    /// How much memory one test may use, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(16..=1 << 20))]
    memory: u64,
    /// How many processes and threads one test may have at a time
    #[arg(long, value_name = "COUNT", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(4..))]
    processes: u32,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let lab = workspace.lab(&args.name)?;
    let course = Course::read(|name| env::var(name).ok());
    let output = Output::new(
        &args.format,
        args.output.clone(),
        args.roster.is_some(),
        course,
    );
    let submissions = match (&args.roster, &args.submission) {
        (Some(roster), _) => submission::roster(roster)?,
        (None, Some(folder)) => vec![Submission::new(folder, args.student.as_deref())?],
        (None, None) => bail!("name a --submission or a --roster"),
    };
    let secret = Secret::read(args.secret.as_deref(), env::var(seed::VARIABLE).ok())?;
    let hidden = args.private.as_deref().map(|folder| {
        Tree::read(folder, &["target"]).with_context(|| format!("in {}", folder.display()))
    });
    let hidden = hidden.transpose()?;
    let files = Files::of(lab, hidden.as_ref())?;

    let mut ground = Ground::new(workspace, lab, hidden, args.work_dir.as_deref())?;
    let exam = reference(lab, &ground, &files)?;
    ground.fence.hide(out_of_sight(workspace, args));
    let walls = ground.fence.walls()?;
    let warnings = warnings(&walls, secret.is_some());
    if !output.tells_warnings() {
        for warning in &warnings {
            eprintln!("warning: {warning}");
        }
    }
    if args.require_walls && !walls.gaps().is_empty() {
        bail!("not graded: a wall is missing, and --require-walls was given");
    }

    let tests = exam.tasks().count() * submissions.len();
    let trial = Trial {
        ground: &ground,
        files: &files,
        exam: &exam,
        build_limits: args.build_limits(),
        test_limits: args.test_limits(),
        total: Duration::from_secs(args.total_timeout),
        shutdown: &Shutdown::on_signals(),
        bar: &Bar::new(&lab.name, tests as u64),
    };
    let (grades, sound) = grade_all(&trial, &lab.name, &submissions, secret.as_ref());
    output.write(&Grades {
        format: VERSION,
        lab: lab.name.clone(),
        title: lab.facts.title.clone(),
        walls: walls.into(),
        warnings,
        grades,
    })?;
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the reference with all tests and lists what they ask.
fn reference(lab: &Lab, ground: &Ground, files: &Files) -> Result<Exam> {
    let names = files.open.keys().chain(files.hidden.keys());
    let names: Vec<&str> = names.map(String::as_str).collect();
    ground.lay_hidden()?;
    let binaries = ground.build_reference(&names)?;
    Exam::list(lab, files, &binaries)
}

/// Grades one after the other; says as well whether the grader itself never failed.
fn grade_all(
    trial: &Trial,
    lab: &str,
    submissions: &[Submission],
    secret: Option<&Secret>,
) -> (Vec<Grade>, bool) {
    let mut sound = true;
    let grades = submissions.iter().map(|submission| {
        let seed = seed::seed(secret, lab, &submission.student);
        if trial.shutdown.is_triggered() {
            sound = false;
            return failed(trial, submission, seed, "grading was interrupted");
        }
        trial.grade(submission, lab, seed).unwrap_or_else(|error| {
            sound = false;
            failed(
                trial,
                submission,
                seed,
                &format!("the grader failed: {error:#}"),
            )
        })
    });
    let grades = grades.collect();
    (grades, sound && !trial.shutdown.is_triggered())
}

/// The grade where the grader is at fault: nothing is known.
fn failed(trial: &Trial, submission: &Submission, seed: u64, reason: &str) -> Grade {
    eprintln!("error: {}: {reason}", submission.student);
    let problem = Problem {
        reason: reason.to_owned(),
        output: String::new(),
    };
    trial.none_run(
        &submission.student,
        seed,
        problem,
        &Verdict::unknown(reason),
    )
}

/// What no submission is to see: the solution, the other submissions, the hidden tests, the secret.
fn out_of_sight(workspace: &Workspace, args: &Args) -> Vec<PathBuf> {
    let own = [
        workspace.root.clone(),
        workspace.root.join("crates"),
        workspace.root.join(".git"),
    ];
    let given = [&args.roster, &args.submission, &args.private, &args.secret];
    own.into_iter()
        .chain(given.into_iter().flatten().cloned())
        .collect()
}

fn warnings(walls: &Walls, has_secret: bool) -> Vec<String> {
    let mut warnings = walls.gaps();
    if !has_secret {
        warnings.push(format!(
            "no secret (--secret or {}): students can foresee their seeds",
            seed::VARIABLE
        ));
    }
    warnings
}

impl Args {
    fn test_limits(&self) -> Limits {
        Limits {
            wall: Duration::from_secs(self.test_timeout),
            cpu: Duration::from_secs(self.test_timeout * 2),
            memory: self.memory << 20,
            processes: self.processes,
            ..Limits::default()
        }
    }

    fn build_limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            wall: Duration::from_secs(self.build_timeout),
            cpu: Duration::from_secs(self.build_timeout),
            output: 16 << 20,
            file: 4 << 30,
            scratch: 1 << 30,
            ..usual
        }
    }
}

impl From<Walls> for model::Walls {
    fn from(walls: Walls) -> Self {
        model::Walls {
            processes: walls.processes.to_string(),
            network: walls.network.to_string(),
            files: walls.files.to_string(),
            user: walls.user.to_string(),
        }
    }
}
