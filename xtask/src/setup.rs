//! `cargo xtask setup`: installs what `doctor` finds missing, after asking.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::tools::{self, Role, Tool};
use crate::workspace::Workspace;

/// Examples: `cargo xtask setup`, `cargo xtask setup primesieve --yes`, `cargo xtask setup --developer`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these programs (default: what labs and benches can use)
    names: Vec<String>,
    /// Also what only developers of the labs need; some of it is built from source, minutes each
    #[arg(long)]
    developer: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let tools = tools::load(workspace)?;
    for name in &args.names {
        if !tools.iter().any(|tool| tool.name == *name) {
            let known: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            bail!(
                "{name:?} is not among the known programs: {}",
                known.join(", ")
            );
        }
    }
    let missing: Vec<&Tool> = tools
        .iter()
        .filter(|tool| wanted(tool, args) && tool.version().is_none())
        .collect();
    if missing.is_empty() {
        say!("Nothing is missing.");
        return Ok(ExitCode::SUCCESS);
    }
    let commands = plan(&missing);
    for command in &commands {
        say!("{command}");
    }
    if commands.is_empty() || !(args.yes || agreed()?) {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(install(&missing, &commands))
}

fn wanted(tool: &Tool, args: &Args) -> bool {
    if args.names.is_empty() {
        args.developer || tool.role != Role::Developer
    } else {
        args.names.contains(&tool.name)
    }
}

/// The commands that install what is missing; says which have none on this system.
fn plan(missing: &[&Tool]) -> Vec<String> {
    let mut commands = Vec::new();
    for tool in missing {
        match tool.how() {
            Some(how) => commands.push(how),
            None => say!("# {}: no package known for this system", tool.name),
        }
    }
    // Fresh machines have no list of packages yet, or an old one.
    if let Some(first) = commands.iter().find(|command| command.contains("apt-get")) {
        let sudo = if first.starts_with("sudo") {
            "sudo "
        } else {
            ""
        };
        commands.insert(0, format!("{sudo}apt-get update"));
    }
    commands
}

fn agreed() -> Result<bool> {
    if !io::stdin().is_terminal() {
        say!("Not run: nobody to ask here. Add --yes to run these.");
        return Ok(false);
    }
    print!("Run these? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .context("reading the answer")?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

/// Runs every command, also after one failed, then looks what is there.
fn install(missing: &[&Tool], commands: &[String]) -> ExitCode {
    for command in commands {
        say!("+ {command}");
        let mut words = command.split_whitespace();
        let status = words
            .next()
            .map(|program| Command::new(program).args(words).status());
        match status {
            Some(Ok(status)) if status.success() => {}
            Some(Ok(status)) => eprintln!("{command}: {status}"),
            Some(Err(error)) => eprintln!("{command}: {error}"),
            None => {}
        }
    }
    let mut code = ExitCode::SUCCESS;
    for tool in missing.iter().filter(|tool| tool.version().is_none()) {
        eprintln!("still missing: {} ({})", tool.name, tool.used_for);
        code = ExitCode::FAILURE;
    }
    code
}
