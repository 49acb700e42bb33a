//! The contests: the same items, threads and room for every contender.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::versus::{Suite, Target, Work};
use producer_consumer::channel::{Channel, Shared};
use producer_consumer::{Locked, Mpmc, Segmented, Semaphores, Spsc, channel};

/// Room in every bounded channel.
const ROOM: usize = 1024;
/// Items of a batch.
const BATCH: usize = 64;
const ITEMS: u64 = 2_000_000;
const MANY: usize = 4;

pub(crate) fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let items = if suite.quick() { ITEMS / 20 } else { ITEMS };
    one_to_one(&mut suite, items);
    four_to_four(&mut suite, items);
    in_batches(&mut suite, items);
    unbounded(&mut suite, items);
    suite.finish()
}

fn work(items: u64) -> Work {
    Work::items(items as f64, "items")
}

fn one_to_one(suite: &mut Suite, items: u64) {
    suite
        .contest("one to one, room for 1024", work(items))
        .ours("spsc", || {
            let (sender, receiver) = channel::<u64, Spsc<_>>(ROOM).expect("room");
            timed(items, [give(sender)], [take(receiver)])
        })
        .peer("mpmc (ours)", Target::None, || ours::<Mpmc<_>>(items, 1))
        .peer("semaphores (ours)", Target::None, || {
            ours::<Semaphores<_>>(items, 1)
        })
        .peer("locked (ours)", Target::None, || {
            ours::<Locked<_>>(items, 1)
        })
        .peer("std sync_channel", Target::AtLeast(1.5), || {
            let (sender, receiver) = mpsc::sync_channel(ROOM);
            let send = move |n| sender.send(n).expect("somebody receives");
            timed(items, [send], [move || receiver.recv().ok()])
        })
        .peer("crossbeam-channel", Target::AtLeast(1.5), || {
            crossbeam(items, 1, crossbeam_channel::bounded(ROOM))
        })
        .peer("flume", Target::AtLeast(1.5), || {
            flume(items, 1, flume::bounded(ROOM))
        })
        .peer("kanal", Target::AtLeast(1.5), || {
            kanal(items, 1, kanal::bounded(ROOM))
        })
        .run();
}

fn four_to_four(suite: &mut Suite, items: u64) {
    suite
        .contest("four to four, room for 1024", work(items))
        .ours("mpmc", || ours::<Mpmc<_>>(items, MANY))
        .peer("semaphores (ours)", Target::None, || {
            ours::<Semaphores<_>>(items, MANY)
        })
        .peer("locked (ours)", Target::None, || {
            ours::<Locked<_>>(items, MANY)
        })
        .peer("crossbeam-channel", Target::AtLeast(1.0), || {
            crossbeam(items, MANY, crossbeam_channel::bounded(ROOM))
        })
        .peer("flume", Target::AtLeast(1.0), || {
            flume(items, MANY, flume::bounded(ROOM))
        })
        .peer("kanal", Target::AtLeast(1.0), || {
            kanal(items, MANY, kanal::bounded(ROOM))
        })
        .peer(
            "std sync_channel, under a lock",
            Target::AtLeast(1.0),
            || {
                let (sender, receiver) = mpsc::sync_channel(ROOM);
                // std has one receiver only; this is how several threads share it.
                let receiver = Arc::new(std::sync::Mutex::new(receiver));
                let send = |sender: mpsc::SyncSender<u64>| {
                    move |n| sender.send(n).expect("somebody receives")
                };
                let recv = |receiver: Arc<std::sync::Mutex<mpsc::Receiver<u64>>>| {
                    move || receiver.lock().expect("no panic").recv().ok()
                };
                timed(
                    items,
                    vec![sender; MANY].into_iter().map(send),
                    vec![receiver; MANY].into_iter().map(recv),
                )
            },
        )
        .run();
}

/// The peers have no batches, except that flume and std drain; they are what one would write instead.
fn in_batches(suite: &mut Suite, items: u64) {
    suite
        .contest("one to one by 64, room for 1024", work(items))
        .ours("spsc", || batches::<Spsc<_>>(items))
        .peer("mpmc (ours)", Target::None, || batches::<Mpmc<_>>(items))
        .peer("segmented (ours)", Target::None, || {
            batches::<Segmented<_>>(items)
        })
        .peer("semaphores (ours)", Target::None, || {
            batches::<Semaphores<_>>(items)
        })
        .peer("locked (ours)", Target::None, || {
            batches::<Locked<_>>(items)
        })
        .peer("crossbeam-channel, one by one", Target::None, || {
            crossbeam(items, 1, crossbeam_channel::bounded(ROOM))
        })
        .peer("flume, drained", Target::None, || {
            let (sender, receiver) = flume::bounded(ROOM);
            let mut batch = VecDeque::new();
            let recv = move || {
                if batch.is_empty() {
                    batch.push_back(receiver.recv().ok()?);
                    batch.extend(receiver.drain());
                }
                batch.pop_front()
            };
            let send = move |n| sender.send(n).expect("somebody receives");
            timed(items, [send], [recv])
        })
        .run();
}

