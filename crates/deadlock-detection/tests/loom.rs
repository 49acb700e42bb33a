//! Models: small programs that the checker runs in every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p deadlock-detection --release --test loom`
//!
//! What a lock guards is a cell here, so a race on it, a lock held twice, a thread that sleeps for ever or a
//! cycle that is missed fails the model, and the checker prints the interleaving.

#![cfg(loom)]

use std::panic::Location;

use deadlock_detection::graph::Mode;
use deadlock_detection::raw::RawLock;
use deadlock_detection::{Detector, LockError, Policy};
use loom::cell::Cell;
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;

/// All interleavings with up to this many switches away from a thread that could have gone on; known
/// bugs of such protocols need two or three (Musuvathi and Qadeer, PLDI 2007).
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A lock and what it guards.
struct Guarded {
    lock: RawLock,
    value: Cell<usize>,
}

fn guarded(detector: &Detector) -> Arc<Guarded> {
    Arc::new(Guarded {
        lock: RawLock::new(detector, None),
        value: Cell::new(0),
    })
}

impl Guarded {
    fn bump(&self) -> Result<(), LockError> {
        let _held = self.lock.acquire(Mode::Exclusive, Location::caller())?;
        self.value.set(self.value.get() + 1);
        Ok(())
    }

    fn look(&self) -> usize {
        let held = self.lock.acquire(Mode::Shared, Location::caller());
        let _held = held.expect("a single lock closes no cycle");
        self.value.get()
    }
}

/// Starts threads that all do the same `times` times; the calling one does it as well.
fn all_bump(threads: usize, times: usize) {
    let shared = guarded(&Detector::new(Policy::Youngest));
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || (0..times).for_each(|_| shared.bump().unwrap()))
        })
        .collect();
    (0..times).for_each(|_| shared.bump().unwrap());
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(shared.look(), threads * times);
}

#[test]
fn a_lock_excludes_and_nobody_sleeps_for_ever() {
    explore(8, || all_bump(2, 1));
}

#[test]
fn a_lock_grows_fat_and_thin_again() {
    explore(5, || all_bump(2, 3));
}

#[test]
fn three_threads_pass_a_lock_on() {
    explore(4, || all_bump(3, 2));
}

#[test]
fn opposite_orders_are_seen_by_one_of_the_two() {
    explore(5, || {
        let detector = Detector::new(Policy::Requester);
        let (a, b) = (guarded(&detector), guarded(&detector));
        let (c, d) = (Arc::clone(&a), Arc::clone(&b));
        let take = |first: &Guarded, second: &Guarded| {
            let held = first.lock.acquire(Mode::Exclusive, Location::caller());
            let _held = held.expect("the first closes no cycle");
            second.bump()
        };
        let other = thread::spawn(move || take(&d, &c).is_ok());
        let mine = take(&a, &b).is_ok();
        let theirs = other.join().unwrap();
        assert!(mine || theirs, "at most one gives way");
        let seen = detector.counts().deadlocks;
        assert_eq!(seen, u64::from(!(mine && theirs)));
    });
}

#[test]
fn the_last_reader_leaves_while_its_fellow_makes_the_lock_thin() {
    explore(8, || {
        let shared = guarded(&Detector::new(Policy::Youngest));
        let fellow = Arc::clone(&shared);
        let reader = thread::spawn(move || fellow.look());
        let seen = shared.look();
        assert_eq!((seen, reader.join().unwrap()), (0, 0));
        shared.bump().unwrap();
        assert_eq!(shared.look(), 1);
    });
}

#[test]
fn readers_and_a_writer_take_turns() {
    explore(3, || {
        let shared = guarded(&Detector::new(Policy::Youngest));
        let [reading, writing] = [Arc::clone(&shared), Arc::clone(&shared)];
        let reader = thread::spawn(move || reading.look());
        let writer = thread::spawn(move || writing.bump().unwrap());
        assert!(shared.look() <= 1);
        assert!(reader.join().unwrap() <= 1);
        writer.join().unwrap();
        assert_eq!(shared.look(), 1);
    });
}
