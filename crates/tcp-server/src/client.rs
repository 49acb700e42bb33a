//! A client that waits: one connection, lines out, answers in.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::Error;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn connect(address: SocketAddr) -> Result<Self, Error> {
        let socket = TcpStream::connect_timeout(&address, CONNECT)
            .and_then(|socket| {
                socket.set_nodelay(true)?;
                Ok(socket)
            })
            .map_err(|source| Error::Connect { address, source })?;
        Ok(Client {
            reader: BufReader::new(socket),
        })
    }

    /// Limits how long [`receive`](Client::receive) waits; none waits for ever.
    ///
    /// # Errors
    /// If the limit is zero.
    pub fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.reader.get_ref().set_read_timeout(patience)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut socket = self.reader.get_ref();
        socket.write_all(bytes).map_err(Error::Connection)
    }

    /// The next line that the server says, without its end; none when it has closed.
    ///
    /// # Errors
    /// If the connection is broken, or the patience is at its end.
    pub fn receive(&mut self) -> Result<Option<String>, Error> {
        let mut line = Vec::new();
        let length = self.reader.read_until(b'\n', &mut line);
        if length.map_err(Error::Connection)? == 0 {
            return Ok(None);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some(String::from_utf8_lossy(line).into_owned()))
    }

    /// Sends a line and waits for its answer.
    ///
    /// # Errors
    /// If the connection is broken, or closed before the answer came.
    pub fn ask(&mut self, line: &str) -> Result<String, Error> {
        self.send(format!("{line}\n").as_bytes())?;
        let closed = || Error::Connection(io::ErrorKind::UnexpectedEof.into());
        self.receive()?.ok_or_else(closed)
    }

    /// Says that nothing more will be sent; answers can still be received.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn finish(&mut self) -> Result<(), Error> {
        let socket = self.reader.get_ref();
        socket.shutdown(Shutdown::Write).map_err(Error::Connection)
    }

    /// Carries lines from `input` to the server and its answers to `output`, until the server has
    /// answered all and closed. The two directions don't wait for each other.
    ///
    /// # Errors
    /// If the connection breaks, or `output` can't be written.
    pub fn converse(
        mut self,
        input: impl io::Read + Send + 'static,
        output: &mut impl Write,
    ) -> Result<(), Error> {
        let mut writer = self.reader.get_ref().try_clone()?;
        // It may sleep in a terminal's read when the server closes; so it isn't waited for.
        let _sender = thread::Builder::new()
            .name("sender".to_owned())
            .spawn(move || {
                let sent = io::copy(&mut { input }, &mut writer);
                // Both fail only if the connection is broken, which the reading side will say.
                let _ = sent.and_then(|_| writer.shutdown(Shutdown::Write));
            })?;
        while let Some(line) = self.receive()? {
            writeln!(output, "{line}")?;
            output.flush()?;
        }
        Ok(())
    }
}
