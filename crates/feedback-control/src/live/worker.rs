//! A worker process: one request at a time, each of which costs CPU.

use std::hint::black_box;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::net::{Cap, accept_loop, announce, bind};
use labkit::shutdown::Shutdown;

use super::http::{Connection, Head, answer, refusal};

/// How soon an idle connection notices that the worker is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How much a worker does for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// How many rounds it computes.
    pub rounds: u64,
    /// How long it is busy at least, computing and resting.
    pub service: Duration,
}

impl Work {
    /// Work that takes `compute` of this machine's CPU, within `service`.
    #[must_use]
    pub fn measured(compute: Duration, service: Duration) -> Self {
        const PROBE: u64 = 200_000;
        // The fastest of some tries is the one that nothing interrupted.
        let fastest = (0..7)
            .map(|_| {
                let watch = Stopwatch::start();
                burn(PROBE);
                watch.seconds()
            })
            .fold(f64::INFINITY, f64::min);
        let rounds = compute.as_secs_f64() / fastest.max(1e-9) * PROBE as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of rounds, far below 2^53"
        )]
        let rounds = rounds as u64;
        Work { rounds, service }
    }
}

/// Computes for a number of rounds: xorshift, each round waiting for the one before it.
pub fn burn(rounds: u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state = black_box(state);
    }
    state
}

/// Serves on a free port of the loopback until told to stop. It first takes `boot` to start, then
/// announces where it listens.
///
/// # Errors
/// If it can't listen.
pub fn serve(work: Work, boot: Duration, shutdown: &Shutdown) -> io::Result<()> {
    if shutdown.wait_timeout(boot) {
        return Ok(());
    }
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into())?;
    announce("http", listener.local_addr()?)?;
    // One server is one server: whoever connects second waits until the first has gone.
    let cap = Cap::new(1);
    accept_loop(
        listener,
        &cap,
        shutdown,
        |stream, permit| {
            if let Err(error) = converse(stream, work, shutdown) {
                tracing::debug!("a connection broke: {error}");
            }
            drop(permit);
        },
        drop,
    )
}

/// Answers the requests of a connection until it closes or the worker is to stop.
fn converse(stream: TcpStream, work: Work, shutdown: &Shutdown) -> io::Result<()> {
    stream.set_read_timeout(Some(LOOK))?;
    let mut connection = Connection::new(stream)?;
    while !shutdown.is_triggered() {
        let head = match connection.read_head() {
            Ok(Head::Whole(head)) => head,
            Ok(Head::Closed) => break,
            Ok(Head::Bad) => {
                return connection.send(&answer("431 Request Header Fields Too Large"));
            }
            Err(error) if is_patience(&error) => continue,
            Err(error) => return Err(error),
        };
        if let Some(status) = refusal(&head) {
            return connection.send(&answer(status));
        }
        perform(work, shutdown);
        connection.send(&answer("200 OK"))?;
    }
    Ok(())
}

fn is_patience(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// Computes, then rests until the service time is over.
fn perform(work: Work, shutdown: &Shutdown) {
    // BEGIN SOLUTION stage 6: burn, then wait for the rest of the time; a stop ends the wait
    let watch = Stopwatch::start();
    black_box(burn(work.rounds));
    // A worker that is to stop answers what it has begun, only sooner.
    let _ = shutdown.wait_timeout(work.service.saturating_sub(watch.elapsed()));
    // END SOLUTION
}
