//! An operator's socket: one line asks, some lines answer.
//!
//! The words are `status`, `tree`, `logs NAME`, `restart NAME`, `stop NAME` and `stop`. An answer begins
//! with a line that is `ok`, or `error: ` and why; it ends with the connection. Only the user who started
//! the supervisor may connect.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use labkit::clock::Deadline;
use labkit::report::Table;
use nix::poll::PollFlags;

use super::polling::{Polling, Source};
use super::{Answer, Request, Row};
use crate::error::Error;

/// The longest request, in bytes.
const LONGEST: usize = 256;

/// How many operators may be connected at once.
const MOST: usize = 16;

/// How long an operator may take to ask and to read the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an answer may be in coming: a stop waits for all grace to be over.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// The socket and who is connected.
#[derive(Debug)]
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
    operators: Vec<Operator>,
}

#[derive(Debug)]
struct Operator {
    stream: UnixStream,
    asked: Vec<u8>,
    /// What is still to be sent; none before the question is complete.
    answer: Option<Vec<u8>>,
    /// The connection lasts until everything has ended, which is what was asked for.
    lasts: bool,
    until: Deadline,
}

impl Control {
    /// Listens at a path; a socket that a killed supervisor left there is replaced.
    pub(super) fn listen(path: PathBuf) -> Result<Self, Error> {
        // BEGIN SOLUTION stage 6: in use, or left over? nobody but the user may connect
        // A file that is no socket is not ours to remove: the bind below says that it is in the way.
        let is_socket = |about: fs::Metadata| about.file_type().is_socket();
        if fs::symlink_metadata(&path).is_ok_and(is_socket) {
            match UnixStream::connect(&path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    fs::remove_file(&path).map_err(Error::system("cannot remove an old socket"))?;
                }
                _ => return Err(Error::InUse { path }),
            }
        }
        let failed = Error::system("cannot listen on the socket");
        let listener = UnixListener::bind(&path).map_err(&failed)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(&failed)?;
        listener.set_nonblocking(true).map_err(&failed)?;
        Ok(Control {
            listener,
            path,
            operators: Vec::new(),
        })
        // END SOLUTION
    }

    pub(super) fn poll<'a>(&'a self, polling: &mut Polling<'a>) {
        if self.operators.len() < MOST {
            polling.add(Source::Operators, self.listener.as_fd(), PollFlags::POLLIN);
        }
        for (at, operator) in self.operators.iter().enumerate() {
            let flags = match &operator.answer {
                Some(answer) if !answer.is_empty() => PollFlags::POLLOUT,
                // It says nothing more that matters, but it may hang up.
                _ => PollFlags::POLLIN,
            };
            polling.add(Source::Operator(at), operator.stream.as_fd(), flags);
        }
    }

    /// When the first operator's time is over.
    pub(super) fn patience(&self) -> Option<Duration> {
        let bounded = self.operators.iter().filter(|operator| !operator.lasts);
        bounded.map(|operator| operator.until.remaining()).min()
    }

    /// Goes on with what can go on; whoever is done, gone or too slow is let go.
    pub(super) fn hear(
        &mut self,
        source: Source,
        answer: impl FnMut(Request) -> Result<Answer, Error>,
    ) {
        match source {
            Source::Operators => {
                if let Ok((stream, _)) = self.listener.accept()
                    && stream.set_nonblocking(true).is_ok()
                {
                    self.operators.push(Operator::new(stream));
                }
            }
            Source::Operator(at) => {
                if let Some(operator) = self.operators.get_mut(at)
                    && operator.go_on(answer).is_err()
                {
                    operator.until = Deadline::after(Duration::ZERO);
                    operator.lasts = false;
                }
            }
            _ => {}
        }
    }

    /// Lets those go whose time is over; places of the others may change.
    pub(super) fn let_go(&mut self) {
        self.operators
            .retain(|operator| operator.lasts || !operator.until.expired());
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Somebody may have removed it; it is gone either way.
        let _ = fs::remove_file(&self.path);
    }
}

impl Operator {
    fn new(stream: UnixStream) -> Self {
        Operator {
            stream,
            asked: Vec::new(),
            answer: None,
            lasts: false,
            until: Deadline::after(PATIENCE),
        }
    }

