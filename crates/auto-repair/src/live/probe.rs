//! Asking a service over HTTP whether it is well, without ever waiting for it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::PollFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, socket};

/// How much of an answer is read: its status is in the first line.
const ENOUGH: usize = 64;

/// Where and what a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) address: SocketAddr,
    pub(super) path: String,
}

impl Question {
    /// `target` is a path at the announced address, or an address and a path.
    pub(super) fn new(target: &str, announced: Option<SocketAddr>) -> Option<Self> {
        let (host, path) = target.split_at(target.find('/')?);
        let address = match host {
            "" => announced?,
            host => host.parse().ok()?,
        };
        Some(Question {
            address,
            path: path.to_owned(),
        })
    }
}

/// The address in a line such as `listening on http://127.0.0.1:8080`.
pub(super) fn announced(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    let end = rest.find(['/', ' ']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// A question on its way.
#[derive(Debug)]
pub(super) struct Probe {
    stream: TcpStream,
    /// What is still to be sent.
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Probe {
    /// Begins to connect.
    pub(super) fn begin(question: &Question) -> io::Result<Self> {
        // BEGIN SOLUTION stage 5: a socket that doesn't block, and whose connect goes on by itself
        let family = match question.address {
            SocketAddr::V4(_) => AddressFamily::Inet,
            SocketAddr::V6(_) => AddressFamily::Inet6,
        };
        let socket = socket(family, SockType::Stream, SockFlag::empty(), None)?;
        fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        fcntl(&socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        match connect(socket.as_raw_fd(), &SockaddrStorage::from(question.address)) {
            Ok(()) | Err(Errno::EINPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let Question { address, path } = question;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        Ok(Probe {
            stream: TcpStream::from(socket),
            request: request.into_bytes(),
            answer: Vec::new(),
        })
        // END SOLUTION
    }

    pub(super) fn waits_for(&self) -> (BorrowedFd<'_>, PollFlags) {
        let flags = if self.request.is_empty() {
            PollFlags::POLLIN
        } else {
            PollFlags::POLLOUT
        };
        (self.stream.as_fd(), flags)
    }

    /// Goes on as far as it can; the verdict, if there is one.
    pub(super) fn advance(&mut self) -> Option<bool> {
        // BEGIN SOLUTION stage 5: send the rest, or read until the status is there
        if !self.request.is_empty() {
            match self.stream.write(&self.request) {
                Ok(sent) => drop(self.request.drain(..sent)),
                Err(error) if is_patience(&error) => {}
                Err(_) => return Some(false),
            }
            return None;
        }
        let mut chunk = [0; ENOUGH];
        match self.stream.read(&mut chunk) {
            Ok(0) => return Some(is_good(&self.answer).unwrap_or(false)),
            Ok(read) => self.answer.extend_from_slice(&chunk[..read]),
            Err(error) if is_patience(&error) => return None,
            Err(_) => return Some(false),
        }
        let verdict = is_good(&self.answer);
        verdict.or_else(|| (self.answer.len() >= ENOUGH).then_some(false))
        // END SOLUTION
    }
}

fn is_patience(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::NotConnected
    )
}

/// Whether an answer's status is one of 200 to 399; none if it isn't there yet.
fn is_good(answer: &[u8]) -> Option<bool> {
    let text = str::from_utf8(answer).unwrap_or("");
    let (_, status) = text.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let status = status.get(..3)?;
    Some(
        status
            .parse::<u16>()
            .is_ok_and(|status| (200..400).contains(&status)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_an_announcement() {
        let address: SocketAddr = "192.0.2.1:80".parse().expect("an address");
        for line in [
            "listening on http://192.0.2.1:80",
            "x: listening on http://192.0.2.1:80/ now",
        ] {
            assert_eq!(announced(line), Some(address), "{line}");
        }
        assert_eq!(announced("listening on http://somewhere"), None);
        let question = Question::new("/health?deep=1", Some(address)).expect("a question");
        assert_eq!(
            (question.address, question.path.as_str()),
            (address, "/health?deep=1")
        );
        assert_eq!(Question::new("/health", None), None);
        assert_eq!(
            Question::new("192.0.2.1:80/a", None).map(|q| q.address),
            Some(address)
        );
    }

    #[test]
    fn the_status_decides() {
        let cases: [(&[u8], Option<bool>); 6] = [
            (b"HTTP/1.1 200 OK\r\n", Some(true)),
            (b"HTTP/1.0 302 Found\r\n", Some(true)),
            (b"HTTP/1.1 503 Service", Some(false)),
            (b"HTTP/1.1 20", None),
            (b"SSH-2.0 ", None),
            (b"", None),
        ];
        for (answer, expected) in cases {
            assert_eq!(
                is_good(answer),
                expected,
                "{}",
                String::from_utf8_lossy(answer)
            );
        }
    }
}
