//! `cargo xtask test`: the tests of all labs, or of some; says at the end what was skipped and why.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use labkit::skip;

use crate::cargo;
use crate::workspace::{Lab, Workspace};

/// Examples: `cargo xtask test`, `cargo xtask test thread-pool`, `cargo xtask test section-processes --real`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labs or sections; none means everything, the runner itself included
    labs: Vec<String>,
    /// Also the suites on real services, found or started as needed
    #[arg(long)]
    real: bool,
    /// Like --real, and a missing service is a failure instead of a skipped test
    #[arg(long)]
    require_real: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let skipped = workspace.target.join("skipped.txt");
    fs::create_dir_all(&workspace.target)?;
    fs::write(&skipped, "").with_context(|| format!("writing {}", skipped.display()))?;
    let packages = packages(workspace, args)?;
    let mut passed = true;
    for mut command in commands(workspace, &packages) {
        command.env(skip::FILE_VARIABLE, &skipped);
        if args.real || args.require_real {
            command.env("LAB_REAL", "1");
        }
        if args.require_real {
            command.env(skip::REQUIRE_VARIABLE, "1");
        }
        passed &= command.status()?.success();
    }
    say_what_was_skipped(workspace, args, &skipped)?;
    say!(
        "{}",
        if passed {
            "All tests passed."
        } else {
            "Some tests FAILED."
        }
    );
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The flags that name the packages to test.
fn packages(workspace: &Workspace, args: &Args) -> Result<Vec<String>> {
    if args.labs.is_empty() {
        // Features are labkit's alone, and each is a module with tests of its own.
        // What a draft's tests are worth isn't known before it is proved.
        let drafts = workspace.drafts.iter();
        let everything = ["--workspace", "--all-features"].map(str::to_owned);
        let but_drafts = drafts.flat_map(|lab| ["--exclude".to_owned(), lab.name.clone()]);
        return Ok(everything.into_iter().chain(but_drafts).collect());
    }
    let labs = workspace.select(&args.labs)?;
    Ok(labs
        .iter()
        .flat_map(|lab| ["-p".to_owned(), lab.name.clone()])
        .collect())
}

/// nextest runs tests but no documentation examples, so those come after it.
fn commands(workspace: &Workspace, packages: &[String]) -> Vec<Command> {
    let cargo = |arguments: &[&str]| {
        let mut command = cargo::cargo(&workspace.root);
        command.args(arguments).args(packages);
        command
    };
    if cargo::has_nextest() {
        vec![
            cargo(&["nextest", "run", "--no-tests=warn", "--no-fail-fast"]),
            cargo(&["test", "--quiet", "--doc"]),
        ]
    } else {
        vec![cargo(&["test", "--no-fail-fast"])]
    }
}

fn say_what_was_skipped(workspace: &Workspace, args: &Args, file: &Path) -> Result<()> {
    let mut lines: Vec<String> = fs::read_to_string(file)?
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    if !args.real && !args.require_real {
        lines.extend(
            workspace
                .labs
                .iter()
                .filter(|lab| !lab.facts.needs.is_empty())
                .map(|lab| {
                    format!(
                        "  {}: its suite on {} (add --real)",
                        lab.name,
                        lab.facts.needs.join(", ")
                    )
                }),
        );
    }
    let drafts = workspace.drafts.iter();
    lines.extend(drafts.map(|lab| format!("  {0}: a draft (cargo nextest run -p {0})", lab.name)));
    let modelled: Vec<&str> = workspace
        .labs
        .iter()
        .filter(|lab| lab.has_models())
        .map(|lab: &Lab| lab.name.as_str())
        .collect();
    if !modelled.is_empty() {
        lines.push(format!(
            "  loom models and sanitizer runs of {} (cargo xtask models)",
            modelled.join(", ")
        ));
    }
    if lines.is_empty() {
        say!("\nNothing was skipped.");
    } else {
        say!("\nSkipped:\n{}", lines.join("\n"));
    }
    Ok(())
}
