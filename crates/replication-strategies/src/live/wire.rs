//! What nodes say to each other: a line, and after it the bytes that the line announces.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// The longest line, in bytes.
pub const MOST_LINE: u64 = 128;

/// The longest body, in bytes.
pub const MOST_BODY: usize = 16 << 20;

/// What a node is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send an object's file: `GET 7`.
    Get(u32),
    /// Keep the file that follows, unless there is a newer one: `PUT 7 16384`.
    Put(u32, usize),
    /// Delete a file: `DROP 7`.
    Drop(u32),
    /// Delete a file that is older than a version: `VOID 7 3`.
    Void(u32, u32),
    /// Get a file from another node, send it, and perhaps keep it: `FETCH 7 keep ADDRESS`.
    Fetch(u32, bool, SocketAddr),
    /// Put the own file to another node: `PUSH 7 ADDRESS`.
    Push(u32, SocketAddr),
    /// Tell another node that it holds an old version: `TELL 7 3 ADDRESS`.
    Tell(u32, u32, SocketAddr),
    /// Put what follows to another node: `SEND 7 16384 ADDRESS`.
    Send(u32, usize, SocketAddr),
}

impl Command {
    /// Reads a line; none if it is no command.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (verb, rest) = words.split_first()?;
        let object = rest.first()?.parse().ok()?;
        let bytes = |text: &str| text.parse().ok().filter(|bytes| *bytes <= MOST_BODY);
        let command = match (*verb, &rest[1..]) {
            ("GET", []) => Command::Get(object),
            ("PUT", [length]) => Command::Put(object, bytes(length)?),
            ("DROP", []) => Command::Drop(object),
            ("VOID", [version]) => Command::Void(object, version.parse().ok()?),
            ("FETCH", [keep @ ("keep" | "pass"), address]) => {
                Command::Fetch(object, *keep == "keep", loopback(address)?)
            }
            ("PUSH", [address]) => Command::Push(object, loopback(address)?),
            ("TELL", [version, address]) => {
                Command::Tell(object, version.parse().ok()?, loopback(address)?)
            }
            ("SEND", [length, address]) => {
                Command::Send(object, bytes(length)?, loopback(address)?)
            }
            _ => return None,
        };
        Some(command)
    }

    /// How many bytes follow the line.
    #[must_use]
    pub fn body(self) -> usize {
        match self {
            Command::Put(_, bytes) | Command::Send(_, bytes, _) => bytes,
            _ => 0,
        }
    }
}

/// An address that a node may be sent to: it must never become a way to reach anything else.
fn loopback(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    address.ip().is_loopback().then_some(address)
}

/// A connection to a node, or to the link that leads to it.
#[derive(Debug)]
pub struct Conversation(BufReader<TcpStream>);

impl Conversation {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn with(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&address, PATIENCE)?)
    }

    /// Takes over a connection.
    ///
    /// # Errors
    /// If it is broken.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Conversation(BufReader::new(stream)))
    }

    /// The connection itself.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    /// Asks and waits for the answer: the bytes, or none if the node hasn't got them.
    ///
    /// # Errors
    /// If the connection breaks, or the answer is none.
    pub fn ask(&mut self, line: &str, body: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.send(line, body)?;
        let answer = self.line()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match answer.split_once(' ') {
            Some(("OK", length)) => {
                let length = length.parse().ok().filter(|length| *length <= MOST_BODY);
                let length = length.ok_or(io::ErrorKind::InvalidData)?;
                Ok(Some(self.body(length)?))
            }
            Some(("NO", _)) => Ok(None),
            _ => Err(io::Error::other(format!("a node said {answer:?}"))),
        }
    }

    /// Sends a line and a body at once.
    ///
    /// # Errors
    /// If the connection breaks.
    pub fn send(&mut self, line: &str, body: &[u8]) -> io::Result<()> {
        let message = [line.as_bytes(), b"\n", body].concat();
        self.0.get_mut().write_all(&message)
    }

    /// The next line; none if the other side has closed.
    ///
    /// # Errors
    /// If the connection breaks, or the line is too long.
    pub fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if (&mut self.0).take(MOST_LINE).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.strip_suffix('\n') {
            Some(line) => Ok(Some(line.to_owned())),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line is cut off, or longer than 128 bytes",
            )),
        }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// If the connection breaks before.
    pub fn body(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}
