//! Sockets as sources of wake-ups: what the kernel last said of each, and who waits for more.
//!
//! With an edge-triggered queue the kernel speaks once, when a socket *becomes* ready. So what it said
//! is remembered until an operation finds the opposite ("would block"). Between that finding and its
//! note the kernel may speak again; a count of its words tells, and then the finding is out of date.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use labkit::sync::lock;

use super::Driver;
use super::poller::Ready;
use crate::budget;

/// The sources that the kernel watches, by their tokens.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sources: HashMap<u64, Arc<Source>>,
    /// Tokens aren't used again, so a late event finds nobody.
    next: u64,
}

/// What is known of one socket.
#[derive(Debug, Default)]
struct Source {
    read: Mutex<Direction>,
    write: Mutex<Direction>,
}

#[derive(Debug, Default)]
struct Direction {
    ready: bool,
    /// How often the kernel has said so.
    said: u64,
    waiting: Option<Waker>,
}

/// Which way an operation goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    In,
    Out,
}

impl Sources {
    pub(super) fn len(&self) -> usize {
        lock(&self.0).sources.len()
    }

    /// Notes what the kernel said, and collects whom to wake.
    pub(super) fn announce(&self, token: u64, ready: Ready, wake: &mut Vec<Waker>) {
        // BEGIN SOLUTION stage 5: note it and count it for each direction; who waits for it?
        let Some(source) = lock(&self.0).sources.get(&token).cloned() else {
            return;
        };
        let said = [
            (ready.to_read, &source.read),
            (ready.to_write, &source.write),
        ];
        for (_, direction) in said.into_iter().filter(|(ready, _)| *ready) {
            let mut direction = lock(direction);
            direction.ready = true;
            direction.said += 1;
            wake.extend(direction.waiting.take());
        }
        // END SOLUTION
    }
}

/// A socket that the driver watches, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watched<S: AsFd> {
    socket: S,
    source: Arc<Source>,
    driver: Arc<Driver>,
    token: u64,
}

impl<S: AsFd> Watched<S> {
    /// Has the driver watch a socket, which must not block.
    pub(crate) fn new(driver: &Arc<Driver>, socket: S) -> io::Result<Self> {
        let source = Arc::<Source>::default();
        let token = {
            let mut known = lock(&driver.sources.0);
            let token = known.next;
            known.next += 1;
            known.sources.insert(token, Arc::clone(&source));
            token
        };
        let watched = Watched {
            socket,
            source,
            driver: Arc::clone(driver),
            token,
        };
        driver.poller().add(&watched.socket, token)?;
        Ok(watched)
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    /// Tries an operation until it neither would block nor is interrupted; waits for the kernel's word
    /// in between. One task at a time for each way: a second one takes the first one's place.
    pub(crate) fn poll_with<T>(
        &self,
        context: &Context<'_>,
        way: Way,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::admit(context));
        loop {
            let seen = ready!(self.poll_ready(context, way));
            match operation(&self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.not_ready(way, seen);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => {
                    budget::charge();
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// Ready with the count of the kernel's words, or pending with the waker left.
    pub(crate) fn poll_ready(&self, context: &Context<'_>, way: Way) -> Poll<u64> {
        // BEGIN SOLUTION stage 5: look and leave the waker under one lock; why?
        let mut direction = lock(self.direction(way));
        if direction.ready {
            return Poll::Ready(direction.said);
        }
        let former = direction.waiting.replace(context.waker().clone());
        // A waker's drop may be the end of a task: never under the lock.
        drop(direction);
        drop(former);
        Poll::Pending
        // END SOLUTION
    }

    /// Notes that an operation would have blocked, unless the kernel has spoken since it began.
    fn not_ready(&self, way: Way, seen: u64) {
        // BEGIN SOLUTION stage 5: an event may have come while the operation failed
        let mut direction = lock(self.direction(way));
        if direction.said == seen {
            direction.ready = false;
        }
        // END SOLUTION
    }

    fn direction(&self, way: Way) -> &Mutex<Direction> {
        match way {
            Way::In => &self.source.read,
            Way::Out => &self.source.write,
        }
    }
}

impl<S: AsFd> Drop for Watched<S> {
    fn drop(&mut self) {
        self.driver.poller().delete(&self.socket);
        let forgotten = lock(&self.driver.sources.0).sources.remove(&self.token);
        drop(forgotten);
    }
}
