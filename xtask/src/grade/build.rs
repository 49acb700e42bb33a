//! Builds of test files, and what the compiler said of those that didn't compile.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;

/// How many errors of a target are repeated, and how many lines of them.
const ERRORS: usize = 3;
const LINES: usize = 60;

/// What a build made.
#[derive(Debug, Default)]
pub(super) struct Binaries {
    /// The compiled test files by name.
    pub(super) programs: BTreeMap<String, PathBuf>,
    /// The compiler's errors by target; the library and the programs are under [`SHARED`], as
    /// every test file needs them.
    errors: BTreeMap<String, Vec<String>>,
}

/// The key of what all test files share.
const SHARED: &str = "";

impl Binaries {
    /// Reads the messages of `cargo build --message-format=json`.
    ///
    /// # Errors
    /// If they aren't such messages.
    pub(super) fn read(messages: &[u8]) -> Result<Self> {
        let mut binaries = Binaries::default();
        for message in Message::parse_stream(messages) {
            match message.context("reading cargo's messages")? {
                Message::CompilerArtifact(artifact) if artifact.target.is_test() => {
                    if let Some(program) = artifact.executable {
                        let name = artifact.target.name.clone();
                        binaries.programs.insert(name, program.into_std_path_buf());
                    }
                }
                Message::CompilerMessage(message) => {
                    let is_test = message.target.is_test();
                    let target = if is_test {
                        &message.target.name
                    } else {
                        SHARED
                    };
                    let told = message.message;
                    // The last one only counts the others.
                    let counts = told.message.starts_with("aborting due to");
                    if told.level == DiagnosticLevel::Error && !counts {
                        let errors = binaries.errors.entry(target.to_owned()).or_default();
                        errors.push(told.rendered.unwrap_or(told.message));
                    }
                }
                _ => (),
            }
        }
        Ok(binaries)
    }

    /// The first errors of the library or a program.
    pub(super) fn shared_errors(&self) -> Option<String> {
        self.errors_of(SHARED)
    }

    /// The first errors of a test file.
    pub(super) fn errors_of(&self, file: &str) -> Option<String> {
        let errors = self.errors.get(file)?;
        let text = errors.iter().take(ERRORS).map(|error| error.trim_end());
        let text = text.collect::<Vec<_>>().join("\n\n");
        let mut lines: Vec<&str> = text.lines().take(LINES).collect();
        let more = format!(
            "... and {} errors more",
            errors.len().saturating_sub(ERRORS)
        );
        if errors.len() > ERRORS {
            lines.push(&more);
        }
        Some(lines.join("\n"))
    }
}
