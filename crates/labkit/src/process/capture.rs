//! A child's output read as it comes, kept in bounded memory.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitStatus;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Child, Excerpt};
use crate::clock::Deadline;

/// How much of a pipe is read at once: what a Linux pipe holds.
const CHUNK: usize = 64 * 1024;

/// How long it takes at most until an end, a deadline or a watcher's word is noticed, in
/// milliseconds.
const TICK: u8 = 20;

/// How long the pipes of an ended group may stay open: only a process that left the group can
/// hold them, and it isn't waited for.
const LINGER: Duration = Duration::from_millis(500);

/// How to capture a child's output.
#[derive(Clone, Debug)]
pub struct Capture {
    /// How many bytes to keep of each of the two streams.
    pub limit: usize,
    /// What to do when both streams together exceed `limit`.
    pub when_full: WhenFull,
    /// How long the program may run.
    pub timeout: Duration,
}

/// What to do with a child that prints more than is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// Go on reading, keep the head and the tail.
    Drain,
    /// Kill it.
    Kill,
}

/// What a child printed and how it ended.
#[derive(Clone, Debug)]
pub struct Captured {
    /// How it ended.
    pub end: End,
    /// What it wrote to its standard output.
    pub stdout: Excerpt,
    /// What it wrote to its standard error.
    pub stderr: Excerpt,
}

/// How a captured child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, or by someone else's signal.
    Exited(ExitStatus),
    /// It was killed at the time limit.
    TimedOut,
    /// It was killed because it printed too much.
    Flooded,
}

impl Child {
    /// Reads what the program prints on its piped streams until it ends, within bounds.
    ///
    /// # Errors
    /// If the pipes can't be read, or someone else has reaped the process. The child is then
    /// stopped.
    pub fn capture(self, how: &Capture) -> io::Result<Captured> {
        let (end, stdout, stderr) = self.capture_watched(how, |_| None::<Infallible>)?;
        let Ok(end) = end;
        Ok(Captured {
            end,
            stdout,
            stderr,
        })
    }

    /// As [`capture`](Self::capture); `look` is called every few milliseconds with the child's id
    /// and may have it killed by answering why.
    pub(crate) fn capture_watched<T>(
        mut self,
        how: &Capture,
        mut look: impl FnMut(u32) -> Option<T>,
    ) -> io::Result<(Result<End, T>, Excerpt, Excerpt)> {
        let out = self.take_stdout().map(OwnedFd::from);
        let err = self.take_stderr().map(OwnedFd::from);
        let mut streams = [Stream::new(out, how.limit), Stream::new(err, how.limit)];
        let deadline = Deadline::after(how.timeout);
        let end = loop {
            if let Some(status) = self.try_wait()? {
                break Ok(End::Exited(status));
            }
            if deadline.expired() {
                break Ok(End::TimedOut);
            }
            if how.when_full == WhenFull::Kill && is_flood(&streams, how.limit) {
                break Ok(End::Flooded);
            }
            if let Some(reason) = look(self.id()) {
                break Err(reason);
            }
            if streams.iter().any(Stream::is_open) {
                read_ready(&mut streams)?;
            } else {
                self.wait_timeout(Duration::from_millis(TICK.into()))?;
            }
        };
        self.kill()?;
        read_rest(&mut streams)?;
        let full = how.when_full == WhenFull::Kill && is_flood(&streams, how.limit);
        let [out, err] = streams;
        let end = match end {
            // It printed the last of it faster than it was read.
            Ok(End::Exited(_)) if full => Ok(End::Flooded),
            end => end,
        };
        Ok((end, out.kept, err.kept))
    }
}

/// What is still in the pipes of an ended group. A flood was interrupted and isn't read to its end,
/// which is at most a pipe's content away.
fn read_rest(streams: &mut [Stream; 2]) -> io::Result<()> {
    let deadline = Deadline::after(LINGER);
    while streams.iter().any(Stream::is_open) && !deadline.expired() {
        read_ready(streams)?;
    }
    Ok(())
}

fn is_flood(streams: &[Stream; 2], limit: usize) -> bool {
    let total: u64 = streams.iter().map(|stream| stream.kept.total()).sum();
    total > limit as u64
}

/// Waits for a tick at most until something can be read, and reads it.
fn read_ready(streams: &mut [Stream; 2]) -> io::Result<()> {
    let mut open: Vec<&mut Stream> = streams.iter_mut().filter(|s| s.is_open()).collect();
    let mut polled: Vec<PollFd> = open
        .iter()
        .filter_map(|stream| stream.pipe.as_ref())
        .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN))
        .collect();
    match poll(&mut polled, PollTimeout::from(TICK)) {
        Ok(_) => (),
        Err(Errno::EINTR) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let ready: Vec<bool> = polled.iter().map(|p| p.any().unwrap_or(true)).collect();
    for (stream, _) in open.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
        stream.read()?;
    }
    Ok(())
}

/// One of the program's two streams, and what was kept of it.
struct Stream {
    /// None once the stream has ended.
    pipe: Option<File>,
    kept: Excerpt,
}

impl Stream {
    fn new(pipe: Option<OwnedFd>, limit: usize) -> Self {
        Stream {
            pipe: pipe.map(File::from),
            kept: Excerpt::new(limit),
        }
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Reads once; called when a read doesn't block.
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; CHUNK];
        let Some(pipe) = &mut self.pipe else {
            return Ok(());
        };
        match pipe.read(&mut chunk) {
            Ok(0) => self.pipe = None,
            Ok(length) => self.kept.push(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
