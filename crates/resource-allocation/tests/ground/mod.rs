//! What tests on real processes share: the program, patience, and workers in control groups.

use std::path::Path;
use std::time::Duration;

use labkit::skip;
use resource_allocation::Error;
use resource_allocation::live::{Means, Session};

/// Far more than any of this takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_resource-allocation"))
}

/// Workers in control groups; none, and said so, where these can't be had.
pub(crate) fn session(workers: usize) -> Option<Session> {
    let names: Vec<String> = (0..workers).map(|at| format!("w{at}")).collect();
    match Session::start(program(), &names, Means::Groups) {
        Ok(session) => Some(session),
        Err(Error::Unenforceable { why, .. }) => {
            skip::because(&format!("needs control groups; run as root. {why}"));
            None
        }
        Err(error) => panic!("{error}"),
    }
}
