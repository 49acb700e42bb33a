//! Models: small programs that the checker runs in every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p producer-consumer --release --test loom`
//!
//! A lost item, a double one, a race on a slot, or a thread that sleeps for ever fails the model. Those
//! called `without_...` break one memory order or fence of the crate on purpose, and *must* fail: they
//! show that it is needed, and that the models see what they are for.

#![cfg(loom)]

use std::collections::VecDeque;
use std::env;
use std::process::Command;
use std::time::Duration;

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use loom::thread;
use producer_consumer::channel::{Channel, Shared};
use producer_consumer::parking::Waiters;
use producer_consumer::semaphore::{Acquired, Semaphore};
use producer_consumer::{
    Disconnected, Link, Locked, Mpmc, Receiver, RecvTimeoutError, Segmented, Semaphores, Sender,
    Spsc, channel, weaken,
};

/// What goes through: on the heap, so that the checker sees an item that leaks or is read too early.
type Item = Box<usize>;

/// All interleavings with up to this many switches away from a thread that could have gone on; known
/// bugs of such protocols need two or three (Musuvathi and Qadeer, PLDI 2007).
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

fn send<C: Channel<Item = Item>>(sender: &Sender<Item, C>, numbers: std::ops::Range<usize>) {
    for number in numbers {
        sender.send(Box::new(number)).unwrap();
    }
}

fn receive<C: Channel<Item = Item>>(receiver: &Receiver<Item, C>) -> Vec<usize> {
    receiver.iter().map(|item| *item).collect()
}

/// One sends `items` through room for `capacity`, one receives until the end.
fn one_to_one<C: Channel<Item = Item> + 'static>(capacity: usize, items: usize) {
    let (sender, receiver) = channel::<Item, C>(capacity).unwrap();
    let sending = thread::spawn(move || send(&sender, 0..items));
    assert_eq!(receive(&receiver), (0..items).collect::<Vec<_>>());
    sending.join().unwrap();
}

/// Two send one item each, one receives both.
fn two_to_one<C: Channel<Item = Item, Sharing = Shared> + 'static>() {
    let (sender, receiver) = channel::<Item, C>(1).unwrap();
    let other = sender.clone();
    let sending =
        [(sender, 0), (other, 1)].map(|(sender, n)| thread::spawn(move || send(&sender, n..n + 1)));
    let mut received = receive(&receiver);
    received.sort_unstable();
    assert_eq!(received, [0, 1]);
    for thread in sending {
        thread.join().unwrap();
    }
}

/// One sends two items, and each of two receivers takes one.
fn one_to_two<C: Channel<Item = Item, Sharing = Shared> + 'static>() {
    let (sender, receiver) = channel::<Item, C>(2).unwrap();
    let receiving = [receiver.clone(), receiver]
        .map(|receiver| thread::spawn(move || *receiver.recv().unwrap()));
    send(&sender, 0..2);
    let mut received = receiving.map(|thread| thread.join().unwrap());
    received.sort_unstable();
    assert_eq!(received, [0, 1]);
}

/// The receiver goes at any moment of a send: the item comes back, or is dropped; it never leaks.
fn the_receiver_goes<C: Channel<Item = Item> + 'static>() {
    let (sender, receiver) = channel::<Item, C>(1).unwrap();
    let sending = thread::spawn(move || {
        let first = sender.send(Box::new(0));
        let second = sender.send(Box::new(1));
        assert!(first.is_ok() || second.is_err());
    });
    drop(receiver);
    sending.join().unwrap();
}

/// The sender goes while the receiver waits, asleep or not.
fn the_sender_goes<C: Channel<Item = Item> + 'static>() {
    let (sender, receiver) = channel::<Item, C>(1).unwrap();
    let receiving = thread::spawn(move || receiver.recv());
    drop(sender);
    assert_eq!(receiving.join().unwrap(), Err(Disconnected));
}

/// Nothing but an item wakes the receiver, and nothing but room the sender: neither goes meanwhile.
fn each_wakes_the_other<C: Channel<Item = Item> + 'static>(items: usize) {
    let (sender, receiver) = channel::<Item, C>(1).unwrap();
    let sending = thread::spawn(move || {
        send(&sender, 0..items);
        sender
    });
    assert_eq!(*receiver.recv().unwrap(), 0);
    let sender = sending.join().unwrap();
    assert_eq!(sender.len(), items - 1);
}

