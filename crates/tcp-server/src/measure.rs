//! What a server does and costs, seen from outside: the server in a process of its own, all clients
//! in this one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use labkit::process::Child;

use crate::load::{Crowd, Load, Outcome, Until};
use crate::memory::{Kernel, Process};
use crate::{Client, Error, Kind};

/// How long a server's process may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may take to end: it drains within 5 s.
const END: Duration = Duration::from_secs(15);

/// A server in a process of its own. Dropping it ends it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
    reader: Option<JoinHandle<()>>,
}

/// What a kind did with so many connections.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Which server.
    pub kind: Kind,
    /// How many connections.
    pub connections: usize,
    /// What the clients saw.
    pub outcome: Outcome,
    /// Memory of the server's process for each connection, in bytes: all connected, each having been
    /// answered once, and now silent.
    pub process_bytes: f64,
    /// The kernel's for each connection, both of its ends, in bytes. It is the whole machine's
    /// growth, so it is as exact as the machine was quiet.
    pub kernel_bytes: f64,
    /// The server's threads while all were connected.
    pub threads: u64,
    /// Whether the server ended well after SIGTERM.
    pub ended_well: bool,
}

impl ServerProcess {
    /// Starts `program serve --kind KIND` with more arguments, and waits until it listens.
    ///
    /// # Errors
    /// If it doesn't start, or doesn't say where it listens.
    pub fn start(program: &Path, kind: Kind, arguments: &[&str]) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command
            .args(["serve", "--kind", kind.name(), "--port", "0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = Child::spawn(command)?;
        let output = child.take_stdout();
        let (said, address) = mpsc::channel();
        // It reads to the end, so that the server never has to wait for its own words.
        let reader = thread::spawn(move || {
            for line in BufReader::new(output.expect("it is piped")).lines() {
                let Ok(line) = line else { return };
                let address = line.strip_prefix("listening on tcp://");
                if let Some(Ok(address)) = address.map(str::parse) {
                    // Nobody waits any more after the deadline, and that has been reported.
                    let _ = said.send(address);
                }
            }
        });
        let silent = |_| Error::Process("didn't say where it listens".to_owned());
        let address = address.recv_timeout(PATIENCE).map_err(silent)?;
        Ok(ServerProcess {
            child,
            address,
            reader: Some(reader),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What its process holds.
    ///
    /// # Errors
    /// If it has ended.
    pub fn memory(&self) -> Result<Process, Error> {
        Ok(Process::read(self.id())?)
    }

    /// Sends SIGTERM and waits for the end; says whether it ended by itself with exit code 0.
    ///
    /// # Errors
    /// If it can't be waited for.
    pub fn stop(mut self) -> Result<bool, Error> {
        let status = self.child.stop(END)?;
        if let Some(reader) = self.reader.take() {
            // It ends with the process; a panic in it means that nothing was piped.
            let _ = reader.join();
        }
        Ok(status.success())
    }
}

/// Measures one kind with a number of connections.
///
/// # Errors
/// If the server doesn't start, or the clients can't connect.
pub fn sample(program: &Path, kind: Kind, load: &Load, time: Duration) -> Result<Sample, Error> {
    let places = (load.connections + 1).to_string();
    let server = ServerProcess::start(program, kind, &["--max-connections", &places])?;
    // The first connection brings in what all of them share.
    let mut first = Client::connect(server.address())?;
    first.ask("are you there?")?;
    let (before, kernel_before) = (server.memory()?, Kernel::read()?);

    let mut crowd = Crowd::connect(server.address(), load)?;
    let mut outcome = crowd.run(Until::Batches(1))?;
    let (now, kernel_now) = (server.memory()?, Kernel::read()?);
    let per_connection = |before: u64, now: u64| {
        let grown = now as f64 - before as f64;
        grown.max(0.0) / load.connections as f64
    };
    let failures = outcome.failures;
    if !time.is_zero() {
        outcome = crowd.run(Until::Elapsed(time))?;
        outcome.failures += failures;
    }
    drop((crowd, first));
    Ok(Sample {
        kind,
        connections: load.connections,
        outcome,
        process_bytes: per_connection(before.pss, now.pss),
        kernel_bytes: per_connection(kernel_before.total(), kernel_now.total()),
        threads: now.threads,
        ended_well: server.stop()?,
    })
}
