//! A folder that goes when its owner does, by drop or by SIGKILL.
//!
//! A small shell process holds the other end of a pipe. When that closes, this process is gone, and
//! the shell removes the folder.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Waits for the end of its input, then removes the folder; more than once, because those who write
/// into it are being killed at the same time.
const SWEEP: &str = "trap '' HUP INT TERM; cat >/dev/null; for i in 1 2 3 4 5; do rm -rf -- \"$1\"; [ -e \"$1\" ] || exit 0; sleep 0.2; done";

/// A temporary folder.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    pub(super) sweeper: Child,
}

impl Folder {
    /// An empty folder with this word in its name.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn new(word: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("lab-{word}-"))
            .tempdir()?;
        let sweeper = Command::new("/bin/sh")
            .args(["-c", SWEEP, "sweeper"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // Not among those whom a terminal's signals reach.
            .process_group(0)
            .spawn()?;
        Ok(Folder { folder, sweeper })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What a killed service's last helpers still write, the sweeper takes.
        let removed = fs::remove_dir_all(self.folder.path());
        drop(self.sweeper.stdin.take());
        let swept = self.sweeper.wait();
        if let (Err(error), true) = (removed, self.folder.path().exists()) {
            tracing::warn!("{} stays behind: {error}", self.folder.path().display());
        }
        if let Err(error) = swept {
            tracing::warn!("a sweeper can't be waited for: {error}");
        }
    }
}
