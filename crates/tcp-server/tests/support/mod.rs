//! What the tests share: servers, and words with them that end in an answer or in a failure.

#![expect(dead_code, reason = "no test file uses all of it")]

pub(crate) mod claims;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use labkit::wait;
use tcp_server::{Client, Config, Echo, Kind, Server, Service};

/// Longer than anything takes on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks each of the four.
pub(crate) fn each(test: impl Fn(Kind) + Send + 'static) {
    wait::within(2 * PATIENCE, move || Kind::ALL.into_iter().for_each(test));
}

pub(crate) fn config() -> Config {
    Config {
        threads: 2,
        ..Config::default()
    }
}

pub(crate) fn echo(kind: Kind) -> Server {
    serve(kind, config(), Echo)
}

pub(crate) fn serve(kind: Kind, config: Config, service: impl Service) -> Server {
    Server::start(kind, config, service).expect("a server on a free port")
}

pub(crate) fn client(server: &Server) -> Client {
    let client = Client::connect(server.local_addr()).expect("the server listens");
    client.set_patience(Some(PATIENCE)).expect("not zero");
    client
}

/// The next line that the server says.
pub(crate) fn line(client: &mut Client) -> String {
    let line = client.receive().expect("the connection holds");
    line.expect("the server has something to say")
}

pub(crate) fn socket(server: &Server) -> TcpStream {
    let socket = TcpStream::connect(server.local_addr()).expect("the server listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
    socket.set_write_timeout(Some(PATIENCE)).expect("not zero");
    socket
}

/// Closes the writing half, and reads all that still comes.
pub(crate) fn rest(mut socket: TcpStream) -> String {
    socket.shutdown(Shutdown::Write).expect("it is connected");
    let mut text = String::new();
    socket
        .read_to_string(&mut text)
        .expect("the server closes, and doesn't reset");
    text
}

/// A client that sends lines and never reads, until nothing has been taken from it for a while.
pub(crate) fn deaf(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("the server listens");
    socket.set_nonblocking(true).expect("a socket");
    let text = b"0123456789\n".repeat(10_000);
    let (mut sent, mut refusals) = (0, 0);
    let is_full = wait::until(PATIENCE, || {
        match (&socket).write(&text[sent % text.len()..]) {
            Ok(length) => (sent, refusals) = (sent + length, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refusals += 1,
            // The server has cut it off already, and so takes nothing more either.
            Err(_) => return true,
        }
        // Looks are a millisecond apart.
        refusals > 50
    });
    assert!(
        is_full,
        "{sent} bytes were taken, and there is no end to it"
    );
    socket
}
