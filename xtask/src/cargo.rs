//! Calls of cargo, as all verbs make them.

use std::env;
use std::path::Path;
use std::process::Command;

/// The cargo that started the runner, else the one on the path, in the given folder.
pub(crate) fn cargo(folder: &Path) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(folder);
    // What cargo sets for the runner would mislead what the runner builds.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Whether a program answers to `--version`.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Whether nextest is there; without it, `cargo test` does.
pub(crate) fn has_nextest() -> bool {
    is_installed("cargo-nextest")
}
