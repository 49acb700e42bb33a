//! From socket to worker: the labs, joined.
//!
//! A connection's thread reads a line, puts a job into the bounded buffer and waits for its result. The
//! feeder moves jobs from the buffer into the pool, whose own queue holds one job a worker: so a burst
//! waits in the buffer, a larger one on its connections, and the largest in the clients' sockets.

use std::net::SocketAddr;
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use labkit::clock::Stopwatch;
use producer_consumer::{Sender, bounded};
use tcp_server::{Config, Farewell, Kind, Server};
use thread_pool::{Metrics, Overflow, Shutdown, ThreadPool, current_worker};

use crate::visit::Visit;

/// How many jobs the buffer holds.
pub(crate) const CAPACITY: usize = 10;
/// How many workers the pool has.
pub(crate) const WORKERS: usize = 2;
/// The largest number that may be asked for.
pub(crate) const MOST: u64 = 10_000_000;
/// How long the server may take to answer what has arrived.
const DRAIN: Duration = Duration::from_secs(5);
/// A segment of the sieve that stays in a first-level cache.
const SEGMENT_BYTES: usize = 32 * 1024;

/// One question on its way, and where its answer is waited for.
struct Job {
    visit: Visit,
    answer: SyncSender<(u64, Visit)>,
}

/// The running whole.
pub(crate) struct Pipeline {
    server: Server,
    feeder: JoinHandle<Metrics>,
    visits: Arc<Mutex<Vec<Visit>>>,
}

/// What remains of it when it has ended.
pub(crate) struct Ended {
    /// Every answered question, in the order of the answers.
    pub(crate) visits: Vec<Visit>,
    pub(crate) server: Farewell,
    pub(crate) pool: Metrics,
}

impl Pipeline {
    /// Starts all parts; `watch` is what all of them tell the time by.
    ///
    /// # Errors
    /// What the system refuses: threads, or a socket.
    pub(crate) fn start(watch: Stopwatch) -> Result<Self, Box<dyn std::error::Error>> {
        let (jobs, waiting) = bounded::<Job>(CAPACITY)?;
        let pool = ThreadPool::builder()
            .threads(WORKERS)
            .queue_bound(WORKERS)
            .overflow(Overflow::Block)
            .build()?;
        let feeder = thread::spawn(move || {
            for mut job in waiting.iter() {
                job.visit.taken = watch.seconds();
                if pool.execute(move || work(job, watch)).is_err() {
                    break;
                }
            }
            pool.shutdown(Shutdown::Drain);
            pool.metrics()
        });
        let visits = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&visits);
        let service = move |line: &str, out: &mut Vec<u8>| {
            let said = answer(line, &jobs, watch).map(|(count, visit)| {
                let mut visits = noted.lock().unwrap_or_else(PoisonError::into_inner);
                visits.push(visit);
                count.to_string()
            });
            out.extend_from_slice(said.unwrap_or_else(|error| error).as_bytes());
        };
        let server = Server::start(Kind::Threads, Config::default(), service)?;
        Ok(Pipeline {
            server,
            feeder,
            visits,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Ends it from the front to the back: no connection, no job, no worker is left.
    pub(crate) fn end(self) -> Ended {
        // The server drops the service and with it the only sender; that ends the feeder.
        let server = self.server.shutdown(DRAIN);
        let pool = self.feeder.join().unwrap_or_else(|panic| {
            std::panic::resume_unwind(panic);
        });
        let visits =
            std::mem::take(&mut *self.visits.lock().unwrap_or_else(PoisonError::into_inner));
        Ended {
            visits,
            server,
            pool,
        }
    }
}

/// Has a question answered by a worker, however long that takes.
fn answer(line: &str, jobs: &Sender<Job>, watch: Stopwatch) -> Result<(u64, Visit), String> {
    let (client, below) = parse(line).ok_or_else(|| {
        format!("error: {line:?} is no question; ask: CLIENT primes below N (up to {MOST})")
    })?;
    let (answer, result) = mpsc::sync_channel(1);
    let visit = Visit {
        client,
        below,
        arrived: watch.seconds(),
        ..Visit::default()
    };
    let ended = "error: the pool has ended; ask again later";
    jobs.send(Job { visit, answer }).map_err(|_| ended)?;
    // The job is on its way; what was seen of its entry is noted when it is back.
    let (buffered, depth) = (watch.seconds(), jobs.len());
    let (count, mut visit) = result.recv().map_err(|_| ended)?;
    // The feeder may have taken the job before this thread looked at the time again.
    visit.buffered = buffered.min(visit.taken);
    visit.depth = depth;
    visit.answered = watch.seconds();
    Ok((count, visit))
}

fn parse(line: &str) -> Option<(usize, u64)> {
    let (client, below) = line.split_once(" primes below ")?;
    let below = below.parse().ok().filter(|below| *below <= MOST)?;
    Some((client.parse().ok()?, below))
}

/// What a worker does with a job.
fn work(mut job: Job, watch: Stopwatch) {
    job.visit.started = watch.seconds();
    job.visit.worker = current_worker().unwrap_or(WORKERS);
    let count = parallel_primes::segmented::count(0..job.visit.below, SEGMENT_BYTES);
    job.visit.done = watch.seconds();
    // Who asked may have gone; then nobody wants the answer.
    let _ = job.answer.send((count, job.visit));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_a_client_and_a_number_in_reach() {
        assert_eq!(parse("7 primes below 100"), Some((7, 100)));
        assert_eq!(parse("7 primes below 10000001"), None);
        assert_eq!(parse("7 primes below -1"), None);
        assert_eq!(parse("primes"), None);
    }

    #[test]
    fn a_line_that_is_no_question_is_told_what_one_is() {
        let pipeline = Pipeline::start(Stopwatch::start()).unwrap();
        let mut client = tcp_server::Client::connect(pipeline.address()).unwrap();
        let said = client.ask("hello").unwrap();
        assert!(
            said.starts_with("error: \"hello\" is no question"),
            "{said}"
        );
        drop(client);
        assert!(pipeline.end().visits.is_empty());
    }
}