    /// Reads, answers, writes; an error says that the connection is to be closed, in whichever way.
    fn go_on(&mut self, answer: impl FnOnce(Request) -> Result<Answer, Error>) -> io::Result<()> {
        if self.answer.is_none() {
            self.read(answer)?;
        }
        let Some(rest) = self.answer.as_mut().filter(|rest| !rest.is_empty()) else {
            // Nothing to say: then it was a reader that hung up, or spoke out of turn.
            return match self.stream.read(&mut [0; 64]) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
                _ => Ok(()),
            };
        };
        match self.stream.write(rest) {
            Ok(sent) => drop(rest.drain(..sent)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        match &self.answer {
            Some(rest) if rest.is_empty() && !self.lasts => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }

    fn read(&mut self, answer: impl FnOnce(Request) -> Result<Answer, Error>) -> io::Result<()> {
        let mut chunk = [0; LONGEST];
        match self.stream.read(&mut chunk) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.asked.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        let end = self.asked.iter().position(|byte| *byte == b'\n');
        if end.is_none() && self.asked.len() <= LONGEST {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&self.asked[..end.unwrap_or(LONGEST)]).into_owned();
        let request = parse(line.trim());
        self.lasts = matches!(request, Ok(Request::Shutdown));
        let text = match request.and_then(answer) {
            Ok(answer) => format!("ok\n{}", render(&answer)),
            Err(error) => format!("error: {error}\n"),
        };
        self.answer = Some(text.into_bytes());
        Ok(())
    }
}

/// What a line asks for.
fn parse(line: &str) -> Result<Request, Error> {
    // BEGIN SOLUTION stage 6: a word, and for some of them a name
    let mut words = line.split_whitespace();
    let (word, name, more) = (words.next(), words.next(), words.next());
    let request = match (word, name.map(str::to_owned)) {
        (Some("status"), None) => Some(Request::Status),
        (Some("tree"), None) => Some(Request::Tree),
        (Some("logs"), Some(name)) => Some(Request::Logs(name)),
        (Some("restart"), Some(name)) => Some(Request::Restart(name)),
        (Some("stop"), Some(name)) => Some(Request::Stop(name)),
        (Some("stop"), None) => Some(Request::Shutdown),
        _ => None,
    };
    let refusal = "say status, tree, logs NAME, restart NAME, stop NAME or stop";
    request
        .filter(|_| more.is_none())
        .ok_or_else(|| Error::Refused(refusal.to_owned()))
    // END SOLUTION
}

fn render(answer: &Answer) -> String {
    match answer {
        Answer::Rows(rows) => format!("{}\n", table(rows).to_terminal()),
        Answer::Picture(picture) => picture.clone(),
        Answer::Lines(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
        Answer::Done(services) => match services.len() {
            1 => "1 service\n".to_owned(),
            many => format!("{many} services\n"),
        },
    }
}

/// The rows of a status as a table.
#[must_use]
pub fn table(rows: &[Row]) -> Table {
    let head = [
        "service",
        "state",
        "pid",
        "process",
        "failures",
        "last failure",
        "address",
    ];
    let mut table = Table::new(head);
    for row in rows {
        let none = || "–".to_owned();
        let status = &row.status;
        table = table.row([
            status.name.clone(),
            status.state.to_string(),
            row.pid.map_or_else(none, |pid| pid.to_string()),
            status.run.to_string(),
            status.failures.to_string(),
            status
                .last_cause
                .as_ref()
                .map_or_else(none, ToString::to_string),
            row.address.clone().unwrap_or_else(none),
        ]);
    }
    table
}

/// Asks the supervisor behind a socket, and gives back what it answers.
///
/// # Errors
/// If nobody listens there, it refuses, or it doesn't answer.
pub fn ask(path: &Path, request: &str) -> Result<String, Error> {
    let absent = |source| Error::NoSupervisor {
        path: path.to_owned(),
        source,
    };
    let mut stream = UnixStream::connect(path).map_err(absent)?;
    stream
        .set_read_timeout(Some(ANSWER_WITHIN))
        .map_err(absent)?;
    stream
        .write_all(format!("{request}\n").as_bytes())
        .map_err(absent)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(absent)?;
    match answer.split_once('\n') {
        Some(("ok", rest)) => Ok(rest.to_owned()),
        Some((refusal, _)) => Err(Error::Refused(
            refusal.trim_start_matches("error: ").to_owned(),
        )),
        None => Err(Error::Ended),
    }
}
