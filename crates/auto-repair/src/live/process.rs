//! One real process: started with pipes around it, listened to, and signalled.

use std::env;
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use labkit::process::Child;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::HEARTBEAT;
use super::probe::Probe;
use crate::error::Error;
use crate::plan::{Liveness, Service};
use crate::supervisor::{Exit, Run};

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// How much is read at most of what an ended process left in a pipe: twice what a pipe holds.
const LEFTOVER: usize = 128 * 1024;

/// A running process and what comes out of it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) run: Run,
    /// Its standard output and its standard error, while they are open.
    pub(super) outputs: [Option<File>; 2],
    pub(super) beats: Option<PipeReader>,
    pub(super) probe: Option<Probe>,
    /// Where it said that it listens.
    pub(super) address: Option<SocketAddr>,
}

impl Process {
    /// Starts a service's program, the leader of a process group that ends with this program.
    pub(super) fn start(service: &Service, run: Run) -> io::Result<Self> {
        // BEGIN SOLUTION stage 5: pipes around it, one of them for heartbeats; the child inherits it
        let (program, arguments) = service
            .command
            .split_first()
            .ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(
                service
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(folder) = &service.folder {
            command.current_dir(folder);
        }
        let mut beats = None;
        let mut inherited = None;
        if let Some(Liveness::Heartbeat { .. }) = service.liveness {
            let (theirs, ours) = io::pipe()?;
            // A program that is started by another thread just now may inherit it as well. It does
            // no harm there: nobody waits for this pipe's end.
            fcntl(&ours, FcntlArg::F_SETFD(FdFlag::empty()))?;
            command.env(HEARTBEAT, ours.as_raw_fd().to_string());
            (beats, inherited) = (Some(theirs), Some(ours));
        }
        let mut child = Child::spawn(command)?;
        drop(inherited);
        let out = child.take_stdout().map(OwnedFd::from);
        let err = child.take_stderr().map(OwnedFd::from);
        Ok(Process {
            outputs: [out, err].map(|end| end.map(File::from)),
            child,
            run,
            beats,
            probe: None,
            address: None,
        })
        // END SOLUTION
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has; what it left in its group is killed then.
    pub(super) fn exit(&mut self) -> Option<Exit> {
        // BEGIN SOLUTION stage 5: reap it, and say whether it was a code or a signal
        let status = match self.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => status,
            Err(error) => return Some(Exit::NotStarted(format!("it was lost: {error}"))),
        };
        let signal = status.signal().unwrap_or_default();
        Some(status.code().map_or(Exit::Signal(signal), Exit::Code))
        // END SOLUTION
    }

    /// Sends a signal to the whole group. It must not have been reaped: the number may be another's.
    pub(super) fn signal(&self, signal: Signal) {
        // BEGIN SOLUTION stage 5: to the group, which has the process's number
        let Ok(group) = i32::try_from(self.id()) else {
            return;
        };
        // An error says that there is no one left to be told.
        let _ = killpg(Pid::from_raw(group), signal);
        // END SOLUTION
    }

    /// What can be read now of an output; it isn't read again when it has ended.
    pub(super) fn read(&mut self, is_error: bool) -> Vec<u8> {
        let output = &mut self.outputs[usize::from(is_error)];
        let mut chunk = vec![0; CHUNK];
        let read = output
            .as_mut()
            .map_or(Ok(0), |output| output.read(&mut chunk));
        match &read {
            Ok(0) => *output = None,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => *output = None,
            _ => {}
        }
        chunk.truncate(read.unwrap_or(0));
        chunk
    }

    /// What an ended process left in an output. Somebody who left the group may hold it open and isn't
    /// waited for.
    pub(super) fn read_rest(&mut self, is_error: bool) -> Vec<u8> {
        let mut rest = Vec::new();
        while rest.len() < LEFTOVER
            && let Some(output) = &self.outputs[usize::from(is_error)]
        {
            let mut polled = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
            if !matches!(poll(&mut polled, PollTimeout::ZERO), Ok(1)) {
                break;
            }
            rest.extend(self.read(is_error));
        }
        rest
    }

    /// Reads heartbeats, and says whether there were any.
    pub(super) fn has_beaten(&mut self) -> bool {
        let mut chunk = [0; 256];
        let read = self
            .beats
            .as_mut()
            .map_or(Ok(0), |beats| beats.read(&mut chunk));
        if let Ok(0) = read {
            self.beats = None;
        }
        read.is_ok_and(|read| read > 0)
    }
}

/// Checks that every service's program is there.
pub(super) fn check_programs(services: &[Service]) -> Result<(), Error> {
    for service in services {
        let program = service.command.first().map_or("", String::as_str);
        let folder = service.folder.as_deref().unwrap_or(Path::new(""));
        find_program(program, folder).ok_or_else(|| Error::Program {
            service: service.name.clone(),
            program: program.to_owned(),
        })?;
    }
    Ok(())
}

/// Where a program is: a path (from `folder`, if it is relative), or a name to be found on PATH.
#[must_use]
pub fn find_program(program: &str, folder: &Path) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        let about = path.metadata();
        about.is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return Some(folder.join(program)).filter(is_program);
    }
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path).map(|place| place.join(program));
    places.find(is_program)
}
