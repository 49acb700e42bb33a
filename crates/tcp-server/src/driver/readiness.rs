//! A loop on each core: wait until any connection is ready, give each a turn, wait again.
//!
//! Level-triggered: what a turn left undone is told again by the next wait, so no readiness can be
//! missed, and one read a turn is fair. A connection stays on its loop for life: no lock is taken
//! for a message.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::slab::Slab;
use super::{Driver, turn};
use crate::config::Config;
use crate::connection::{CHUNK, Connection};

/// The token of a loop's bell; connections have the numbers of their places.
const BELL: u64 = u64::MAX;
/// How many events are taken with one call.
const EVENTS: usize = 1_024;

/// All loops of a server.
pub(super) struct Loops {
    doors: Vec<Arc<Door>>,
    next: AtomicUsize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Where others leave what is for a loop.
struct Door {
    arrived: Mutex<Vec<Connection<TcpStream>>>,
    stopping: AtomicBool,
    /// Readable when there is something at the door.
    bell: EventFd,
}

/// One loop, in its thread.
struct Loop {
    epoll: Epoll,
    door: Arc<Door>,
    guests: Slab<Guest>,
    chunk: Vec<u8>,
}

struct Guest {
    connection: Connection<TcpStream>,
    /// What the poller was told that it waits for.
    interest: EpollFlags,
}

impl Loops {
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let loops = Loops {
            doors: (0..config.threads)
                .map(|_| Door::new().map(Arc::new))
                .collect::<io::Result<_>>()?,
            next: AtomicUsize::new(0),
            threads: Mutex::default(),
        };
        for (number, door) in loops.doors.iter().enumerate() {
            let started = Loop::new(Arc::clone(door)).and_then(|this| {
                let name = format!("loop {number}");
                thread::Builder::new().name(name).spawn(move || this.run())
            });
            match started {
                Ok(thread) => loops.threads().push(thread),
                Err(error) => {
                    loops.stop();
                    return Err(error);
                }
            }
        }
        Ok(loops)
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for Loops {
    fn take(&self, connection: Connection<TcpStream>) -> io::Result<()> {
        connection.socket.set_nonblocking(true)?;
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let door = &self.doors[turn % self.doors.len()];
        {
            let mut arrived = door.lock();
            if door.stopping.load(Ordering::Acquire) {
                return Err(io::Error::other("this loop has ended"));
            }
            arrived.push(connection);
        }
        door.ring()
    }

    fn stop(&self) {
        for door in &self.doors {
            door.stopping.store(true, Ordering::Release);
            if let Err(error) = door.ring() {
                tracing::warn!("a loop can't be told to stop: {error}");
            }
        }
        let threads = std::mem::take(&mut *self.threads());
        for thread in threads {
            // A panic in a service was caught long before this.
            let _ = thread.join();
        }
    }
}

impl Door {
    fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Ok(Door {
            arrived: Mutex::default(),
            stopping: AtomicBool::new(false),
            bell: EventFd::from_value_and_flags(0, flags)?,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection<TcpStream>>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) -> io::Result<()> {
        self.bell.write(1)?;
        Ok(())
    }
}

impl Loop {
    fn new(door: Arc<Door>) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&door.bell, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        Ok(Loop {
            epoll,
            door,
            guests: Slab::new(),
            chunk: vec![0; CHUNK],
        })
    }

    fn run(mut self) {
        let mut events = vec![EpollEvent::empty(); EVENTS];
        while !self.door.stopping.load(Ordering::Acquire) {
            // BEGIN SOLUTION stage 4: wait for events; which of them are the bell's?
            let ready = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(ready) => ready,
                Err(Errno::EINTR) => continue,
                Err(error) => {
                    tracing::error!("a loop can't wait any more: {error}");
                    return;
                }
            };
            for event in &events[..ready] {
                match event.data() {
                    BELL => self.welcome(),
                    token => self.give_turn(token),
                }
            }
            // END SOLUTION
        }
    }

    /// Takes in who has arrived.
    fn welcome(&mut self) {
        // The bell first: who arrives after the look into `arrived` rings again.
        let _ = self.door.bell.read();
        let arrived = std::mem::take(&mut *self.door.lock());
        for connection in arrived {
            let interest = turn::interest(&connection);
            let place = self.guests.reserve();
            let event = EpollEvent::new(interest, place as u64);
            match self.epoll.add(&connection.socket, event) {
                Ok(()) => self.guests.put(
                    place,
                    Guest {
                        connection,
                        interest,
                    },
                ),
                Err(error) => {
                    tracing::warn!("a connection can't be watched: {error}");
                    self.guests.release(place);
                }
            }
        }
    }

    /// Lets a connection do what it can, and tells the poller if it waits for something else now.
    fn give_turn(&mut self, token: u64) {
        let place = usize::try_from(token).unwrap_or(usize::MAX);
        let Some(guest) = self.guests.get_mut(place) else {
            return;
        };
        // BEGIN SOLUTION stage 4: a turn; then it is over, or waits for the same, or for something else
        turn::take(&mut guest.connection, &mut self.chunk);
        let interest = turn::interest(&guest.connection);
        let mut is_over = guest.connection.is_over();
        if !is_over && interest != guest.interest {
            guest.interest = interest;
            let mut event = EpollEvent::new(interest, token);
            let told = self.epoll.modify(&guest.connection.socket, &mut event);
            is_over = told.is_err();
        }
        if is_over {
            // Closing the socket takes it out of the poller.
            self.guests.release(place);
        }
        // END SOLUTION
    }
}

impl Drop for Loop {
    /// Whatever ends it, a stop, a poller that fails or a panic: who stands at its door is let go,
    /// and nobody is let in any more.
    fn drop(&mut self) {
        let mut arrived = self.door.lock();
        self.door.stopping.store(true, Ordering::Release);
        arrived.clear();
    }
}
