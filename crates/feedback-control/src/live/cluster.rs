//! Real workers under control: started, stopped, loaded and measured.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use labkit::clock::{Clock, RealClock};
use labkit::process::Child;
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;

use super::balancer::{Line, Tally};
use super::http::Connection;
use super::worker::Work;
use super::{Scale, cpu};
use crate::error::Error;
use crate::feedback::{Sample, System};
use crate::queue::TOLERATED;

/// How long a worker may take to finish what it has when it is to stop.
const GRACE: Duration = Duration::from_secs(1);

/// How long a worker may take for one answer before it counts as failed; with [`GRACE`] it still leaves
/// a stop within five seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// One worker: its process lives as long as the thread of its lane.
#[derive(Debug)]
struct Worker {
    status: Arc<Status>,
    lane: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Status {
    /// The process id, 0 until it is known.
    pid: AtomicU32,
    /// It answers requests.
    ready: AtomicBool,
    /// Its lane is to end.
    ends: AtomicBool,
}

/// Workers, their load and their measurement.
#[derive(Debug)]
pub struct Cluster {
    program: PathBuf,
    scale: Scale,
    work: Work,
    line: Line,
    clock: Arc<RealClock>,
    workers: Vec<Worker>,
    /// Lanes that were told to end and haven't been joined.
    ending: Vec<Worker>,
    chance: Stream,
    shutdown: Shutdown,
    /// CPU time of each worker at the end of the last cycle.
    computed: HashMap<u32, Duration>,
    total: Tally,
}

impl Cluster {
    /// Starts `workers` workers and waits for none of them; the load's chance is drawn from `chance`, and
    /// `shutdown` ends a cycle early. `program` is this lab's own binary, or one that does the same for
    /// the subcommand `worker`: it calls [`serve`](super::worker::serve).
    ///
    /// # Errors
    /// If the operating system doesn't tell CPU times.
    pub fn start(
        program: PathBuf,
        scale: Scale,
        workers: usize,
        chance: Stream,
        shutdown: Shutdown,
    ) -> Result<Self, Error> {
        cpu::time_of(std::process::id()).map_err(Error::NoProc)?;
        let mut cluster = Cluster {
            program,
            scale,
            work: Work::measured(scale.service.mul_f64(scale.share), scale.service),
            line: Line::new(scale.slo),
            clock: Arc::new(RealClock::new()),
            workers: Vec::new(),
            ending: Vec::new(),
            chance,
            shutdown,
            computed: HashMap::new(),
            total: Tally::default(),
        };
        cluster.scale_to(workers)?;
        Ok(cluster)
    }

    /// Workers that answer.
    #[must_use]
    pub fn ready(&self) -> usize {
        let ready = |worker: &&Worker| worker.status.ready.load(SeqCst);
        self.workers.iter().filter(ready).count()
    }

    /// The process ids of the workers that answer.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let ready = self.workers.iter().filter(|w| w.status.ready.load(SeqCst));
        ready.map(|w| w.status.pid.load(SeqCst)).collect()
    }

    /// Drains the line, stops all workers, and says what became of all requests.
    #[must_use]
    pub fn stop(mut self) -> Tally {
        self.end();
        self.total.add(&self.line.take_tally());
        self.total.clone()
    }

    fn end(&mut self) {
        self.line.close();
        for worker in self.workers.drain(..).chain(self.ending.drain(..)) {
            // A lane that still waits for its worker's start doesn't look at the line.
            worker
                .status
                .ends
                .fetch_or(!worker.status.ready.load(SeqCst), SeqCst);
            // A lane's panic was reported when it happened.
            let _ = worker.lane.join();
        }
        self.line.abandon();
    }

