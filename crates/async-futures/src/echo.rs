//! An echo server on the executor's own sockets: what comes is sent back.
//!
//! A connection is a task with a small buffer, and holds a permit; when all are out, new connections
//! wait in the kernel's queue. Shutdown is an input: nothing more is accepted or read, what was read is
//! answered, and who takes too long is cut off.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::io;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use labkit::sync::lock;

use crate::combinators::{Either, select};
use crate::executor::spawn;
use crate::net::{TcpListener, TcpStream};
use crate::semaphore::Semaphore;
use crate::time::{sleep, timeout};

/// What a connection reads at once.
const BUFFER: usize = 4096;
/// How long open connections may take to get their last answer.
const DRAIN: Duration = Duration::from_secs(3);
/// The rest after an accept that failed: such errors (out of descriptors) pass when something ends.
const REST: Duration = Duration::from_millis(50);

/// What a server has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Connections that were accepted.
    pub connections: u64,
    /// Bytes that were sent back.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Server {
    connections: AtomicU64,
    bytes: AtomicU64,
    /// The open connections, so that a drain can reach them.
    open: Mutex<HashMap<u64, Arc<TcpStream>>>,
}

/// Serves at most `cap` connections at once until `stop` is ready, then drains.
pub async fn serve(
    listener: TcpListener,
    cap: usize,
    stop: impl IntoFuture<Output = ()>,
) -> Served {
    let server = Arc::new(Server::default());
    let permits = Semaphore::new(cap);
    let mut stop = pin!(stop.into_future());
    loop {
        let next = async {
            let permit = permits.acquire().await;
            listener.accept().await.map(|(stream, _)| (stream, permit))
        };
        match select(stop.as_mut(), next).await {
            Either::First(()) => break,
            Either::Second(Ok((stream, permit))) => {
                let number = server.connections.fetch_add(1, Ordering::Relaxed);
                let stream = Arc::new(stream);
                lock(&server.open).insert(number, Arc::clone(&stream));
                let server = Arc::clone(&server);
                spawn(async move {
                    if let Err(error) = echo(&stream, &server.bytes).await {
                        tracing::debug!("connection {number} broke: {error}");
                    }
                    let closed = lock(&server.open).remove(&number);
                    drop((closed, permit));
                });
            }
            Either::Second(Err(error)) => {
                tracing::warn!("a connection could not be accepted: {error}");
                sleep(REST).await;
            }
        }
    }
    drop(listener);
    drain(&server, &permits, cap).await;
    Served {
        connections: server.connections.load(Ordering::Relaxed),
        bytes: server.bytes.load(Ordering::Relaxed),
    }
}

/// Sends back what comes until the other side is done.
async fn echo(stream: &TcpStream, bytes: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; BUFFER];
    loop {
        let len = stream.read(&mut buffer).await?;
        if len == 0 {
            return stream.shutdown(Shutdown::Write);
        }
        stream.write_all(&buffer[..len]).await?;
        bytes.fetch_add(len as u64, Ordering::Relaxed);
    }
}

/// Closes all connections for reading, which ends them as soon as their last answer is out.
async fn drain(server: &Server, permits: &Semaphore, cap: usize) {
    for stream in lock(&server.open).values() {
        // It fails for a connection that is broken, and that one ends by itself.
        let _ = stream.shutdown(Shutdown::Read);
    }
    let all_home = async {
        let mut home = Vec::with_capacity(cap);
        while home.len() < cap {
            home.push(permits.acquire().await);
        }
    };
    if timeout(DRAIN, all_home).await.is_err() {
        let open = lock(&server.open).len();
        tracing::warn!("{open} connections took too long to drain and are cut off");
        for stream in lock(&server.open).values() {
            // As above.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
