//! The kernel's readiness queue (epoll), and a way to interrupt a wait for it (eventfd).

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// What one wait may bring at most; the rest comes with the next.
const BATCH: usize = 256;
/// The interruption's token: no source has it.
const INTERRUPTED: u64 = u64::MAX;

/// In which directions a socket can go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) to_read: bool,
    pub(crate) to_write: bool,
}

/// What a wait has brought.
#[derive(Debug)]
pub(super) struct Events {
    buffer: Vec<EpollEvent>,
    len: usize,
}

impl Events {
    pub(super) fn new() -> Self {
        Events {
            buffer: vec![EpollEvent::empty(); BATCH],
            len: 0,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Ready)> {
        let sources = self.buffer[..self.len].iter();
        sources
            .filter(|event| event.data() != INTERRUPTED)
            .map(|event| {
                let flags = event.events();
                // An error or a hang-up is told by the next read or write, so both may try.
                let over = flags.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
                let to_read = flags.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP);
                let ready = Ready {
                    to_read: over || to_read,
                    to_write: over || flags.contains(EpollFlags::EPOLLOUT),
                };
                (event.data(), ready)
            })
    }
}

/// An epoll with an eventfd in it.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: Epoll,
    interrupt: EventFd,
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let interrupt = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        // Edge-triggered: each write is one event, and nobody ever needs to read the counter.
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
        epoll.add(&interrupt, EpollEvent::new(flags, INTERRUPTED))?;
        Ok(Poller { epoll, interrupt })
    }

    /// Waits for events; a wait without `patience` ends by an event alone.
    pub(super) fn wait(&self, events: &mut Events, patience: Option<Duration>) {
        let timeout = match patience {
            None => EpollTimeout::NONE,
            // Rounded up, so that it doesn't turn into a hot loop at the end; what is too long for
            // the kernel's counter is looked at again.
            Some(patience) => {
                let millis = i32::try_from(patience.as_nanos().div_ceil(1_000_000));
                EpollTimeout::try_from(millis.unwrap_or(i32::MAX)).unwrap_or(EpollTimeout::MAX)
            }
        };
        events.len = match self.epoll.wait(&mut events.buffer, timeout) {
            Ok(len) => len,
            Err(Errno::EINTR) => 0,
            Err(error) => unreachable!("epoll_wait takes what it is given here: {error}"),
        };
    }

    /// Makes the wait that is on, or the next one, return at once.
    pub(super) fn interrupt(&self) {
        // The counter is full after 2^64 - 2 writes; nothing else can fail.
        let _ = self.interrupt.write(1);
    }

    /// Begins to watch a socket, in both directions and edge-triggered: an event comes when it becomes
    /// ready, not as long as it is.
    pub(super) fn add(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EpollFlags::EPOLLIN
            | EpollFlags::EPOLLOUT
            | EpollFlags::EPOLLRDHUP
            | EpollFlags::EPOLLET;
        Ok(self.epoll.add(socket, EpollEvent::new(flags, token))?)
    }

    /// Stops watching a socket.
    pub(super) fn delete(&self, socket: impl AsFd) {
        // It fails only for a socket that isn't watched, which is what was wanted.
        let _ = self.epoll.delete(socket);
    }
}
