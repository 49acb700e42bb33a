//! From socket to worker: the labs, joined.
//!
//! A connection's thread reads a line, puts a job into the bounded buffer and waits for its result. The
//! feeder moves jobs from the buffer into the pool, whose own queue holds one job a worker: so a burst
//! waits in the buffer, a larger one on its connections, and the largest in the clients' sockets. Both ends
//! of the way enter what they did into the books, under locks that a detector watches; and a task of the
//! executor takes the pulse of it all.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_futures::Executor;
use deadlock_detection::Event;
use labkit::clock::Stopwatch;
use producer_consumer::{Receiver, Sender, bounded};
use tcp_server::{Config, Farewell, Kind, Server};
use thread_pool::{Metrics, Overflow, Shutdown, ThreadPool, current_worker};

use crate::books::{Books, Closed};
use crate::pulse::{Gauges, Pulse, Sample};
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

/// One question on its way, and where its end is waited for.
struct Job {
    visit: Visit,
    done: SyncSender<Visit>,
}

/// What a connection's thread needs to answer.
struct Desk {
    jobs: Sender<Job>,
    books: Arc<Books>,
    /// Questions that have arrived and aren't answered.
    open: Arc<AtomicUsize>,
    watch: Stopwatch,
}

/// The running whole.
pub(crate) struct Pipeline {
    server: Server,
    feeder: JoinHandle<Metrics>,
    books: Arc<Books>,
    events: mpsc::Receiver<Event>,
    executor: Executor,
    pulse: Pulse,
}

/// What remains of it when it has ended.
pub(crate) struct Ended {
    pub(crate) books: Closed,
    pub(crate) server: Farewell,
    pub(crate) pool: Metrics,
    pub(crate) samples: Vec<Sample>,
}

impl Pipeline {
    /// Starts all parts; `watch` is what all of them tell the time by.
    ///
    /// # Errors
    /// What the system refuses: threads, or a socket.
    pub(crate) fn start(watch: Stopwatch) -> Result<Self, Box<dyn Error>> {
        let (books, events) = Books::new(watch);
        let books = Arc::new(books);
        let open = Arc::new(AtomicUsize::new(0));
        let (jobs, waiting) = bounded::<Job>(CAPACITY)?;
        let seen = waiting.clone();
        let feeder = feed(waiting, Arc::clone(&books), watch)?;
        let executor = Executor::builder().workers(1).build()?;
        let pulse = Pulse::start(&executor, watch, {
            let (open, books) = (Arc::clone(&open), Arc::clone(&books));
            move || Gauges {
                open: open.load(Ordering::Relaxed),
                buffered: seen.len(),
                waiting: books.waiting(),
            }
        });
        let desk = Desk {
            jobs,
            books: Arc::clone(&books),
            open,
            watch,
        };
        let service = move |line: &str, out: &mut Vec<u8>| {
            let said = desk.answer(line).unwrap_or_else(|error| error);
            out.extend_from_slice(said.as_bytes());
        };
        Ok(Pipeline {
            server: Server::start(Kind::Threads, Config::default(), service)?,
            feeder,
            books,
            events,
            executor,
            pulse,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Ends it from the front to the back: no connection, no job, no worker is left.
    ///
    /// # Errors
    /// If a part of it has panicked.
    pub(crate) fn end(self) -> Result<Ended, Box<dyn Error>> {
        // The server drops the service and with it the only sender; that ends the feeder.
        let server = self.server.shutdown(DRAIN);
        let pool = self.feeder.join().map_err(|_| "the feeder has panicked")?;
        let samples = self.pulse.end(&self.executor)?;
        let books = Arc::into_inner(self.books).ok_or("somebody still holds the books")?;
        Ok(Ended {
            books: books.close(&self.events)?,
            server,
            pool,
            samples,
        })
    }
}

/// Starts the thread that moves jobs from the buffer into the pool, which it ends when there are no more.
fn feed(
    waiting: Receiver<Job>,
    books: Arc<Books>,
    watch: Stopwatch,
) -> Result<JoinHandle<Metrics>, Box<dyn Error>> {
    let pool = ThreadPool::builder()
        .threads(WORKERS)
        .queue_bound(WORKERS)
        .overflow(Overflow::Block)
        .build()?;
    Ok(thread::spawn(move || {
        for mut job in waiting.iter() {
            job.visit.taken = watch.seconds();
            let books = Arc::clone(&books);
            if pool.execute(move || work(job, &books, watch)).is_err() {
                break;
            }
        }
        pool.shutdown(Shutdown::Drain);
        pool.metrics()
    }))
}

impl Desk {
    /// Has a question answered by a worker, however long that takes.
    fn answer(&self, line: &str) -> Result<String, String> {
        let (client, below) = parse(line).ok_or_else(|| {
            format!("error: {line:?} is no question; ask: CLIENT primes below N (up to {MOST})")
        })?;
        let visit = Visit {
            client,
            below,
            arrived: self.watch.seconds(),
            ..Visit::default()
        };
        self.open.fetch_add(1, Ordering::Relaxed);
        let visit = self.send(visit);
        self.open.fetch_sub(1, Ordering::Relaxed);
        let known = self
            .books
            .enter(&visit?)
            .map_err(|error| format!("error: {error}"))?;
        let count = known.ok_or("error: the board has no such count")?;
        Ok(count.to_string())
    }

    /// Sends a job on its way and waits until it is done.
    fn send(&self, visit: Visit) -> Result<Visit, String> {
        let (done, result) = mpsc::sync_channel(1);
        let ended = "error: the pool has ended; ask again later";
        self.jobs.send(Job { visit, done }).map_err(|_| ended)?;
        // The job is on its way; what was seen of its entry is noted when it is back.
        let (buffered, depth) = (self.watch.seconds(), self.jobs.len());
        let mut visit = result.recv().map_err(|_| ended)?;
        // The feeder may have taken the job before this thread looked at the time again.
        visit.buffered = buffered.min(visit.taken);
        visit.depth = depth;
        visit.answered = self.watch.seconds();
        Ok(visit)
    }
}

fn parse(line: &str) -> Option<(usize, u64)> {
    let (client, below) = line.split_once(" primes below ")?;
    let below = below.parse().ok().filter(|below| *below <= MOST)?;
    Some((client.parse().ok()?, below))
}

/// What a worker does with a job.
fn work(mut job: Job, books: &Books, watch: Stopwatch) {
    job.visit.started = watch.seconds();
    job.visit.worker = current_worker().unwrap_or(WORKERS);
    let count = parallel_primes::segmented::count(0..job.visit.below, SEGMENT_BYTES);
    job.visit.done = watch.seconds();
    if books.post(job.visit.below, count).is_ok() {
        // Who asked may have gone; then nobody wants the answer.
        let _ = job.done.send(job.visit);
    }
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
        assert!(pipeline.end().unwrap().books.visits.is_empty());
    }
}
