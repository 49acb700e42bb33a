//! A task for each connection: the code of a thread, at the price of a state machine.

use std::cell::RefCell;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, Runtime};

use super::Driver;
use crate::config::Config;
use crate::connection::{CHUNK, Connection};

/// How long the runtime's threads may take to end, once no task is left.
const END: Duration = Duration::from_secs(10);

thread_local! {
    /// One for each of the runtime's threads. In the task it would be part of every connection.
    static CHUNK_OF_THREAD: RefCell<Vec<u8>> = RefCell::new(vec![0; CHUNK]);
}

pub(super) struct Tasks {
    handle: Handle,
    /// None once it has been stopped.
    runtime: Mutex<Option<Runtime>>,
}

impl Tasks {
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.threads)
            .enable_io()
            .thread_name("runtime")
            .build()?;
        Ok(Tasks {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        })
    }
}

impl Driver for Tasks {
    fn take(&self, connection: Connection<std::net::TcpStream>) -> io::Result<()> {
        connection.socket.set_nonblocking(true)?;
        // The socket is registered with the runtime whose context this is.
        let _context = self.handle.enter();
        let connection = connection.wrap(TcpStream::from_std)?;
        self.handle.spawn(serve(connection));
        Ok(())
    }

    fn stop(&self) {
        let runtime = self
            .runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(END);
        }
    }
}

/// A connection's life.
async fn serve(mut connection: Connection<TcpStream>) {
    while !connection.is_over() {
        if step(&mut connection).await.is_err() {
            connection.failed();
        }
        // A peer that is always ready must not keep the thread for itself.
        tokio::task::consume_budget().await;
    }
}

/// As in `threads`: writes what is to be written, or else reads; waits where that would block.
async fn step(connection: &mut Connection<TcpStream>) -> io::Result<()> {
    // BEGIN SOLUTION stage 5: try at once; what does a task do where a thread would sleep?
    if connection.output().is_empty() {
        match read(connection) {
            Err(error) if is_not_now(&error) => connection.socket.readable().await,
            done => done,
        }
    } else {
        match connection.socket.try_write(connection.output()) {
            Ok(length) => {
                connection.sent(length);
                Ok(())
            }
            Err(error) if is_not_now(&error) => connection.socket.writable().await,
            Err(error) => Err(error),
        }
    }
    // END SOLUTION
}

/// Reads once; no bytes are the end of the input.
fn read(connection: &mut Connection<TcpStream>) -> io::Result<()> {
    CHUNK_OF_THREAD.with_borrow_mut(|chunk| {
        let length = connection.socket.try_read(chunk)?;
        connection.received(&chunk[..length]);
        Ok(())
    })
}

fn is_not_now(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
