//! Waiting for many things at once.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::plan::ServiceId;

/// What can be heard from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A process has ended.
    Children,
    /// A request came.
    Requests,
    /// An operator connects.
    Operators,
    /// The n-th connected operator reads or writes.
    Operator(usize),
    /// A service wrote to its standard output, or to its standard error.
    Output(ServiceId, bool),
    /// A service's heart has beaten.
    Beats(ServiceId),
    /// A probe of a service can go on.
    Probe(ServiceId),
}

/// Things to wait for.
#[derive(Debug, Default)]
pub(super) struct Polling<'a> {
    files: Vec<PollFd<'a>>,
    sources: Vec<Source>,
}

impl<'a> Polling<'a> {
    pub(super) fn add(&mut self, source: Source, file: BorrowedFd<'a>, flags: PollFlags) {
        self.files.push(PollFd::new(file, flags));
        self.sources.push(source);
    }

    /// Waits until something can be heard or the time is over; what can be heard, in the order in which
    /// it was added.
    pub(super) fn wait(mut self, longest: Option<Duration>) -> Result<Vec<Source>, Errno> {
        // Rounded up: to be called a little late is better than to be called again and again.
        let timeout = longest.map_or(PollTimeout::NONE, |longest| {
            let millis = longest.as_micros().div_ceil(1000);
            i32::try_from(millis).map_or(PollTimeout::MAX, |millis| {
                PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
            })
        });
        match poll(&mut self.files, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let heard = self.files.iter().zip(self.sources);
        let heard = heard.filter(|(file, _)| file.any().unwrap_or(false));
        Ok(heard.map(|(_, source)| source).collect())
    }
}
