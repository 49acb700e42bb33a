//! What can go wrong, and whose turn it is then.

use std::io;
use std::path::PathBuf;

use labkit::run::Failure;

use crate::config::{MAX_BATCH, MAX_SERIES};
use crate::gorilla::Truncated;
use crate::query::MAX_WINDOWS;
use crate::wal::Broken;

/// Why something can't be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A cap that allows nothing, or more than memory holds; the caller's to correct.
    #[error("--max-series is {0}; give 1 to {MAX_SERIES}")]
    MaxSeries(usize),
    /// A down-sampling step that makes no sense; the caller's to correct.
    #[error("a roll-up every {0} can't be; give a second at least, and no more than the retention")]
    Rollup(String),
    /// A batch that is too large; the caller's to split.
    #[error("a batch of {0} bytes is too large; send at most {MAX_BATCH} at once")]
    BatchTooLarge(usize),
    /// A question that can't be read; the caller's to correct.
    #[error("error parsing query at character {at}: {what}")]
    Query {
        /// The character where it stops making sense, from 1.
        at: usize,
        /// What was found, and what would be right.
        what: String,
    },
    /// A question whose answer would be too large; the caller's to narrow.
    #[error(
        "the answer would have {0} windows, more than {MAX_WINDOWS}; ask for longer windows or a shorter time"
    )]
    TooManyWindows(usize),
    /// A question with another database's name; the caller's to correct.
    #[error("database not found: {0:?}; this server has {1:?}")]
    NoDatabase(String, String),
    /// A folder that another process works in; the caller's to choose another or to stop that one.
    #[error("{} is in use by another process; stop that one, or give another --data", .0.display())]
    Locked(PathBuf),
    /// A file that isn't what was written; restore it, or move it away and live without it.
    #[error("{} is damaged; restore it from a copy, or move it away and go without what it held", .0.display())]
    Damaged(PathBuf),
    /// Compressed samples that can't be read; the disk's or this program's fault.
    #[error(transparent)]
    Samples(#[from] Truncated),
    /// The log can't be written; the disk's fault.
    #[error(transparent)]
    Log(#[from] Broken),
    /// A file can't be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that was named on the command line can't be read; the caller's to correct.
    #[error("cannot read {}: {source}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another database didn't do what it was asked.
    #[error("{0}")]
    Peer(String),
    /// A service that isn't there.
    #[error("{0}")]
    Unavailable(String),
}

impl Error {
    pub(crate) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Error::File { what, path, source }
    }

    /// Whether the caller asked for something that can't be had.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        matches!(
            self,
            Error::MaxSeries(_)
                | Error::Rollup(_)
                | Error::BatchTooLarge(_)
                | Error::Query { .. }
                | Error::TooManyWindows(_)
                | Error::NoDatabase(..)
                | Error::Locked(_)
                | Error::Input { .. }
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(_) => Failure::unavailable(error),
            error if error.is_callers() => Failure::usage(error),
            error => Failure::failed(error),
        }
    }
}