/// A batch that is larger than the room.
fn in_batches<C: Channel<Item = Item> + 'static>() {
    let (sender, receiver) = channel::<Item, C>(2).unwrap();
    let sending = thread::spawn(move || {
        let mut batch: VecDeque<Item> = (0..3).map(Box::new).collect();
        sender.send_batch(&mut batch).unwrap();
    });
    let mut received = VecDeque::new();
    while receiver.recv_batch(&mut received, 2).is_ok() {}
    assert!(received.into_iter().map(|item| *item).eq(0..3));
    sending.join().unwrap();
}

/// Of two sleepers, the time of one may run out just as it is woken: then the other one is to get the
/// item.
fn time_runs_out<C: Channel<Item = Item, Sharing = Shared> + 'static>() {
    let (sender, receiver) = channel::<Item, C>(1).unwrap();
    let patient = receiver.clone();
    let hurried = thread::spawn(move || receiver.recv_timeout(Duration::from_secs(1)));
    let waiting = thread::spawn(move || patient.recv());
    sender.send(Box::new(0)).unwrap();
    match hurried.join().unwrap() {
        Ok(item) => {
            assert_eq!(*item, 0);
            drop(sender);
            assert_eq!(waiting.join().unwrap(), Err(Disconnected));
        }
        Err(RecvTimeoutError::Timeout) => assert_eq!(*waiting.join().unwrap().unwrap(), 0),
        Err(RecvTimeoutError::Disconnected) => panic!("the sender is there"),
    }
}

/// A side without a buffer: each of its threads waits until it has taken one of what `there` counts.
fn take_one(waiters: &Waiters, there: &AtomicUsize, patience: Option<Duration>) -> bool {
    let take = |count: usize| count.checked_sub(1);
    let attempt = || there.fetch_update(AcqRel, Acquire, take).ok();
    let ready = || there.load(Acquire) > 0;
    attempt()
        .or_else(|| waiters.wait(patience, ready, attempt))
        .is_some()
}

fn give_one(waiters: &Waiters, there: &AtomicUsize) {
    there.fetch_add(1, Release);
    waiters.notify();
}

/// So many takers, each with its patience, and as many gifts as there are takers for ever.
fn parking(patience: &[Option<Duration>]) {
    let shared = Arc::new((Waiters::default(), AtomicUsize::new(0)));
    let takers: Vec<_> = patience
        .iter()
        .map(|patience| {
            let (shared, patience) = (Arc::clone(&shared), *patience);
            thread::spawn(move || take_one(&shared.0, &shared.1, patience))
        })
        .collect();
    let gifts = patience
        .iter()
        .filter(|patience| patience.is_none())
        .count();
    (0..gifts).for_each(|_| give_one(&shared.0, &shared.1));
    for (taker, patience) in takers.into_iter().zip(patience) {
        let took = taker.join().unwrap();
        if took && patience.is_some() {
            // It took what another one waits for.
            give_one(&shared.0, &shared.1);
        }
    }
}

/// A model for each claim about a kind of channel, with its bound on preemptions.
macro_rules! models {
    ($($kind:ident $module:ident { $($claim:ident($preemptions:literal $($argument:expr)*))* })*) => {
        $(mod $module {
            $(
                #[test]
                fn $claim() {
                    super::explore($preemptions, || {
                        super::$claim::<super::$kind<_>>($($argument),*);
                    });
                }
            )*
        })*
    };
}

models! {
    Locked locked {
        two_to_one(2) one_to_two(2) the_receiver_goes(3) the_sender_goes(3) in_batches(2)
        time_runs_out(2)
    }
    Semaphores semaphores {
        two_to_one(1) one_to_two(1) the_receiver_goes(2) the_sender_goes(3) in_batches(2)
        time_runs_out(1)
    }
    Spsc spsc {
        the_receiver_goes(3) the_sender_goes(3) in_batches(1)
    }
    Mpmc mpmc {
        two_to_one(0) one_to_two(1) the_receiver_goes(2) the_sender_goes(3) in_batches(1)
        time_runs_out(1)
    }
    Segmented segmented {
        two_to_one(1) one_to_two(0) the_receiver_goes(2) the_sender_goes(3) in_batches(1)
        time_runs_out(1)
    }
}

#[test]
fn a_full_buffer_hands_over_one_by_one() {
    explore(2, || one_to_one::<Locked<_>>(1, 2));
    explore(2, || one_to_one::<Semaphores<_>>(1, 2));
    explore(2, || one_to_one::<Spsc<_>>(1, 2));
    explore(1, || one_to_one::<Mpmc<_>>(1, 2));
    explore(1, || one_to_one::<Segmented<_>>(1, 3));
}

