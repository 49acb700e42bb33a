//! A fixed number of workers for any number of connections.
//!
//! A worker that slept in one connection's `read` would be lost to all others, and a pool of eight
//! would serve eight. So connections wait in one `epoll` that all workers share, and a worker takes
//! one that is ready, serves what has arrived, and puts it back. `EPOLLONESHOT` makes sure that no
//! two workers have the same one. The kernel's list of ready connections is the pool's queue; it is
//! bounded, because the connections are.
//!
//! Against the loops, a message costs one system call and two short locks more. What it buys is that
//! the service may block: a connection isn't bound to a worker, so whoever is free takes the next.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;
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

pub(super) struct Pool {
    waiting: Arc<Waiting>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// What the workers share.
struct Waiting {
    epoll: Epoll,
    /// Connections that nobody serves at the moment. The lock is held to take one out or put one
    /// back, never while it is served.
    connections: Mutex<Slab<Connection<TcpStream>>>,
    /// Rung once, to wake every worker for good.
    bell: EventFd,
    stopping: AtomicBool,
}

impl Pool {
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let waiting = Waiting {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            connections: Mutex::new(Slab::new()),
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
        let mut connections = self.waiting.lock();
        let place = connections.reserve();
        let event = EpollEvent::new(armed(&connection), place as u64);
        // Under the lock, so that whoever sees it ready finds it in its place.
        match self.waiting.epoll.add(&connection.socket, event) {
            Ok(()) => connections.put(place, connection),
            Err(error) => {
                connections.release(place);
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
        // Dropped after the lock is given back.
        let left = self.waiting.lock().drain();
        drop(left);
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Slab<Connection<TcpStream>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker's life.
    fn work(&self) {
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

    /// Takes a connection that is ready, gives it a turn, and lets it wait again.
    fn serve(&self, token: u64, chunk: &mut [u8]) {
        let place = usize::try_from(token).unwrap_or(usize::MAX);
        let Some(mut connection) = self.lock().take(place) else {
            return;
        };
        // BEGIN SOLUTION stage 3: a turn; then over, or back to its place; when is it armed again?
        turn::take(&mut connection, chunk);
        if connection.is_over() {
            drop(connection);
            self.lock().release(place);
            return;
        }
        let mut event = EpollEvent::new(armed(&connection), token);
        // Back in its place before it can be told ready again, both under the lock.
        let mut connections = self.lock();
        let told = self.epoll.modify(connection.socket.as_fd(), &mut event);
        match told {
            Ok(()) => connections.put(place, connection),
            Err(error) => {
                tracing::warn!("a connection can't be watched any more: {error}");
                connections.release(place);
            }
        }
        // END SOLUTION
    }
}

/// What a connection waits for; told once.
fn armed(connection: &Connection<TcpStream>) -> EpollFlags {
    turn::interest(connection) | EpollFlags::EPOLLONESHOT
}
