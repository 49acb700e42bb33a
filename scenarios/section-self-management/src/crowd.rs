//! The crowd: requests that come when they are due, and a lane to each worker that takes the next.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use auto_repair::live::Row;
use feedback_control::live::balancer::{Line, Tally};
use feedback_control::live::http::Connection;
use labkit::clock::{Clock, RealClock};
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;

/// How long a worker may take for one answer before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many requests may wait for each worker; what comes on top is dropped.
const ROOM: usize = 50;

/// A thread that passes requests to one worker.
struct Lane {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// The line of requests, and its lanes by the workers' process ids.
pub(crate) struct Crowd {
    line: Line,
    lanes: HashMap<u32, Lane>,
    clock: Arc<RealClock>,
    chance: Stream,
}

impl Crowd {
    /// Nobody yet; answers later than `slo` count as late.
    pub(crate) fn new(slo: Duration, chance: Stream) -> Self {
        Crowd {
            line: Line::new(slo),
            lanes: HashMap::new(),
            clock: Arc::new(RealClock::new()),
            chance,
        }
    }

    /// Opens a lane to every worker that has none, and ends those of workers that are gone or are to go.
    pub(crate) fn connect(&mut self, workers: &[Row]) {
        for (pid, lane) in &self.lanes {
            if !workers.iter().any(|row| row.pid == Some(*pid)) {
                lane.ends.store(true, Ordering::Release);
            }
        }
        self.line.wake_all();
        self.lanes.retain(|_, lane| !lane.thread.is_finished());
        for row in workers {
            let address = row.address.as_deref().and_then(|it| it.parse().ok());
            if let (Some(pid), Some(address)) = (row.pid, address) {
                self.lanes
                    .entry(pid)
                    .or_insert_with(|| open(self.line.clone(), address, &self.clock));
            }
        }
    }

    /// Lets requests come at `rate` a second (a Poisson process) for `cycle`, or until the shutdown.
    pub(crate) fn come(&mut self, rate: f64, cycle: Duration, shutdown: &Shutdown) {
        let mut due = self.clock.now();
        let end = due + cycle;
        loop {
            due += Duration::from_secs_f64(-(1.0 - self.chance.unit()).ln() / rate);
            let rest = due.min(end).saturating_sub(self.clock.now());
            if shutdown.wait_timeout(rest) || due >= end {
                return;
            }
            self.line.join(due, ROOM * self.lanes.len().max(1));
        }
    }

    /// What became of the requests since the last call.
    pub(crate) fn tally(&self) -> Tally {
        self.line.take_tally()
    }

    /// Lets the lanes finish the line, and ends them.
    pub(crate) fn end(self) -> Tally {
        self.line.close();
        for lane in self.lanes.into_values() {
            // A lane's panic was reported when it happened.
            let _ = lane.thread.join();
        }
        self.line.abandon();
        self.line.take_tally()
    }
}

fn open(line: Line, address: SocketAddr, clock: &Arc<RealClock>) -> Lane {
    let ends = Arc::new(AtomicBool::new(false));
    let (told, clock) = (Arc::clone(&ends), Arc::clone(clock));
    let thread = thread::spawn(move || {
        let served = TcpStream::connect(address).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut connection = Connection::new(stream)?;
            line.serve(
                &mut connection,
                || clock.now(),
                || told.load(Ordering::Acquire),
            )
        });
        if let Err(error) = served {
            tracing::info!("the worker at {address} failed: {error}");
        }
    });
    Lane { ends, thread }
}
