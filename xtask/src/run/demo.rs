//! One demo as a process: started, waited for with a deadline, judged by its exit and its report.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::process::Child;
use labkit::report::Report;

use crate::workspace::{Lab, Scenario};

/// What all demos of a run have in common.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the built programs are.
    pub(super) programs: PathBuf,
    /// Where each lab's report goes: NAME.json, NAME.html, and NAME.txt for what it printed.
    pub(super) reports: PathBuf,
    pub(super) seed: Option<u64>,
    pub(super) quick: bool,
    pub(super) deadline: Duration,
}

/// A program that is run: a lab's demo, or a section's joint scenario.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) title: String,
}

impl From<&Lab> for Program {
    fn from(lab: &Lab) -> Self {
        Program {
            name: lab.name.clone(),
            title: format!("{} · {}", lab.facts.number, lab.facts.title),
        }
    }
}

impl From<&Scenario> for Program {
    fn from(scenario: &Scenario) -> Self {
        Program {
            name: scenario.name.clone(),
            title: format!(
                "section-{}: {}",
                scenario.facts.section, scenario.facts.title
            ),
        }
    }
}

/// What came of a program.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) program: Program,
    pub(super) seconds: f64,
    pub(super) verdict: Verdict,
    /// None if it ended without writing one.
    pub(super) report: Option<Report>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ended by itself and every check held.
    Passed,
    /// It ended by itself and said that something didn't hold.
    Failed(String),
    /// It was ended by a signal, its own fault or not.
    Crashed(String),
    /// It was still running at the deadline.
    Hung,
    /// It could not be started, or something that it needs isn't there.
    Unavailable(String),
}

impl Verdict {
    /// One word for a table.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "FAILED",
            Verdict::Crashed(_) => "CRASHED",
            Verdict::Hung => "HUNG",
            Verdict::Unavailable(_) => "MISSING",
        }
    }

    /// What there is to say beyond the word.
    pub(super) fn reason(&self) -> &str {
        match self {
            Verdict::Passed => "",
            Verdict::Failed(why) | Verdict::Crashed(why) | Verdict::Unavailable(why) => why,
            Verdict::Hung => "ended at its deadline",
        }
    }
}

/// Runs one program to its end, or to the deadline.
pub(super) fn run(plan: &Plan, program: &Program) -> Finished {
    let file = |end: &str| plan.reports.join(format!("{}.{end}", program.name));
    // An older run's report must not be taken for this one's.
    for end in ["json", "html", "txt"] {
        let _ = fs::remove_file(file(end));
    }
    let watch = Stopwatch::start();
    let status = launch(plan, program, &file("txt"));
    let report = fs::read_to_string(file("json"))
        .ok()
        .and_then(|text| Report::from_json(&text).ok());
    Finished {
        program: program.clone(),
        seconds: watch.seconds(),
        verdict: judge(status, report.as_ref(), &file("txt")),
        report,
    }
}

/// The exit status, or none at the deadline; the child and all that it started are gone then.
fn launch(plan: &Plan, program: &Program, printed: &Path) -> io::Result<Option<ExitStatus>> {
    let out = File::create(printed)?;
    let mut command = Command::new(plan.programs.join(&program.name));
    command
        .arg("--json")
        .arg(plan.reports.join(format!("{}.json", program.name)))
        .arg("--html")
        .arg(plan.reports.join(format!("{}.html", program.name)))
        .stdin(Stdio::null())
        .stderr(out.try_clone()?)
        .stdout(out);
    if plan.quick {
        command.arg("--quick");
    }
    if let Some(seed) = plan.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    Child::spawn(command)?.wait_timeout(plan.deadline)
}

fn judge(
    status: io::Result<Option<ExitStatus>>,
    report: Option<&Report>,
    printed: &Path,
) -> Verdict {
    let status = match status {
        Ok(Some(status)) => status,
        Ok(None) => return Verdict::Hung,
        Err(error) => return Verdict::Unavailable(error.to_string()),
    };
    match (status.code(), report) {
        (Some(0), Some(_)) => Verdict::Passed,
        (Some(0), None) => Verdict::Failed("it wrote no report".to_owned()),
        (Some(69), _) => Verdict::Unavailable(last_line(printed)),
        (Some(1), Some(report)) => {
            let failed = report.checks().iter().find(|check| !check.passed);
            Verdict::Failed(failed.map_or_else(
                || last_line(printed),
                |check| format!("{} ({})", check.claim, check.seen),
            ))
        }
        (Some(code), _) => Verdict::Failed(format!("exit code {code}: {}", last_line(printed))),
        (None, _) => Verdict::Crashed(status.to_string()),
    }
}

/// The last thing that a demo said, which after a failure is its error.
fn last_line(printed: &Path) -> String {
    let text = fs::read_to_string(printed).unwrap_or_default();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    last.unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn exited(code: i32) -> io::Result<Option<ExitStatus>> {
        Ok(Some(ExitStatus::from_raw(code << 8)))
    }

    #[test]
    fn every_way_to_end_has_its_verdict() {
        let nowhere = Path::new("/nowhere");
        let report = Report::new("lab", "Lab");
        let failed = report.clone().check("nothing is lost", false, "1 lost");
        assert_eq!(judge(exited(0), Some(&report), nowhere), Verdict::Passed);
        assert_eq!(judge(Ok(None), None, nowhere), Verdict::Hung);
        assert_eq!(
            judge(exited(1), Some(&failed), nowhere),
            Verdict::Failed("nothing is lost (1 lost)".to_owned())
        );
        assert_eq!(judge(exited(69), None, nowhere).word(), "MISSING");
        assert_eq!(judge(exited(0), None, nowhere).word(), "FAILED");
        let killed = Ok(Some(ExitStatus::from_raw(9)));
        assert_eq!(judge(killed, None, nowhere).word(), "CRASHED");
        let error = Err(io::Error::other("no such program"));
        assert_eq!(judge(error, None, nowhere).word(), "MISSING");
    }
}
