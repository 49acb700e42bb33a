//! As much of HTTP/1.1 as a worker and its balancer need: GET, no bodies, connections kept open.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// The longest head of a request or an answer, in bytes.
pub const MAX_HEAD: usize = 8 * 1024;

/// What came out of reading a head.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// A whole one, without its empty line.
    Whole(String),
    /// The other side closed between two heads.
    Closed,
    /// It is longer than [`MAX_HEAD`], or not text.
    Bad,
}

/// A connection, with what was read beyond the last head.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Wraps a stream; answers go out at once, however short.
    ///
    /// # Errors
    /// If the stream is broken.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Reads up to and including the next empty line.
    ///
    /// # Errors
    /// If the connection breaks, within a head too; with `WouldBlock` or `TimedOut` at the stream's
    /// read timeout, after which it can be called again.
    pub fn read_head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).take(end).collect();
                return Ok(String::from_utf8(head).map_or(Head::Bad, Head::Whole));
            }
            if self.buffer.len() > MAX_HEAD {
                return Ok(Head::Bad);
            }
            let mut chunk = [0; 1024];
            match self.stream.read(&mut chunk)? {
                0 if self.buffer.is_empty() => return Ok(Head::Closed),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the connection breaks.
    pub fn send(&mut self, message: &str) -> io::Result<()> {
        self.stream.write_all(message.as_bytes())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|at| at == wanted)
}

/// What is wrong with a request, as a status line; none if it is one to be served.
#[must_use]
pub fn refusal(head: &str) -> Option<&'static str> {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or("").split(' ');
    let (method, target, version) = (first.next(), first.next(), first.next());
    if version != Some("HTTP/1.1") || !target.is_some_and(|target| target.starts_with('/')) {
        return Some("400 Bad Request");
    }
    if method != Some("GET") {
        return Some("405 Method Not Allowed");
    }
    let has_body = lines.any(|line| {
        let name = line.split(':').next().unwrap_or("").trim();
        name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("transfer-encoding")
    });
    has_body.then_some("413 Content Too Large")
}

/// An answer without a body.
#[must_use]
pub fn answer(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
}
