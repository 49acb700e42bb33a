//! Producers and consumers on a channel of any kind: how fast, how long each side waits, what arrives.

use std::collections::VecDeque;
use std::thread;

use labkit::clock::Stopwatch;
use labkit::stats::Histogram;

use crate::audit::{Audit, Findings, item, share};
use crate::channel::{Channel, Shared};
use crate::error::{Error, TryRecvError, TrySendError};
use crate::kind::{Kind, channel, check_capacity};
use crate::{Locked, Mpmc, Receiver, Segmented, Semaphores, Sender, Spsc};

/// The most threads on a side.
pub const MAX_THREADS: usize = 64;
/// The most items of a load.
pub const MAX_ITEMS: u64 = 10_000_000_000;
/// The most that the consumers' maps may take: a bit for each item and consumer.
const MAX_TICKS: u64 = 16_000_000_000;
/// How often progress is told.
const TELL_EVERY: u64 = 65_536;

/// What is sent by whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many items the buffer has room for.
    pub capacity: usize,
    /// How many threads send.
    pub producers: usize,
    /// How many threads receive.
    pub consumers: usize,
    /// How many items all producers send together.
    pub items: u64,
    /// How many of them at a time.
    pub batch: usize,
}

/// What became of a load.
#[derive(Debug)]
pub struct Outcome {
    /// How long it took.
    pub seconds: f64,
    /// What arrived.
    pub findings: Findings,
    /// How long senders waited, in nanoseconds, each time that they had to.
    pub send_waits: Histogram,
    /// How long receivers waited, in nanoseconds, each time that they had to.
    pub recv_waits: Histogram,
}

impl Load {
    /// Checks that the load can be carried by a channel of this kind.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn check(&self, kind: Kind) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::Load(why));
        check_capacity(self.capacity)?;
        for (side, threads) in [("producers", self.producers), ("consumers", self.consumers)] {
            if threads == 0 || threads > MAX_THREADS {
                return refuse(format!(
                    "a load has 1 to {MAX_THREADS} {side}, not {threads}"
                ));
            }
        }
        if !kind.is_shared() && self.producers + self.consumers > 2 {
            return refuse(format!(
                "the {kind} ring is for one producer and one consumer, not {} and {}; take mpmc",
                self.producers, self.consumers
            ));
        }
        if self.items == 0 || self.items > MAX_ITEMS {
            return refuse(format!(
                "a load has 1 to {MAX_ITEMS} items, not {}",
                self.items
            ));
        }
        if self.items * self.consumers as u64 > MAX_TICKS {
            return refuse(format!(
                "{} items at {} consumers can't be accounted for in memory; take fewer of one",
                self.items, self.consumers
            ));
        }
        if self.batch == 0 || self.batch > self.capacity {
            return refuse(format!(
                "a batch has 1 item to as many as there is room for ({}), not {}",
                self.capacity, self.batch
            ));
        }
        Ok(())
    }
}

/// Runs a load on a channel of this kind. `progress` is told how many more items have arrived.
///
/// # Errors
/// If the channel can't be made, or the load isn't for this kind.
pub fn run(kind: Kind, load: Load, progress: impl Fn(u64) + Sync) -> Result<Outcome, Error> {
    load.check(kind)?;
    match kind {
        Kind::Locked => run_on(load, many::<Locked<u64>>(load)?, &progress),
        Kind::Semaphores => run_on(load, many::<Semaphores<u64>>(load)?, &progress),
        Kind::Spsc => {
            let (sender, receiver) = channel::<u64, Spsc<u64>>(load.capacity)?;
            run_on(load, (vec![sender], vec![receiver]), &progress)
        }
        Kind::Mpmc => run_on(load, many::<Mpmc<u64>>(load)?, &progress),
        Kind::Segmented => run_on(load, many::<Segmented<u64>>(load)?, &progress),
    }
}

/// A handle for every thread.
type Handles<C> = (Vec<Sender<u64, C>>, Vec<Receiver<u64, C>>);

fn many<C: Channel<Item = u64, Sharing = Shared>>(load: Load) -> Result<Handles<C>, Error> {
    let (sender, receiver) = channel::<u64, C>(load.capacity)?;
    Ok((vec![sender; load.producers], vec![receiver; load.consumers]))
}

