//! A link between two nodes of this machine that takes as long as one between two continents.
//!
//! A relay accepts connections for a node and passes every byte on, but not before it could have
//! arrived: behind what the lane is busy with, then its transmission, then the distance. That is the
//! arithmetic of [`crate::network`], on real bytes and the real clock.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use labkit::clock::{Clock, RealClock};
use labkit::net::{Cap, Permit, accept_loop, bind};
use labkit::shutdown::Shutdown;

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// How many chunks are under way in one connection before its sender has to wait.
const UNDER_WAY: usize = 256;

/// How many connections a link carries at once.
const MOST_CONNECTIONS: usize = 128;

/// How soon an idle connection notices that the link is to close.
const LOOK: Duration = Duration::from_millis(50);

/// One direction between two nodes; all connections share its bandwidth.
#[derive(Debug)]
pub struct Lane {
    latency: Duration,
    ns_per_byte: f64,
    /// Until when it is busy.
    busy_until: Mutex<Duration>,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Lane {
    /// A lane that needs so long for each byte, and so long for the distance.
    #[must_use]
    pub fn new(latency: Duration, ns_per_byte: f64) -> Self {
        Lane {
            latency,
            ns_per_byte,
            busy_until: Mutex::default(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// When bytes that are sent now will have arrived.
    pub fn reserve(&self, now: Duration, bytes: usize) -> Duration {
        let mut busy = self
            .busy_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let transmission = Duration::from_secs_f64(bytes as f64 * self.ns_per_byte / 1e9);
        // BEGIN SOLUTION stage 6: as in the simulated network
        *busy = now.max(*busy) + transmission;
        *busy + self.latency
        // END SOLUTION
    }

    /// Bytes that were sent into it, and bytes that have come out.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.sent.load(SeqCst), self.received.load(SeqCst))
    }
}

/// Starts the relay of a link: connections to the address that is returned lead to `to`. It ends when
/// `shutdown` fires.
///
/// # Errors
/// If it can't listen.
pub fn open(
    to: SocketAddr,
    (there, back): (Arc<Lane>, Arc<Lane>),
    clock: &Arc<RealClock>,
    shutdown: &Shutdown,
) -> io::Result<SocketAddr> {
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = listener.local_addr()?;
    let (clock, shutdown) = (Arc::clone(clock), shutdown.clone());
    thread::spawn(move || {
        let cap = Cap::new(MOST_CONNECTIONS);
        let result = accept_loop(
            listener,
            &cap,
            &shutdown,
            |stream, permit| {
                let lanes = (Arc::clone(&there), Arc::clone(&back));
                if let Err(error) = relay(stream, to, lanes, &clock, &shutdown, permit) {
                    tracing::debug!("a connection to {to} could not be relayed: {error}");
                }
            },
            drop,
        );
        if let Err(error) = result {
            tracing::warn!("the link to {to} is broken: {error}");
        }
    });
    Ok(address)
}

/// Starts four threads for a connection: in each direction one takes bytes in, one lets them out.
fn relay(
    client: TcpStream,
    to: SocketAddr,
    (there, back): (Arc<Lane>, Arc<Lane>),
    clock: &Arc<RealClock>,
    shutdown: &Shutdown,
    permit: Permit,
) -> io::Result<()> {
    let server = TcpStream::connect(to)?;
    // Held until both directions have ended.
    let permit = Arc::new(permit);
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK))?;
    }
    for (from, to, lane) in [
        (client.try_clone()?, server.try_clone()?, there),
        (server, client, back),
    ] {
        let (chunks, under_way) = sync_channel(UNDER_WAY);
        let (for_clock, for_lane) = (Arc::clone(clock), Arc::clone(&lane));
        let for_shutdown = shutdown.clone();
        thread::spawn(move || take_in(from, &chunks, &for_lane, &for_clock, &for_shutdown));
        let (clock, shutdown) = (Arc::clone(clock), shutdown.clone());
        let permit = Arc::clone(&permit);
        thread::spawn(move || {
            let_out(to, &under_way, &lane, &clock, &shutdown);
            drop(permit);
        });
    }
    Ok(())
}

/// Bytes under way, and when they arrive.
type Chunk = (Duration, Vec<u8>);

fn take_in(
    mut from: TcpStream,
    chunks: &SyncSender<Chunk>,
    lane: &Lane,
    clock: &RealClock,
    shutdown: &Shutdown,
) {
    let mut buffer = vec![0; CHUNK];
    while !shutdown.is_triggered() {
        let read = match from.read(&mut buffer) {
            Ok(read) if read > 0 => read,
            Err(error) if is_patience(&error) => continue,
            // The end of the stream, or of the connection: what is under way still arrives.
            _ => return,
        };
        let arrives = lane.reserve(clock.now(), read);
        lane.sent.fetch_add(read as u64, SeqCst);
        if chunks.send((arrives, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

fn let_out(
    mut to: TcpStream,
    under_way: &Receiver<Chunk>,
    lane: &Lane,
    clock: &RealClock,
    shutdown: &Shutdown,
) {
    for (arrives, bytes) in under_way {
        if shutdown.wait_timeout(arrives.saturating_sub(clock.now())) {
            break;
        }
        // Counted before the receiver can know: what it has received was counted.
        lane.received.fetch_add(bytes.len() as u64, SeqCst);
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // An error says that the other side has closed already.
    let _ = to.shutdown(std::net::Shutdown::Write);
}

fn is_patience(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
