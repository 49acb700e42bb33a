//! TCP on the executor's own reactor: listeners and streams whose operations are awaited.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, connect, socket};

use crate::context;
use crate::driver::source::{Watched, Way};

/// A listening socket.
#[derive(Debug)]
pub struct TcpListener(Watched<std::net::TcpListener>);

impl TcpListener {
    /// Listens on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// If the system refuses.
    ///
    /// # Panics
    /// Outside of an executor.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::from_std(std::net::TcpListener::bind(address)?)
    }

    /// Takes over a listener of the standard library.
    ///
    /// # Errors
    /// If the system refuses to watch it.
    ///
    /// # Panics
    /// Outside of an executor.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let shared = context::shared("a TCP listener");
        Ok(TcpListener(Watched::new(&shared.driver, listener)?))
    }

    /// The address on which it listens.
    ///
    /// # Errors
    /// If the system has forgotten it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.socket().local_addr()
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// If this connection failed, or there are too many open files. The listener can be used on.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        // BEGIN SOLUTION stage 5: accept as soon as the kernel says so, and have the stream watched
        let accepted = poll_fn(|context| {
            self.0
                .poll_with(context, Way::In, std::net::TcpListener::accept)
        });
        let (stream, peer) = accepted.await?;
        stream.set_nonblocking(true)?;
        Ok((TcpStream(Watched::new(self.0.driver(), stream)?), peer))
        // END SOLUTION
    }
}

/// A connection. Reading and writing take `&self`, so that two tasks can share it: one of them reads,
/// one writes.
#[derive(Debug)]
pub struct TcpStream(Watched<std::net::TcpStream>);

impl TcpStream {
    /// Connects to an address.
    ///
    /// # Errors
    /// What the system or the other side says.
    ///
    /// # Panics
    /// Outside of an executor.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        // BEGIN SOLUTION stage 5: begin without waiting; ready to write means done, or failed
        let shared = context::shared("a TCP connection");
        let (stream, done) = begin_connect(address)?;
        let stream = TcpStream(Watched::new(&shared.driver, stream)?);
        if !done {
            poll_fn(|context| stream.0.poll_ready(context, Way::Out)).await;
            if let Some(error) = stream.0.socket().take_error()? {
                return Err(error);
            }
        }
        Ok(stream)
        // END SOLUTION
    }

    /// Reads what is there, and waits if nothing is. Zero bytes mean that the other side is done.
    ///
    /// # Errors
    /// If the connection is broken.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // BEGIN SOLUTION stage 5: the socket itself is the reader
        poll_fn(|context| {
            self.0
                .poll_with(context, Way::In, |mut socket| socket.read(buffer))
        })
        .await
        // END SOLUTION
    }

    /// Reads until the buffer is full.
    ///
    /// # Errors
    /// If the connection is broken, or ends before.
    pub async fn read_exact(&self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read(buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => buffer = &mut buffer[len..],
            }
        }
        Ok(())
    }

    /// Writes all of it, and waits whenever the other side doesn't keep up.
    ///
    /// # Errors
    /// If the connection is broken.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        // BEGIN SOLUTION stage 5: what if the kernel takes only a part?
        while !bytes.is_empty() {
            let written = poll_fn(|context| {
                self.0
                    .poll_with(context, Way::Out, |mut socket| socket.write(bytes))
            });
            match written.await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                len => bytes = &bytes[len..],
            }
        }
        Ok(())
        // END SOLUTION
    }

    /// Sends small messages at once instead of collecting them.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.socket().set_nodelay(on)
    }

    /// Says that no more is coming in this direction.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.socket().shutdown(how)
    }
}

/// A socket on its way to an address, and whether it is there already.
fn begin_connect(address: SocketAddr) -> io::Result<(std::net::TcpStream, bool)> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket: OwnedFd = socket(family, SockType::Stream, flags, None)?;
    let done = match connect(socket.as_raw_fd(), &SockaddrStorage::from(address)) {
        Ok(()) => true,
        Err(Errno::EINPROGRESS | Errno::EINTR) => false,
        Err(error) => return Err(error.into()),
    };
    Ok((socket.into(), done))
}
