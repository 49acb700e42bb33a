//! A live run of one strategy, and what it has in common with the simulated one.

use std::ffi::OsStr;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;
use labkit::wait;

use super::PATIENCE;
use super::client::Desk;
use super::cluster::Cluster;
use crate::config::Config;
use crate::director::Director;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::strategy::Kind;
use crate::workload::{Request, Workload};

/// How many files are on their way over one link at once.
const CARRIERS: usize = 4;

/// How soon the caller's signal is noticed.
const LOOK: Duration = Duration::from_millis(5);

/// What a live run came to.
#[derive(Clone, Debug)]
pub struct Trial {
    /// As of a simulated run.
    pub outcome: Outcome,
    /// Answers whose bytes weren't those of any version.
    pub wrong: u64,
}

/// Runs a strategy over real nodes, with the very requests of the simulated run of the same seed; each
/// region's client makes its own one after the other. `stop` ends the run early.
///
/// # Errors
/// If a node fails, or the run is stopped.
pub fn run(
    program: &OsStr,
    config: &Config,
    kind: Kind,
    seed: u64,
    stop: &Shutdown,
) -> Result<Trial, Error> {
    let cluster = Cluster::start(program, config.topology())?;
    run_on(&cluster, config, kind, seed, stop)
}

/// As [`run`], on nodes that hold nothing yet.
///
/// # Errors
/// If a node fails, or the run is stopped.
pub fn run_on(
    cluster: &Cluster,
    config: &Config,
    kind: Kind,
    seed: u64,
    stop: &Shutdown,
) -> Result<Trial, Error> {
    let director = Director::new(config, kind, seed);
    cluster.fill(director.directory())?;
    // One failure ends all threads; the caller's signal does, too.
    let halt = Shutdown::new();
    let desk = Desk::new(cluster, config, director, &halt);
    let nodes = cluster.nodes();
    let requests = by_node(config, seed);
    let watch = Stopwatch::start();
    let results = run_threads(&desk, nodes, &requests, &halt, stop);
    first_failure(results)?;
    // Every answer is there, but the relays may still be counting.
    let quiet = || cluster.counts().0 == cluster.counts().1;
    let _ = wait::until(PATIENCE, quiet);
    let ledger = desk.into_ledger();
    let mut outcome = ledger.outcome;
    let (sent, received) = cluster.counts();
    (outcome.bytes, outcome.unaccounted) = (sent, sent.abs_diff(received));
    outcome.seconds = watch.seconds();
    Ok(Trial {
        outcome,
        wrong: ledger.wrong,
    })
}

/// A client for each node and carriers for each link, until all are done or one has failed.
fn run_threads(
    desk: &Desk<'_>,
    nodes: usize,
    requests: &[Vec<Request>],
    halt: &Shutdown,
    stop: &Shutdown,
) -> Vec<Result<(), Error>> {
    thread::scope(|scope| {
        let mut threads = Vec::new();
        let failing = move |result: Result<(), Error>| {
            if result.is_err() {
                halt.trigger();
            }
            result
        };
        let mut jobs = Vec::new();
        for link in 0..nodes * nodes {
            let (sender, receiver) = channel();
            jobs.push(sender);
            let receiver = Arc::new(Mutex::new(receiver));
            for _ in 0..CARRIERS {
                let receiver = Arc::clone(&receiver);
                let carrier = move || failing(desk.carry(link / nodes, link % nodes, &receiver));
                threads.push(scope.spawn(carrier));
            }
        }
        for (node, requests) in requests.iter().enumerate() {
            let jobs = jobs.clone();
            let client = move || failing(desk.request_all(node, requests, &jobs));
            threads.push(scope.spawn(client));
        }
        drop(jobs);
        while !threads.iter().all(|thread| thread.is_finished()) {
            if stop.wait_timeout(LOOK) {
                halt.trigger();
                break;
            }
        }
        let join = |thread: thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect::<Vec<_>>()
    })
}

/// What failed first matters; that the others were stopped because of it doesn't.
fn first_failure(results: Vec<Result<(), Error>>) -> Result<(), Error> {
    let mut stopped = None;
    for result in results {
        match result {
            Err(Error::Stopped) => stopped = Some(Error::Stopped),
            Err(error) => return Err(error),
            Ok(()) => (),
        }
    }
    stopped.map_or(Ok(()), Err)
}

/// The requests of a simulated run, for each node its own.
fn by_node(config: &Config, seed: u64) -> Vec<Vec<Request>> {
    let mut workload = Workload::new(config, Stream::named(seed, "workload"));
    let mut requests = vec![Vec::new(); config.topology().nodes()];
    for _ in 0..config.settings().requests {
        let request = workload.next_request();
        requests[usize::from(request.node)].push(request);
    }
    requests
}

/// The pairs that the simulator tells apart by a factor, the better one first, and that were the other
/// way round live.
#[must_use]
pub fn disagreements(
    simulated: &[(Kind, f64)],
    live: &[(Kind, f64)],
    factor: f64,
) -> Vec<(Kind, Kind)> {
    let of = |kind: Kind| live.iter().find(|entry| entry.0 == kind).map(|it| it.1);
    let mut pairs = Vec::new();
    for (better, less) in simulated {
        for (worse, more) in simulated.iter().filter(|(_, more)| less * factor < *more) {
            debug_assert!(less < more);
            if let (Some(a), Some(b)) = (of(*better), of(*worse))
                && a >= b
            {
                pairs.push((*better, *worse));
            }
        }
    }
    pairs
}