    fn hire(&self) -> Result<Worker, Error> {
        let mut command = Command::new(&self.program);
        command
            .arg("worker")
            .args(["--rounds", &self.work.rounds.to_string()])
            .args(["--service-us", &self.work.service.as_micros().to_string()])
            .args(["--boot-ms", &self.scale.boot.as_millis().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = Child::spawn(command).map_err(Error::Worker)?;
        child.set_grace(GRACE);
        let status = Arc::new(Status::default());
        status.pid.store(child.id(), SeqCst);
        let (line, clock, for_lane) = (
            self.line.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&status),
        );
        let lane = thread::spawn(move || {
            let pid = child.id();
            if let Err(error) = run_lane(&mut child, &line, &clock, &for_lane) {
                tracing::warn!("worker {pid} failed: {error}");
            }
            for_lane.ready.store(false, SeqCst);
            drop(child);
            tracing::info!("worker {pid} is gone");
        });
        Ok(Worker { status, lane })
    }

    /// Forgets workers whose process is gone.
    fn bury(&mut self) {
        self.workers.retain(|worker| !worker.lane.is_finished());
        self.ending.retain(|worker| !worker.lane.is_finished());
    }

    /// Lets requests join the line as they are due (a Poisson process, which has no memory: a cycle
    /// can begin anew), until the cycle is over.
    fn load(&mut self, rate: f64, start: Duration) {
        let end = start + self.scale.cycle;
        let mut due = start;
        loop {
            // BEGIN SOLUTION stage 6: when is the next one due? the last one's delay must not shift it
            let gap = -(1.0 - self.chance.unit()).ln() / rate.max(1e-3);
            due += Duration::from_secs_f64(gap);
            // END SOLUTION
            let rest = due.min(end).saturating_sub(self.clock.now());
            if self.shutdown.wait_timeout(rest) || due >= end {
                break;
            }
            let room = self.ready().max(1) * self.scale.room_per_worker;
            self.line.join(due, room);
        }
    }

    /// The mean CPU of the workers that were there for the whole cycle, as a share of what they may
    /// use; 0 if there were none.
    fn measure_cpu(&mut self, cycle: Duration) -> f64 {
        let now: HashMap<u32, Duration> = self
            .pids()
            .into_iter()
            .filter_map(|pid| Some((pid, cpu::time_of(pid).ok()?)))
            .collect();
        let before = std::mem::replace(&mut self.computed, now.clone());
        // BEGIN SOLUTION stage 6: the difference to the last cycle, over what a worker may use
        let allowed = cycle.as_secs_f64() * self.scale.share;
        let shares: Vec<f64> = now
            .iter()
            .filter_map(|(pid, after)| {
                let computed = after.saturating_sub(*before.get(pid)?);
                Some(computed.as_secs_f64() / allowed)
            })
            .collect();
        if shares.is_empty() {
            return 0.0;
        }
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        mean.min(1.0)
        // END SOLUTION
    }
}

impl System for Cluster {
    type Error = Error;

    fn advance(&mut self, rate: f64) -> Result<Sample, Error> {
        let start = self.clock.now();
        self.load(rate, start);
        self.bury();
        let cycle = self.clock.now() - start;
        let cpu = self.measure_cpu(cycle);
        let tally = self.line.take_tally();
        self.total.add(&tally);
        let ready = self.ready();
        let bad = tally.late + tally.dropped + tally.failed;
        let answered = tally.answered.max(1) as f64;
        let sample = Sample {
            rate: tally.arrived as f64 / cycle.as_secs_f64().max(1e-3),
            ready,
            starting: self.workers.len() - ready,
            cpu,
            response_s: tally.response.as_secs_f64() / answered,
            late: tally.late as f64 / answered,
            arrived: tally.arrived as f64,
            dropped: (tally.dropped + tally.failed) as f64,
            over_slo: bad as f64 > TOLERATED * tally.arrived as f64,
        };
        tracing::debug!("{sample:?}");
        Ok(sample)
    }

    fn scale_to(&mut self, servers: usize) -> Result<(), Error> {
        // BEGIN SOLUTION stage 6: hire what is missing; let the newest go, without waiting for them
        while self.workers.len() < servers {
            let worker = self.hire()?;
            self.workers.push(worker);
        }
        while self.workers.len() > servers {
            let Some(worker) = self.workers.pop() else {
                break;
            };
            worker.status.ends.store(true, SeqCst);
            self.ending.push(worker);
        }
        self.line.wake_all();
        Ok(())
        // END SOLUTION
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}

/// A worker's life: it starts, says where it listens, is asked, and at the end is stopped.
fn run_lane(child: &mut Child, line: &Line, clock: &RealClock, status: &Status) -> io::Result<()> {
    let address = announced(child)?;
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut connection = Connection::new(stream)?;
    status.ready.store(true, SeqCst);
    tracing::info!("worker {} listens on {address}", child.id());
    let ends = || status.ends.load(SeqCst);
    line.serve(&mut connection, || clock.now(), ends)?;
    status.ready.store(false, SeqCst);
    drop(connection);
    child.stop(GRACE)?;
    Ok(())
}

/// Where a worker says that it listens.
fn announced(child: &mut Child) -> io::Result<SocketAddr> {
    let stdout = child.take_stdout().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut said = String::new();
    BufReader::new(stdout).read_line(&mut said)?;
    let address = said.trim().strip_prefix("listening on http://");
    let address = address.and_then(|address| address.parse().ok());
    address.ok_or_else(|| io::Error::other(format!("a worker said {said:?} at its start")))
}