#[test]
fn an_item_and_room_wake_who_sleeps() {
    explore(3, || each_wakes_the_other::<Spsc<_>>(1));
    explore(2, || each_wakes_the_other::<Spsc<_>>(2));
    explore(1, || each_wakes_the_other::<Mpmc<_>>(2));
    explore(2, || each_wakes_the_other::<Segmented<_>>(1));
}

#[test]
fn nothing_waits_beside_a_sleeper() {
    explore(3, || parking(&[None]));
}

#[test]
fn the_last_searcher_calls_another_for_what_was_left_to_it() {
    // Each takes one and never comes back, so each gift needs a sleeper of its own.
    explore(2, || parking(&[None, None]));
}

#[test]
fn who_is_woken_when_its_time_is_over_passes_it_on() {
    explore(2, || parking(&[Some(Duration::from_secs(1)), None]));
}

#[test]
fn a_semaphore_wakes_who_waits_for_its_permit() {
    explore(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = Arc::clone(&semaphore);
        let waiting = thread::spawn(move || other.acquire(1, None));
        semaphore.release(1);
        assert_eq!(waiting.join().unwrap(), Acquired::Permits(1));
        let other = Arc::clone(&semaphore);
        let waiting = thread::spawn(move || other.acquire(1, None));
        semaphore.close();
        assert_eq!(waiting.join().unwrap(), Acquired::Closed);
    });
}

/// Runs a model with a broken link, which must fail, and by this. In a process of its own: the checker
/// ends one in which destructors ask it for more after it has found something.
fn must_fail(test: &str, link: Link, because: &str, model: impl Fn() + Sync + Send + 'static) {
    const INSIDE: &str = "LAB_PRODUCER_CONSUMER_BROKEN";
    if env::var_os(INSIDE).is_some() {
        weaken(link);
        return explore(3, model);
    }
    let this = env::current_exe().unwrap();
    let mut command = Command::new(this);
    command.args(["--exact", test, "--nocapture"]);
    let output = command.env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{link:?} isn't needed: {said}");
    assert!(said.contains(because), "{said}");
}

#[test]
fn without_release_an_item_of_the_ring_for_two_is_read_too_early() {
    must_fail(
        "without_release_an_item_of_the_ring_for_two_is_read_too_early",
        Link::SpscItem,
        "Causality violation",
        || one_to_one::<Spsc<_>>(1, 1),
    );
}

#[test]
fn without_acquire_a_slot_of_the_ring_for_two_is_filled_too_early() {
    must_fail(
        "without_acquire_a_slot_of_the_ring_for_two_is_filled_too_early",
        Link::SpscSlot,
        "Causality violation",
        || one_to_one::<Spsc<_>>(1, 2),
    );
}

#[test]
fn without_release_an_item_of_the_ring_for_many_is_read_too_early() {
    must_fail(
        "without_release_an_item_of_the_ring_for_many_is_read_too_early",
        Link::MpmcItem,
        "Causality violation",
        || one_to_one::<Mpmc<_>>(1, 1),
    );
}

#[test]
fn without_acquire_a_slot_of_the_ring_for_many_is_filled_too_early() {
    must_fail(
        "without_acquire_a_slot_of_the_ring_for_many_is_filled_too_early",
        Link::MpmcSlot,
        "Causality violation",
        || one_to_one::<Mpmc<_>>(1, 2),
    );
}

#[test]
fn without_release_an_item_in_a_segment_is_read_too_early() {
    must_fail(
        "without_release_an_item_in_a_segment_is_read_too_early",
        Link::SegmentItem,
        "Causality violation",
        || one_to_one::<Segmented<_>>(1, 1),
    );
}

#[test]
fn without_the_givers_fence_a_wake_up_is_lost() {
    must_fail(
        "without_the_givers_fence_a_wake_up_is_lost",
        Link::Giver,
        "deadlock",
        || each_wakes_the_other::<Spsc<_>>(1),
    );
}

#[test]
fn without_the_sleepers_fence_a_wake_up_is_lost() {
    must_fail(
        "without_the_sleepers_fence_a_wake_up_is_lost",
        Link::Sleeper,
        "deadlock",
        || each_wakes_the_other::<Spsc<_>>(1),
    );
}
