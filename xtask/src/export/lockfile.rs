//! The lockfile of an export: ours, cut down by cargo itself, so that `--locked` holds there.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;

/// Cuts the lockfile in `folder` down to what its workspace uses; no version in it changes.
///
/// # Errors
/// If cargo can't resolve the workspace; the message is cargo's own.
pub(crate) fn settle(folder: &Path) -> Result<()> {
    // Everything is in the lockfile already, so that the network is only asked on a machine
    // which never built the workspace.
    let offline = update(folder, &["--offline"])?;
    if offline.is_none() {
        return Ok(());
    }
    match update(folder, &[])? {
        None => Ok(()),
        Some(words) => bail!("cargo can't resolve {}:\n{words}", folder.display()),
    }
}

/// What cargo complained about, if it did.
fn update(folder: &Path, flags: &[&str]) -> Result<Option<String>> {
    let output = cargo(folder)
        .args(["update", "--quiet", "--workspace"])
        .args(flags)
        .output()
        .context("starting cargo update")?;
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok((!output.status.success()).then_some(words))
}
