//! A fixed number of workers for any number of connections.
//!
//! A worker that slept in one connection's `read` would be lost to all others, and a pool of eight
//! would serve eight. So connections wait in one `epoll` that all workers share, and a worker takes
//! one that is ready, serves what has arrived, and lets it wait again. `EPOLLONESHOT` makes sure that no
//! two workers have the same one. The kernel's list of ready connections is the pool's queue; it is
//! bounded, because the connections are.
//!
//! Against the loops, a message costs two system calls and two short locks more. What it buys is that
//! the service may block: a connection isn't bound to a worker, so whoever is free takes the next.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::slab::Slab;
use super::{Driver, turn};
use crate::config::Config;
use crate::connection::{CHUNK, Connection};

/// The token of the bell; connections have the numbers of their places.
const BELL: u64 = u64::MAX;

/// A connection that one worker serves at a time; none once it is over.
type Guest = Arc<Mutex<Option<Connection<TcpStream>>>>;

pub(super) struct Pool {
    waiting: Arc<Waiting>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// What the workers share.
struct Waiting {
    epoll: Epoll,
    /// Where connections are found by their token. This lock is held for a look, a guest's while it
    /// is served; who holds a guest's may take this one, and never the other way round.
    guests: Mutex<Slab<Guest>>,
    /// Rung once, to wake every worker for good.
    bell: EventFd,
    stopping: AtomicBool,
}

impl Pool {
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let waiting = Waiting {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            guests: Mutex::new(Slab::new()),
            bell: EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC)?,
            stopping: AtomicBool::new(false),
        };
        let event = EpollEvent::new(EpollFlags::EPOLLIN, BELL);
        waiting.epoll.add(&waiting.bell, event)?;
        let pool = Pool {
            waiting: Arc::new(waiting),
            workers: Mutex::default(),
        };
        for number in 0..config.threads {
            let waiting = Arc::clone(&pool.waiting);
            let name = format!("worker {number}");
            let worker = thread::Builder::new()
                .name(name)
                .spawn(move || waiting.work());
            match worker {
                Ok(worker) => pool.workers().push(worker),
                Err(error) => {
                    pool.stop();
                    return Err(error);
                }
            }
        }
        Ok(pool)
    }

    fn workers(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for Pool {
    fn take(&self, connection: Connection<TcpStream>) -> io::Result<()> {
        connection.socket.set_nonblocking(true)?;
        let mut guests = self.waiting.lock();
        if self.waiting.stopping.load(Ordering::Acquire) {
            return Err(io::Error::other("the pool has no workers any more"));
        }
        let place = guests.reserve();
        let event = EpollEvent::new(armed(&connection), place as u64);
        // Under the lock, so that whoever sees it ready finds it in its place.
        match self.waiting.epoll.add(&connection.socket, event) {
            Ok(()) => guests.put(place, Arc::new(Mutex::new(Some(connection)))),
            Err(error) => {
                guests.release(place);
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn stop(&self) {
        self.waiting.stopping.store(true, Ordering::Release);
        if let Err(error) = self.waiting.bell.write(1) {
            tracing::warn!("the workers can't be told to stop: {error}");
        }
        let workers = std::mem::take(&mut *self.workers());
        for worker in workers {
            // A panic in a service was caught long before this.
            let _ = worker.join();
        }
        self.waiting.close();
    }
}

/// Closes the pool when a worker ends.
struct Closing<'a>(&'a Waiting);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Slab<Guest>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets all connections go and takes no more: better closed than never answered.
    fn close(&self) {
        let mut guests = self.lock();
        self.stopping.store(true, Ordering::Release);
        let left = guests.drain();
        // Sockets are closed after the lock is given back.
        drop(guests);
        drop(left);
    }

    /// A worker's life.
    fn work(&self) {
        // Whatever ends it: a stop, a poller that fails, or a panic.
        let _closing = Closing(self);
        let mut chunk = vec![0; CHUNK];
        // One at a time: a second one would have to wait for the first one's service, though
        // another worker might be free.
        let mut event = [EpollEvent::empty()];
        while !self.stopping.load(Ordering::Acquire) {
            // BEGIN SOLUTION stage 3: wait for one that is ready; is it a connection?
            match self.epoll.wait(&mut event, EpollTimeout::NONE) {
                Ok(1) if event[0].data() != BELL => self.serve(event[0].data(), &mut chunk),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => {
                    tracing::error!("a worker can't wait any more: {error}");
                    return;
                }
            }
            // END SOLUTION
        }
    }

    /// Gives a connection that is ready its turn, and lets it wait again.
    fn serve(&self, token: u64, chunk: &mut [u8]) {
        let place = usize::try_from(token).unwrap_or(usize::MAX);
        let Some(guest) = self.lock().get_mut(place).cloned() else {
            return;
        };
        let mut guest = guest.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = &mut *guest else {
            return;
        };
        // BEGIN SOLUTION stage 3: a turn; over, or to be watched again? By whom can it be seen then?
        turn::take(connection, chunk);
        let mut is_over = connection.is_over();
        if !is_over {
            // Whoever is told of it at once waits for the guest's lock, which is held until here.
            let mut event = EpollEvent::new(armed(connection), token);
            is_over = self.epoll.modify(&connection.socket, &mut event).is_err();
        }
        if is_over {
            // Closing the socket takes it out of the poller.
            *guest = None;
            self.lock().release(place);
        }
        // END SOLUTION
    }
}

/// What a connection waits for; told once.
fn armed(connection: &Connection<TcpStream>) -> EpollFlags {
    turn::interest(connection) | EpollFlags::EPOLLONESHOT
}
