//! What can go wrong, and whose turn it is then.

use std::io;
use std::path::PathBuf;

use labkit::run::Failure;

/// Why a plan, a supervisor or a request to one came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A plan's file can't be read.
    #[error("cannot read {}: {source}; give the TOML file of the services", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A plan's file is larger than any plan.
    #[error("{} is larger than 1 MiB; that is no list of services", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// A plan's file isn't TOML, or not of the form that a plan has.
    #[error("{file}:{line}: {problem}")]
    Toml {
        /// Which file.
        file: String,
        /// In which line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A name that no service or group can have.
    #[error("`{name}` is no name; use 1 to 64 letters, digits, `-`, `_` or `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// Two things have one name.
    #[error("`{name}` is the name of two services or groups; rename one")]
    NamedTwice {
        /// The name.
        name: String,
    },
    /// A name that nothing has.
    #[error("{place} name `{name}`, which is no service and no group of this plan")]
    Unknown {
        /// The name.
        name: String,
        /// Where it is said.
        place: String,
    },
    /// Something is a child of two groups.
    #[error("`{name}` is a child of both `{}` and `{}`; it can have one supervisor", groups[0], groups[1])]
    ClaimedTwice {
        /// Its name.
        name: String,
        /// The groups.
        groups: [String; 2],
    },
    /// Something is nobody's child.
    #[error("`{name}` is in no group; add it to the `children` of one")]
    InNoGroup {
        /// Its name.
        name: String,
    },
    /// Things wait for each other.
    #[error("a dependency cycle: {0}; none of them could start first")]
    Cycle(String),
    /// A value that isn't allowed.
    #[error("{place}: `{key}` {problem}")]
    Value {
        /// Of what.
        place: String,
        /// Which key.
        key: &'static str,
        /// What is wrong, and what would be right.
        problem: &'static str,
    },
    /// More than a plan may hold.
    #[error("{given} services and groups are too many; at most 256 make a plan")]
    TooMany {
        /// How many there were.
        given: usize,
    },
    /// A service's program isn't there.
    #[error(
        "service `{service}`: there is no program `{program}`; give a path, or a name found on PATH"
    )]
    Program {
        /// Whose.
        service: String,
        /// Which.
        program: String,
    },
    /// A request names a service that isn't there.
    #[error("no service or group is called `{name}`; there are: {}", known.join(", "))]
    NoSuch {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The socket is another supervisor's.
    #[error("a supervisor is running behind {} already; stop it, or give another --socket", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Nobody listens on the socket.
    #[error("no supervisor answers at {} ({source}); start one: auto-repair run FILE --socket PATH", path.display())]
    NoSupervisor {
        /// The socket.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The supervisor refused a request.
    #[error("the supervisor refused: {0}")]
    Refused(String),
    /// The supervisor has ended, and takes no more requests.
    #[error("the supervisor has ended")]
    Ended,
    /// A service was given up, or everything was.
    #[error("{0}")]
    GivenUp(String),
    /// The operating system refused what a supervisor needs.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// An error of the operating system, with what was tried.
    pub(crate) fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Error::System { what, source }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::GivenUp(_) | Error::System { .. } | Error::Ended => Failure::failed(error),
            Error::NoSupervisor { .. } => Failure::unavailable(error),
            _ => Failure::usage(error),
        }
    }
}