fn run_on<C: Channel<Item = u64>>(
    load: Load,
    (senders, receivers): Handles<C>,
    progress: &(impl Fn(u64) + Sync),
) -> Result<Outcome, Error> {
    let audits: Vec<Audit> = receivers
        .iter()
        .map(|_| Audit::new(load.items, load.producers))
        .collect();
    let watch = Stopwatch::start();
    let (sent, received) = thread::scope(|scope| {
        let producers: Vec<_> = senders
            .into_iter()
            .enumerate()
            .map(|(producer, sender)| scope.spawn(move || produce(load, producer, &sender)))
            .collect();
        let consumers: Vec<_> = receivers
            .into_iter()
            .zip(audits)
            .map(|(receiver, audit)| scope.spawn(move || consume(load, &receiver, audit, progress)))
            .collect();
        (join_all(producers), join_all(consumers))
    });
    let seconds = watch.seconds();
    let (mut send_waits, mut recv_waits) = (Histogram::new(), Histogram::new());
    sent.iter().for_each(|waits| send_waits.merge(waits));
    let (mut audits, mut count) = (Vec::new(), 0);
    for (audit, received, waits) in received {
        audits.push(audit);
        count += received;
        recv_waits.merge(&waits);
    }
    Ok(Outcome {
        seconds,
        findings: Audit::conclude(&audits, count),
        send_waits,
        recv_waits,
    })
}

fn join_all<R>(threads: Vec<thread::ScopedJoinHandle<'_, R>>) -> Vec<R> {
    let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
    joined
        .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        .collect()
}

/// Sends a producer's share; says how long it waited, each time that it had to (with batches: how long
/// each of them took).
fn produce<C: Channel<Item = u64>>(
    load: Load,
    producer: usize,
    sender: &Sender<u64, C>,
) -> Histogram {
    let mut waits = Histogram::new();
    let mut batch = VecDeque::with_capacity(load.batch);
    let mut numbers = 0..share(load.items, load.producers, producer);
    while let Some(number) = numbers.next() {
        // Whoever receives is there until all has arrived, so an error can only mean that a consumer
        // has panicked; the panic is passed on where it is joined.
        if load.batch == 1 {
            if let Err(TrySendError::Full(unsent)) = sender.try_send(item(producer, number)) {
                let watch = Stopwatch::start();
                if sender.send(unsent).is_err() {
                    break;
                }
                waits.record_duration(watch.elapsed());
            }
            continue;
        }
        batch.push_back(item(producer, number));
        batch.extend(
            numbers
                .by_ref()
                .take(load.batch - 1)
                .map(|number| item(producer, number)),
        );
        let watch = Stopwatch::start();
        if sender.send_batch(&mut batch).is_err() {
            break;
        }
        waits.record_duration(watch.elapsed());
    }
    waits
}

/// Receives until the senders are gone; says what came, how much, and how long it waited for it.
fn consume<C: Channel<Item = u64>>(
    load: Load,
    receiver: &Receiver<u64, C>,
    mut audit: Audit,
    progress: &impl Fn(u64),
) -> (Audit, u64, Histogram) {
    let mut waits = Histogram::new();
    let mut batch = VecDeque::with_capacity(load.batch);
    let (mut received, mut told) = (0_u64, 0);
    loop {
        if load.batch > 1 {
            let watch = Stopwatch::start();
            if receiver.recv_batch(&mut batch, load.batch).is_err() {
                break;
            }
            waits.record_duration(watch.elapsed());
            received += batch.len() as u64;
            batch.drain(..).for_each(|item| audit.note(item));
        } else {
            let Some(item) = receive(receiver, &mut waits) else {
                break;
            };
            audit.note(item);
            received += 1;
        }
        if received - told >= TELL_EVERY {
            progress(received - told);
            told = received;
        }
    }
    progress(received - told);
    (audit, received, waits)
}

/// One item, and a note of how long it was waited for if it was; none at the end.
#[inline]
fn receive<C: Channel<Item = u64>>(
    receiver: &Receiver<u64, C>,
    waits: &mut Histogram,
) -> Option<u64> {
    match receiver.try_recv() {
        Ok(item) => Some(item),
        Err(TryRecvError::Disconnected) => None,
        Err(TryRecvError::Empty) => {
            let watch = Stopwatch::start();
            let item = receiver.recv().ok()?;
            waits.record_duration(watch.elapsed());
            Some(item)
        }
    }
}
