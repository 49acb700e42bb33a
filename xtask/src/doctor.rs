//! `cargo xtask doctor`: what is there, what is missing, and the command that gets it.

use std::process::{Command, ExitCode};

use anyhow::Result;
use labkit::report::Table;

use crate::cargo;
use crate::tools::{self, Role, Tool};
use crate::workspace::Workspace;

/// Example: `cargo xtask doctor`
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Rust alone runs every lab, so only a broken Rust is a failure.
pub(crate) fn run(workspace: &Workspace, _args: &Args) -> Result<ExitCode> {
    let mut table = Table::new(["program", "state", "used for"]);
    let mut broken = false;
    for component in ["cargo", "rustfmt", "clippy"] {
        let version = rust_component(workspace, component);
        broken |= version.is_none();
        let state = version.unwrap_or_else(|| format!("missing: rustup component add {component}"));
        table = table.row([component, &state, "building and checking the labs"]);
    }
    for tool in tools::load(workspace)? {
        table = table.row([tool.name.clone(), state(&tool), purpose(workspace, &tool)]);
    }
    labkit::run::print(&format!(
        "{}\n\nOnly Rust is needed: every lab's default run is embedded. \
         `cargo xtask setup` installs the rest.\n",
        table.to_terminal()
    ))?;
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn rust_component(workspace: &Workspace, component: &str) -> Option<String> {
    let mut command = match component {
        "cargo" => cargo::cargo(&workspace.root),
        // rustfmt and clippy are asked through cargo, which picks the pinned toolchain's.
        _ => {
            let mut command = cargo::cargo(&workspace.root);
            command.arg(if component == "rustfmt" {
                "fmt"
            } else {
                "clippy"
            });
            command
        }
    };
    first_line(command.arg("--version"))
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(str::to_owned)
}

fn state(tool: &Tool) -> String {
    match (tool.version(), tool.how()) {
        (Some(version), _) => version,
        (None, Some(how)) => format!("missing: {how}"),
        (None, None) => "missing; no package known for this system".to_owned(),
    }
}

/// What it is for, and which labs name it among their needs.
fn purpose(workspace: &Workspace, tool: &Tool) -> String {
    let labs: Vec<&str> = workspace
        .labs
        .iter()
        .filter(|lab| lab.facts.needs.contains(&tool.name))
        .map(|lab| lab.name.as_str())
        .collect();
    match tool.role {
        Role::Service if !labs.is_empty() => format!("{} ({})", tool.used_for, labs.join(", ")),
        _ => tool.used_for.clone(),
    }
}
