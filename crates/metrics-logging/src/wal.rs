//! The write-ahead log: what is acknowledged is on disk before.
//!
//! Writers append under a lock and then wait together. The first to wait writes what all of them
//! appended and syncs it once, while the next ones gather behind: *group commit* (DeWitt et al.,
//! SIGMOD 1984). So the number of syncs follows the disk's speed, not the number of writers.
//!
//! A [`Frame`](frame) carries its length and checksum; a frame that a crash cut short is found by them
//! and forgotten, which is right, for nobody was told that it is kept.

pub mod frame;

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard};

/// Where a log's bytes go.
pub trait Sink {
    /// Appends bytes; they may still be lost in a crash.
    ///
    /// # Errors
    /// If they can't be written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns once everything that was appended survives a crash.
    ///
    /// # Errors
    /// If that can't be had.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A position in the log: how many bytes were appended to it since the start of the program.
pub type Position = u64;

/// The log failed to write once and takes nothing more: what is on disk is no longer known.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the log can't be written ({0}); make room or repair the disk, then start again")]
pub struct Broken(pub String);

/// A log that several threads append to.
#[derive(Debug)]
pub struct Wal<S> {
    /// Guards everything. It isn't held while bytes are written: the sink is taken out meanwhile.
    state: Mutex<State<S>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<S> {
    /// None while somebody writes with it.
    sink: Option<S>,
    /// Frames that nobody has begun to write.
    pending: Vec<u8>,
    appended: Position,
    durable: Position,
    syncs: u64,
    broken: Option<Broken>,
}

impl<S: Sink> Wal<S> {
    /// A log into this sink.
    #[must_use]
    pub fn new(sink: S) -> Self {
        Wal {
            state: Mutex::new(State {
                sink: Some(sink),
                pending: Vec::new(),
                appended: 0,
                durable: 0,
                syncs: 0,
                broken: None,
            }),
            changed: Condvar::new(),
        }
    }

    /// Appends a frame with this payload, and says where it ends. It isn't durable yet.
    ///
    /// # Errors
    /// If the log is broken.
    pub fn append(&self, payload: &[u8]) -> Result<Position, Broken> {
        let mut state = self.lock();
        state.whole()?;
        let before = state.pending.len();
        frame::seal(payload, &mut state.pending);
        state.appended += (state.pending.len() - before) as u64;
        Ok(state.appended)
    }

    /// Waits until the log is durable up to a position, and does the work if nobody else does.
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn wait_durable(&self, position: Position) -> Result<(), Broken> {
        let mut state = self.lock();
        // BEGIN SOLUTION stage 3: done? broken? else lead, if the sink is there, or wait for who leads
        while state.durable < position {
            state.whole()?;
            state = match state.sink.take() {
                Some(sink) => self.lead(state, sink),
                None => self.wait(state),
            };
        }
        Ok(())
        // END SOLUTION
    }

    /// Writes and syncs what is pending, without the lock, and gives the sink back.
    fn lead<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<S>>,
        mut sink: S,
    ) -> MutexGuard<'a, State<S>> {
        // BEGIN SOLUTION stage 3: take the pending bytes, let go of the lock, write, sync, tell everyone
        let batch = std::mem::take(&mut state.pending);
        let end = state.appended;
        drop(state);
        let written = sink.append(&batch).and_then(|()| sink.sync());
        let mut state = self.lock();
        state.sink = Some(sink);
        state.syncs += 1;
        match written {
            Ok(()) => state.durable = end,
            // After a failed sync the system may have dropped the pages: to try again would lie.
            Err(error) => state.broken = Some(Broken(error.to_string())),
        }
        self.changed.notify_all();
        state
        // END SOLUTION
    }

    /// Makes everything durable and goes on in another sink. Nobody may append meanwhile.
    ///
    /// # Errors
    /// If the log can't be written; it then stays where it is.
    pub fn rotate(&self, next: S) -> Result<(), Broken> {
        let end = self.lock().appended;
        self.wait_durable(end)?;
        let mut state = self.lock();
        while state.sink.is_none() {
            state = self.wait(state);
        }
        state.sink = Some(next);
        Ok(())
    }

    /// How many bytes were appended, and how many times they were synced.
    #[must_use]
    pub fn counts(&self) -> (Position, u64) {
        let state = self.lock();
        (state.appended, state.syncs)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<S>>) -> MutexGuard<'a, State<S>> {
        self.changed
            .wait(state)
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<S> State<S> {
    fn whole(&self) -> Result<(), Broken> {
        self.broken.clone().map_or(Ok(()), Err)
    }
}
