//! Programs beside Rust: which there are, and how this system installs the others
//! (`deploy/setup/tools.toml`).

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::is_installed;
use crate::workspace::Workspace;

/// One program.
#[derive(Debug, Deserialize)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) used_for: String,
    /// The command that answers if it is there.
    probe: Vec<String>,
    /// What each installer calls it.
    #[serde(flatten)]
    packages: BTreeMap<String, String>,
}

/// Who misses it when it isn't there.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Labs that can use it.
    Service,
    /// Benches that measure against it.
    Peer,
    /// Who works on the labs.
    Developer,
}

/// A way to install packages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Installer {
    /// The key of its packages in the file.
    key: &'static str,
    /// The program whose presence says that this is the system's own.
    program: &'static str,
    /// The command before the package's name.
    command: &'static str,
    /// Whether it needs the rights of root.
    root: bool,
}

/// The systems' own package managers come first, what works anywhere after them.
const INSTALLERS: [Installer; 7] = [
    Installer {
        key: "apt",
        program: "apt-get",
        command: "apt-get install -y --no-install-recommends",
        root: true,
    },
    Installer {
        key: "dnf",
        program: "dnf",
        command: "dnf install -y",
        root: true,
    },
    Installer {
        key: "pacman",
        program: "pacman",
        command: "pacman -S --noconfirm",
        root: true,
    },
    Installer {
        key: "brew",
        program: "brew",
        command: "brew install",
        root: false,
    },
    Installer {
        key: "rustup",
        program: "rustup",
        command: "rustup",
        root: false,
    },
    Installer {
        key: "cargo",
        program: "cargo",
        command: "cargo install --locked",
        root: false,
    },
    Installer {
        key: "npm",
        program: "npm",
        command: "npm install --global",
        root: false,
    },
];

#[derive(Deserialize)]
struct Tools {
    tool: Vec<Tool>,
}

/// Every program that the file names.
///
/// # Errors
/// If the file can't be read or understood.
pub(crate) fn load(workspace: &Workspace) -> Result<Vec<Tool>> {
    let path = workspace.root.join("deploy/setup/tools.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let tools: Tools =
        toml_edit::de::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    Ok(tools.tool)
}

impl Tool {
    /// The first line that its probe answers, if it is there.
    pub(crate) fn version(&self) -> Option<String> {
        let (program, arguments) = self.probe.split_first()?;
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&said).into_owned();
        let line = text.lines().find(|line| !line.trim().is_empty());
        output
            .status
            .success()
            .then(|| line.unwrap_or("there").trim().to_owned())
    }

    /// The command line that installs it on this system, if there is one.
    pub(crate) fn how(&self) -> Option<String> {
        INSTALLERS
            .iter()
            .find(|installer| {
                self.packages.contains_key(installer.key) && is_installed(installer.program)
            })
            .map(|installer| {
                let sudo = if installer.root && !is_root() {
                    "sudo "
                } else {
                    ""
                };
                format!(
                    "{sudo}{} {}",
                    installer.command, self.packages[installer.key]
                )
            })
    }
}

/// Whether this process may install system packages without asking for more rights.
fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
