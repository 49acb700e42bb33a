//! Who is connected, and how to tell them to end.
//!
//! A thread that sleeps in `read`, one that sleeps in `epoll_wait` and a runtime's tasks have nothing
//! in common that could be woken, except the socket itself. `shutdown(SHUT_RD)` on it wakes each of
//! them with what is left to read, and then with an end of input, as if the peer had closed its
//! half: so a server that treats half-closed peers well can stop well, too.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};

use crate::session::End;

/// All open connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// A descriptor in here is open: a seat is given up, under this lock, before its socket closes.
    seats: Mutex<HashMap<u64, (RawFd, Arc<Link>)>>,
    next: AtomicU64,
}

/// A connection's place in the roster. It must be dropped before the socket.
#[derive(Debug)]
pub(crate) struct Seat {
    roster: Arc<Roster>,
    id: u64,
    link: Arc<Link>,
}

/// What a connection and its watchers tell each other.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// When a byte last moved, in milliseconds of the server's clock.
    moved: AtomicU64,
    /// Why reading was ended from this side; one of the constants below.
    asked: AtomicU8,
}

const NOT_ASKED: u8 = 0;
const ASKED_IDLE: u8 = 1;
const ASKED_STOP: u8 = 2;

impl Roster {
    /// Gives a connection its seat.
    pub(crate) fn enter(self: &Arc<Self>, socket: &impl AsRawFd, now: Duration) -> Seat {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let link = Arc::new(Link::default());
        link.moved.store(millis(now), Ordering::Relaxed);
        self.lock()
            .insert(id, (socket.as_raw_fd(), Arc::clone(&link)));
        Seat {
            roster: Arc::clone(self),
            id,
            link,
        }
    }

    /// Ends all reading: everyone answers what has arrived, and goes.
    pub(crate) fn end_reading(&self) {
        for (socket, link) in self.lock().values() {
            link.ask(*socket, ASKED_STOP);
        }
    }

    /// Cuts every connection off, whatever is unsent.
    pub(crate) fn cut(&self) {
        for (socket, _) in self.lock().values() {
            // An error says that the peer has cut it already.
            let _ = shutdown(*socket, Shutdown::Both);
        }
    }

    /// Ends the reading of those who have moved nothing for `timeout`, and cuts off those who were
    /// told so for a second time: what they don't read can't be sent to them.
    pub(crate) fn end_idle(&self, now: Duration, timeout: Duration) {
        for (socket, link) in self.lock().values() {
            let moved = Duration::from_millis(link.moved.load(Ordering::Relaxed));
            if now.saturating_sub(moved) < timeout {
                continue;
            }
            // BEGIN SOLUTION stage 2: it has been silent; what if it has been told so already?
            link.moved.store(millis(now), Ordering::Relaxed);
            if link.asked.load(Ordering::Relaxed) == NOT_ASKED {
                link.ask(*socket, ASKED_IDLE);
            } else {
                // An error says that the peer has cut it already.
                let _ = shutdown(*socket, Shutdown::Both);
            }
            // END SOLUTION
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, (RawFd, Arc<Link>)>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    fn ask(&self, socket: RawFd, why: u8) {
        // The reason is there before the end of input that it explains.
        let first =
            self.asked
                .compare_exchange(NOT_ASKED, why, Ordering::Release, Ordering::Relaxed);
        if first.is_ok() {
            // An error says that the peer has cut it already.
            let _ = shutdown(socket, Shutdown::Read);
        }
    }
}

impl Seat {
    /// The connection's number; they are never used again.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Notes that bytes have moved.
    pub(crate) fn moved(&self, now: Duration) {
        self.link.moved.store(millis(now), Ordering::Relaxed);
    }

    /// Why the input has ended.
    pub(crate) fn why(&self) -> End {
        match self.link.asked.load(Ordering::Acquire) {
            ASKED_IDLE => End::Idle,
            ASKED_STOP => End::Stopping,
            _ => End::Closed,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.roster.lock().remove(&self.id);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