fn unbounded(suite: &mut Suite, items: u64) {
    suite
        .contest("four to four, unbounded", work(items))
        .ours("segmented", || ours::<Segmented<_>>(items, MANY))
        .peer("crossbeam-channel", Target::None, || {
            crossbeam(items, MANY, crossbeam_channel::unbounded())
        })
        .peer("flume", Target::None, || {
            flume(items, MANY, flume::unbounded())
        })
        .peer("kanal", Target::None, || {
            kanal(items, MANY, kanal::unbounded())
        })
        .run();
}

/// Starts all threads, and times from the first send to the last receive; the sum says that all came.
fn timed<S: FnMut(u64) + Send, R: FnMut() -> Option<u64> + Send>(
    items: u64,
    senders: impl IntoIterator<Item = S>,
    receivers: impl IntoIterator<Item = R>,
) -> Duration {
    let (senders, receivers): (Vec<S>, Vec<R>) = (
        senders.into_iter().collect(),
        receivers.into_iter().collect(),
    );
    let share = items / senders.len() as u64;
    let watch = Stopwatch::start();
    let sum: u64 = thread::scope(|scope| {
        for (at, mut send) in senders.into_iter().enumerate() {
            scope.spawn(move || (share * at as u64..share * (at as u64 + 1)).for_each(&mut send));
        }
        let receiving: Vec<_> = receivers
            .into_iter()
            .map(|recv| scope.spawn(move || std::iter::from_fn(recv).sum::<u64>()))
            .collect();
        let sums = receiving.into_iter().map(thread::ScopedJoinHandle::join);
        sums.map(|sum| sum.expect("no receiver panics")).sum()
    });
    let time = watch.elapsed();
    assert_eq!(sum, items * (items - 1) / 2);
    time
}

fn give<C: Channel<Item = u64>>(sender: producer_consumer::Sender<u64, C>) -> impl FnMut(u64) {
    move |n| sender.send(n).expect("somebody receives")
}

fn take<C: Channel<Item = u64>>(
    receiver: producer_consumer::Receiver<u64, C>,
) -> impl FnMut() -> Option<u64> {
    move || receiver.recv().ok()
}

fn ours<C: Channel<Item = u64, Sharing = Shared>>(items: u64, threads: usize) -> Duration {
    let (sender, receiver) = channel::<u64, C>(ROOM).expect("room");
    timed(
        items,
        vec![sender; threads].into_iter().map(give),
        vec![receiver; threads].into_iter().map(take),
    )
}

fn batches<C: Channel<Item = u64>>(items: u64) -> Duration {
    let (sender, receiver) = channel::<u64, C>(ROOM).expect("room");
    let mut outgoing = VecDeque::with_capacity(BATCH);
    let send = move |n| {
        outgoing.push_back(n);
        if outgoing.len() == BATCH || n + 1 == items {
            sender.send_batch(&mut outgoing).expect("somebody receives");
        }
    };
    let mut incoming = VecDeque::with_capacity(BATCH);
    let recv = move || {
        if incoming.is_empty() {
            receiver.recv_batch(&mut incoming, BATCH).ok()?;
        }
        incoming.pop_front()
    };
    timed(items, [send], [recv])
}

fn crossbeam(
    items: u64,
    threads: usize,
    (sender, receiver): (
        crossbeam_channel::Sender<u64>,
        crossbeam_channel::Receiver<u64>,
    ),
) -> Duration {
    let send = |sender: crossbeam_channel::Sender<u64>| {
        move |n| sender.send(n).expect("somebody receives")
    };
    let recv = |receiver: crossbeam_channel::Receiver<u64>| move || receiver.recv().ok();
    timed(
        items,
        vec![sender; threads].into_iter().map(send),
        vec![receiver; threads].into_iter().map(recv),
    )
}

fn flume(
    items: u64,
    threads: usize,
    (sender, receiver): (flume::Sender<u64>, flume::Receiver<u64>),
) -> Duration {
    let send = |sender: flume::Sender<u64>| move |n| sender.send(n).expect("somebody receives");
    let recv = |receiver: flume::Receiver<u64>| move || receiver.recv().ok();
    timed(
        items,
        vec![sender; threads].into_iter().map(send),
        vec![receiver; threads].into_iter().map(recv),
    )
}

fn kanal(
    items: u64,
    threads: usize,
    (sender, receiver): (kanal::Sender<u64>, kanal::Receiver<u64>),
) -> Duration {
    let send = |sender: kanal::Sender<u64>| move |n| sender.send(n).expect("somebody receives");
    let recv = |receiver: kanal::Receiver<u64>| move || receiver.recv().ok();
    timed(
        items,
        vec![sender; threads].into_iter().map(send),
        vec![receiver; threads].into_iter().map(recv),
    )
}
