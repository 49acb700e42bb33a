//! A thread for each connection: the kernel remembers where each of them is.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::Driver;
use crate::config::Config;
use crate::connection::Connection;

/// How much a connection's thread reads at once. It is on each thread's heap, so it is smaller than
/// where a few threads serve all.
const CHUNK: usize = 4 * 1024;

pub(super) struct Threads {
    stack_size: usize,
    crew: Arc<Crew>,
}

/// The threads that run. One takes itself off as the last thing it does, so that a server that has
/// seen a million connections doesn't remember a million threads.
#[derive(Default)]
struct Crew(Mutex<State>);

#[derive(Default)]
struct State {
    next: u64,
    running: HashMap<u64, JoinHandle<()>>,
}

impl Threads {
    pub(super) fn new(config: &Config) -> Self {
        Threads {
            stack_size: config.stack_size,
            crew: Arc::default(),
        }
    }
}

impl Driver for Threads {
    fn take(&self, connection: Connection<TcpStream>) -> io::Result<()> {
        // The thread finds itself in the table even if it ends at once, for it needs the lock to
        // take itself off.
        let mut state = self.crew.lock();
        let id = state.next;
        state.next += 1;
        let crew = Arc::clone(&self.crew);
        let thread = thread::Builder::new()
            .name(format!("connection {id}"))
            .stack_size(self.stack_size)
            .spawn(move || {
                serve(connection);
                crew.lock().running.remove(&id);
            })?;
        state.running.insert(id, thread);
        Ok(())
    }

    fn stop(&self) {
        let running = std::mem::take(&mut self.crew.lock().running);
        for thread in running.into_values() {
            // A panic in a service was caught long before this.
            let _ = thread.join();
        }
    }
}

impl Crew {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's life.
fn serve(mut connection: Connection<TcpStream>) {
    let mut chunk = vec![0; CHUNK];
    while !connection.is_over() {
        match step(&mut connection, &mut chunk) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => connection.failed(),
            _ => {}
        }
    }
}

/// Writes what is to be written, or else reads. Who doesn't read blocks the write, and with it the
/// next read: back-pressure comes by itself.
fn step(connection: &mut Connection<TcpStream>, chunk: &mut [u8]) -> io::Result<()> {
    // BEGIN SOLUTION stage 1: answer what there is to answer, else wait for more
    if connection.output().is_empty() {
        // No bytes are the end of the input.
        let length = connection.socket.read(chunk)?;
        connection.received(&chunk[..length]);
    } else {
        let length = (&connection.socket).write(connection.output())?;
        connection.sent(length);
    }
    Ok(())
    // END SOLUTION
}
