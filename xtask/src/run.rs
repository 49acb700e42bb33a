//! `cargo xtask run`: builds once, runs the demos two at a time, sums up in one table and one page.
//!
//! One lab's crash or hang never hides the others: each demo is a process of its own, with a
//! deadline, and its report is a file.

mod demo;
mod summary;

use std::fs;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cargo;
use crate::workspace::Workspace;
use demo::{Finished, Program, Verdict};

/// Examples: `cargo xtask run`, `cargo xtask run thread-pool --seed 7`, `cargo xtask run section-processes`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labs or sections; none means all
    labs: Vec<String>,
    /// Build and run in release
    #[arg(long)]
    release: bool,
    /// The seed that every demo gets
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Smaller sizes
    #[arg(long)]
    quick: bool,
    /// Seconds after which a demo counts as hung and is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    deadline: u64,
    /// Demos at a time; more than one shares the cores and blurs each one's figures
    #[arg(long, value_name = "N", default_value = "2")]
    jobs: NonZeroUsize,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let labs: Vec<Program> = workspace
        .select(&args.labs)?
        .into_iter()
        .map(Program::from)
        .collect();
    if labs.is_empty() {
        bail!("there are no labs yet");
    }
    let scenarios: Vec<Program> = workspace
        .scenarios(&args.labs)
        .into_iter()
        .map(Program::from)
        .collect();
    build(workspace, labs.iter().chain(&scenarios), args.release)?;
    let folder = workspace.target.join("reports");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let plan = demo::Plan {
        programs: workspace
            .target
            .join(if args.release { "release" } else { "debug" }),
        reports: folder.clone(),
        seed: args.seed,
        quick: args.quick,
        deadline: Duration::from_secs(args.deadline),
    };
    let mut finished = run_all(&plan, &labs, args.jobs.get());
    // A scenario uses the machine for itself, as the labs' figures in it are meant together.
    finished.extend(run_all(&plan, &scenarios, 1));
    let index = folder.join("index.html");
    fs::write(&index, summary::page(&finished))?;
    labkit::run::print(&format!(
        "{}\nReports: {}\n",
        summary::table(&finished),
        index.display()
    ))?;
    let passed = finished.iter().all(|one| one.verdict == Verdict::Passed);
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All labs in one call of cargo, so that what they share is built once.
fn build<'a>(
    workspace: &Workspace,
    programs: impl Iterator<Item = &'a Program>,
    release: bool,
) -> Result<()> {
    let mut command = cargo::cargo(&workspace.root);
    command.args(["build", "--bins"]);
    if release {
        command.arg("--release");
    }
    for program in programs {
        command.args(["-p", &program.name]);
    }
    let status = command.status()?;
    if !status.success() {
        bail!("the labs don't build ({status}); cargo says above why");
    }
    Ok(())
}

/// Runs every program, `jobs` at a time, each shown while it runs and said when it is done.
fn run_all(plan: &demo::Plan, programs: &[Program], jobs: usize) -> Vec<Finished> {
    let screen = MultiProgress::new();
    let waiting = Mutex::new(programs.iter().enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs.min(programs.len()) {
            scope.spawn(|| {
                while let Some((place, program)) = next(&waiting) {
                    let spinner = screen.add(spinner(&program.name));
                    let one = demo::run(plan, program);
                    spinner.finish_and_clear();
                    // Without a terminal the screen shows nothing, so say it plainly as well.
                    let line = format!(
                        "{:>9}  {} in {:.1} s",
                        one.verdict.word(),
                        program.name,
                        one.seconds
                    );
                    if screen.is_hidden() {
                        // What is said again in the table isn't worth ending the run for.
                        let _ = labkit::run::print(&format!("{line}\n"));
                    } else {
                        let _ = screen.println(line);
                    }
                    done.lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .push((place, one));
                }
            });
        }
    });
    let mut finished = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    finished.sort_by_key(|(place, _)| *place);
    finished.into_iter().map(|(_, one)| one).collect()
}

fn next<'a>(
    waiting: &Mutex<impl Iterator<Item = (usize, &'a Program)>>,
) -> Option<(usize, &'a Program)> {
    waiting
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .next()
}

fn spinner(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}")
        .expect("the template is a constant that parses");
    let spinner = ProgressBar::new_spinner()
        .with_style(style)
        .with_message(name.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}
