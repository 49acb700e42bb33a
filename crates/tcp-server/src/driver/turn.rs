//! A connection's turn, where nothing may block: at most one read, and the answers to it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use nix::sys::epoll::EpollFlags;

use crate::connection::Connection;

/// What a connection waits for.
pub(super) fn interest(connection: &Connection<TcpStream>) -> EpollFlags {
    let mut flags = EpollFlags::empty();
    flags.set(EpollFlags::EPOLLIN, connection.wants_input());
    flags.set(EpollFlags::EPOLLOUT, !connection.output().is_empty());
    flags
}

/// Does what can be done without waiting. One read only, even if there is more: the poller will tell
/// again, and meanwhile others have their turn.
pub(super) fn take(connection: &mut Connection<TcpStream>, chunk: &mut [u8]) {
    if connection.wants_input() {
        match connection.socket.read(chunk) {
            Ok(length) => connection.received(&chunk[..length]),
            Err(error) if is_not_now(&error) => {}
            Err(_) => connection.failed(),
        }
    }
    // All answers of a read go out in one write.
    while !connection.output().is_empty() {
        match (&connection.socket).write(connection.output()) {
            Ok(length) => connection.sent(length),
            Err(error) if is_not_now(&error) => break,
            Err(_) => connection.failed(),
        }
    }
}

fn is_not_now(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
