//! What stands around a submission while it is built and while it runs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use labkit::sandbox::{Limits, Sandbox, Walls};

/// The environment that the compiler gets; the rest, which may hold secrets that a submission could
/// read by `env!`, it doesn't get.
pub(super) const BUILD_VARIABLES: [&str; 10] = [
    "PATH",
    "HOME",
    "CARGO_HOME",
    "CARGO_INCREMENTAL",
    "RUSTFLAGS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "LANG",
    "LC_ALL",
    "SDKROOT",
];

/// The sandbox of everything foreign, and what it hides.
pub(super) struct Fence {
    root: PathBuf,
    /// The only folder that a submission can write in.
    scratch: PathBuf,
    /// What a submission must not see.
    secrets: Vec<PathBuf>,
}

impl Fence {
    /// The fence around what is done in a folder.
    pub(super) fn new(root: &Path) -> Self {
        Fence {
            root: root.to_path_buf(),
            scratch: root.join("scratch"),
            secrets: Vec::new(),
        }
    }

    pub(super) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Hides paths from submissions, as far as the ground itself and the toolchain don't lie there.
    pub(super) fn hide(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let toolchain = [home("CARGO_HOME", ".cargo"), home("RUSTUP_HOME", ".rustup")];
        let needed: Vec<PathBuf> = toolchain
            .into_iter()
            .flatten()
            .filter_map(|path| fs::canonicalize(path).ok())
            .chain([self.root.clone()])
            .collect();
        let paths = paths
            .into_iter()
            .filter_map(|path| fs::canonicalize(path).ok());
        let paths = paths.filter(|path| !needed.iter().any(|needed| needed.starts_with(path)));
        self.secrets.extend(paths);
    }

    /// Which walls the tests will run between.
    ///
    /// # Errors
    /// If not even `true` can be run.
    pub(super) fn walls(&self) -> Result<Walls> {
        let run = self.sandbox(&Limits::default()).run(Command::new("true"));
        Ok(run.context("starting the sandbox")?.walls)
    }

    /// The sandbox that everything foreign runs in.
    pub(super) fn sandbox(&self, limits: &Limits) -> Sandbox {
        let sandbox = Sandbox::new(limits.clone()).scratch(&self.scratch);
        let secrets = self.secrets.iter().filter(|path| path.exists());
        secrets.fold(sandbox, |sandbox, path| sandbox.hidden(path))
    }

    /// The command with some of the caller's environment and the scratch folder as its temporary
    /// one.
    pub(super) fn with_environment(&self, mut command: Command, variables: &[&str]) -> Command {
        command.env_clear();
        for name in variables {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.env("TMPDIR", &self.scratch);
        command
    }
}

/// A folder that a variable names, else the usual one.
fn home(variable: &str, usual: &str) -> Option<PathBuf> {
    let usual = env::home_dir().map(|home| home.join(usual));
    env::var_os(variable).map(PathBuf::from).or(usual)
}
