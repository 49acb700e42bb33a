//! What can go wrong, and whose turn it is then.

use labkit::run::Failure;

/// Why a request can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was nothing to count; the caller gives words.
    #[error("no words to count; give some: count to be or not to be")]
    NoWords,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoWords => Failure::usage(error),
        }
    }
}
