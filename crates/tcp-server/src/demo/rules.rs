//! What holds for all four servers: the same answers, bounded memory, nothing left.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process;
use std::time::Duration;

use labkit::report::{Report, Table, number};
use labkit::wait;
use tcp_server::memory::Process;
use tcp_server::{Client, Config, Echo, Error, Kind, Server};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how many looks, a millisecond apart, a peer takes nothing before it counts as stuck.
const STUCK: u32 = 50;

/// Ways to send bytes: each is (its name, the pieces that are written one by one).
fn conversations() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let single = |text: &str| text.bytes().map(|byte| vec![byte]).collect();
    vec![
        ("one line", vec![b"hello\n".to_vec()]),
        ("byte by byte", single("grüß\n")),
        ("three lines in one segment", vec![b"a\nb\nc\n".to_vec()]),
        ("as telnet ends lines", vec![b"hello\r\n".to_vec()]),
        ("no line end before the close", vec![b"last".to_vec()]),
        ("bytes that are no text", vec![b"\xff\xfe\n".to_vec()]),
        (
            "a line too long, then a good one",
            vec![vec![b'x'; 100_000], b"\nok\n".to_vec()],
        ),
    ]
}

/// The same bytes to all four.
pub(super) fn same_answers(report: Report) -> Result<Report, Error> {
    let mut answers = Vec::new();
    for kind in Kind::ALL {
        let server = Server::start(kind, Config::default(), Echo)?;
        let said = conversations().into_iter().map(|(_, pieces)| {
            let said = converse(server.local_addr(), &pieces);
            said.map_err(Error::Connection)
        });
        answers.push(said.collect::<Result<Vec<String>, Error>>()?);
    }
    let mut table = Table::new(["what is sent", "what all four answer"]);
    for (at, (name, _)) in conversations().into_iter().enumerate() {
        table = table.row([name.to_owned(), answers[0][at].escape_debug().to_string()]);
    }
    let same = answers.iter().filter(|said| **said == answers[0]).count();
    let first = answers[0][..2] == ["Echo: hello\n", "Echo: grüß\n"];
    Ok(report
        .check(
            "all four give the same, right answers however the bytes come",
            same == answers.len() && first,
            format!("{same} of {} agree", answers.len()),
        )
        .heading("One protocol")
        .table(table))
}

/// Sends pieces, closes the writing half, and reads what comes.
fn converse(address: SocketAddr, pieces: &[Vec<u8>]) -> io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    for piece in pieces {
        socket.write_all(piece)?;
    }
    socket.shutdown(Shutdown::Write)?;
    let mut said = Vec::new();
    socket.read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// A client that sends and never reads: what is taken from it, and what others notice.
pub(super) fn never_reads(report: Report) -> Result<Report, Error> {
    let mut table = Table::new(["server", "KiB taken", "another client"]);
    let (mut bounded, mut served) = (0, 0);
    for kind in Kind::ALL {
        // With a single thread, so that both clients share it.
        let config = Config {
            threads: 1,
            ..Config::default()
        };
        let server = Server::start(kind, config, Echo)?;
        let deaf = TcpStream::connect(server.local_addr())?;
        let taken = flood(&deaf)?;
        let said = Client::connect(server.local_addr())?.ask("and I?")?;
        let is_served = said == "Echo: and I?";
        bounded += usize::from(taken.is_some());
        served += usize::from(is_served);
        table = table.row([
            kind.to_string(),
            taken.map_or("no end".to_owned(), |bytes| number(bytes as f64 / 1_024.0)),
            if is_served { "is served" } else { "isn't" }.to_owned(),
        ]);
    }
    Ok(report
        .check(
            "who never reads is not read from any more",
            bounded == Kind::ALL.len(),
            format!("{bounded} of {} servers stopped reading", Kind::ALL.len()),
        )
        .check(
            "and stops nobody else",
            served == Kind::ALL.len(),
            format!("another client is served by {served}"),
        )
        .heading("A client that never reads")
        .text(
            "It sends as fast as it can. The server's answers fill the kernel's buffers towards it, \
             then the 64 KiB that a connection may have unsent; then the server stops reading, the \
             buffers in the other direction fill up, and the client can't send any more.",
        )
        .table(table))
}

/// Sends until nothing is taken any more; how much was, or none if there is no end to it.
fn flood(socket: &TcpStream) -> io::Result<Option<usize>> {
    const NO_END: usize = 256 << 20;
    socket.set_nonblocking(true)?;
    let text = b"0123456789\n".repeat(6_000);
    let (mut sent, mut refusals, mut failure) = (0, 0, None);
    let mut writer = socket;
    let is_stuck = wait::until(PATIENCE, || {
        while sent < NO_END {
            match writer.write(&text[sent % text.len()..]) {
                Ok(length) => (sent, refusals) = (sent + length, 0),
                Err(error) => {
                    refusals += 1;
                    failure = (error.kind() != ErrorKind::WouldBlock).then_some(error);
                    break;
                }
            }
        }
        refusals >= STUCK || failure.is_some() || sent >= NO_END
    });
    match failure {
        Some(error) => Err(error),
        None => Ok((is_stuck && sent < NO_END).then_some(sent)),
    }
}

/// Stops each server under open connections, and counts threads and descriptors of this process.
pub(super) fn nothing_left(report: Report) -> Result<Report, Error> {
    let before = held()?;
    let (mut cut, mut most) = (0, before);
    for kind in Kind::ALL {
        let server = Server::start(kind, Config::default(), Echo)?;
        let mut clients = Vec::new();
        for _ in 0..50 {
            let mut client = Client::connect(server.local_addr())?;
            client.ask("hello")?;
            clients.push(client);
        }
        let now = held()?;
        most = (most.0.max(now.0), most.1.max(now.1));
        cut += server.shutdown(PATIENCE).cut;
    }
    // A thread is listed a moment longer than it can be joined.
    let is_clean = wait::until(PATIENCE, || held().is_ok_and(|now| now <= before));
    let after = held()?;
    Ok(report
        .check(
            "a stop drains all open connections",
            cut == 0,
            format!("{cut} cut off"),
        )
        .check(
            "no thread and no socket is left",
            is_clean,
            format!(
                "{} threads and {} descriptors before, {} and {} at most, {} and {} after",
                before.0, before.1, most.0, most.1, after.0, after.1
            ),
        ))
}

/// Threads and open descriptors of this process.
fn held() -> Result<(u64, u64), Error> {
    let this = Process::read(process::id())?;
    Ok((this.threads, this.descriptors))
}
