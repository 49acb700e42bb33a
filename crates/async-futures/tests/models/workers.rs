//! The run queues, and workers that sleep beside them.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use async_futures::idle::Idle;
use async_futures::park::Parker;
use async_futures::queue::{Injector, Owner, Stealer, ring};
use loom::cell::Cell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::explore;

/// Items stand for these: memory that the sender writes and the taker reads. The checker reports a
/// race if the hand-over doesn't order the two.
type Parcels = Arc<[Cell<usize>; 8]>;

fn item(number: usize) -> NonNull<u8> {
    NonNull::without_provenance(NonZeroUsize::new(number).expect("numbered from 1"))
}

fn send(owner: &Owner<u8>, parcels: &Parcels, number: usize) {
    parcels[number].set(number);
    owner.push(item(number)).expect("there is room");
}

fn open(item: NonNull<u8>, parcels: &Parcels) -> usize {
    parcels[item.addr().get()].get()
}

/// Steals once, and opens all of it.
fn rob(stealer: &Stealer<u8>, parcels: &Parcels) -> Vec<usize> {
    let (own, _) = ring();
    let first = stealer.steal_into(&own);
    let rest = std::iter::from_fn(|| own.pop());
    let all = first.into_iter().chain(rest);
    all.map(|item| open(item, parcels)).collect()
}

/// The owner sends parcels in two batches and takes back what it gets; thieves rob it meanwhile.
fn contend(batches: [usize; 2], thieves: usize) {
    let (owner, stealer) = ring();
    let parcels: Parcels = Arc::new(std::array::from_fn(|_| Cell::new(0)));
    let thieves: Vec<_> = (0..thieves)
        .map(|_| {
            let (stealer, parcels) = (stealer.clone(), Arc::clone(&parcels));
            thread::spawn(move || rob(&stealer, &parcels))
        })
        .collect();
    let (mut taken, mut next) = (Vec::new(), 1);
    for batch in batches {
        for _ in 0..batch {
            send(&owner, &parcels, next);
            next += 1;
        }
        taken.extend(owner.pop().map(|item| open(item, &parcels)));
    }
    taken.extend(std::iter::from_fn(|| owner.pop()).map(|item| open(item, &parcels)));
    taken.extend(thieves.into_iter().flat_map(|thief| thief.join().unwrap()));
    taken.sort_unstable();
    assert_eq!(taken, (1..next).collect::<Vec<_>>());
}

#[test]
fn the_last_item_goes_to_one_of_two() {
    explore(3, || contend([1, 0], 1));
}

#[test]
fn two_thieves_and_the_owner_share_a_ring() {
    explore(2, || contend([3, 0], 2));
}

#[test]
fn a_thief_meets_a_slot_that_is_used_again() {
    explore(3, || contend([3, 2], 1));
}

#[test]
fn an_injector_hands_over_all_or_refuses() {
    explore(3, || {
        let injector = Arc::new(Injector::new());
        let bringer = Arc::clone(&injector);
        let bringing = thread::spawn(move || bringer.push([item(1), item(2)]).is_ok());
        let (worker, _) = ring();
        let mut taken: Vec<_> = injector.take(&worker, 1).into_iter().collect();
        taken.extend(std::iter::from_fn(|| worker.pop()));
        taken.extend(injector.close());
        let accepted = bringing.join().unwrap();
        assert_eq!(taken.len(), if accepted { 2 } else { 0 });
    });
}

#[test]
fn an_unpark_is_never_missed() {
    explore(3, || {
        let shared = Arc::new((Parker::default(), Cell::new(0)));
        let waker = Arc::clone(&shared);
        let waking = thread::spawn(move || {
            waker.1.set(7);
            assert!(!waker.0.unpark());
        });
        shared.0.park();
        assert_eq!(shared.1.get(), 7);
        waking.join().unwrap();
    });
}

/// The kernel's part of the protocol: an interruption that comes before the wait isn't lost.
#[derive(Default)]
struct Kernel {
    interrupted: Mutex<bool>,
    changed: Condvar,
}

impl Kernel {
    fn interrupt(&self) {
        *self.interrupted.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut interrupted = self.interrupted.lock().unwrap();
        while !*interrupted {
            interrupted = self.changed.wait(interrupted).unwrap();
        }
        *interrupted = false;
    }
}

/// Workers that each take one of the tasks that `waiting` counts, and sleep meanwhile: on the
/// condition, or in the kernel.
struct Crew {
    idle: Idle,
    kernel: Arc<Kernel>,
    waiting: AtomicUsize,
}

impl Crew {
    fn new(workers: usize) -> Arc<Self> {
        let kernel = Arc::new(Kernel::default());
        let alarm = Arc::clone(&kernel);
        Arc::new(Crew {
            idle: Idle::new(workers, move || alarm.interrupt()),
            kernel,
            waiting: AtomicUsize::new(0),
        })
    }

    fn take_one(&self, me: usize, in_kernel: bool) {
        let take = |count: usize| count.checked_sub(1);
        self.idle.begin_search();
        while (self.waiting)
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .is_err()
        {
            let work = || self.waiting.load(Ordering::Relaxed) > 0;
            assert!(self.idle.sleep(me, work, |bed| {
                if !in_kernel {
                    return bed.park();
                }
                if bed.begin_polling() {
                    self.kernel.wait();
                }
                bed.end_polling();
            }));
        }
        self.idle.end_search();
    }

    fn give_one(&self) {
        self.waiting.fetch_add(1, Ordering::Release);
        self.idle.notify();
    }
}

#[test]
fn no_task_waits_beside_a_sleeper() {
    for in_kernel in [false, true] {
        explore(3, move || {
            let crew = Crew::new(1);
            let worker = Arc::clone(&crew);
            let worker = thread::spawn(move || worker.take_one(0, in_kernel));
            crew.give_one();
            worker.join().unwrap();
        });
    }
}

#[test]
fn the_last_searcher_calls_another_for_the_task_that_was_left_to_it() {
    explore(2, || {
        // Each worker takes one task and never comes back, so each task needs its own worker.
        let crew = Crew::new(2);
        let workers = [0, 1].map(|me| {
            let worker = Arc::clone(&crew);
            thread::spawn(move || worker.take_one(me, me == 0))
        });
        crew.give_one();
        crew.give_one();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_close_sends_every_worker_home() {
    explore(3, || {
        let crew = Crew::new(1);
        let worker = Arc::clone(&crew);
        let worker = thread::spawn(move || {
            worker.idle.begin_search();
            while worker.idle.sleep(0, || false, Parker::park) {}
            worker.idle.end_search();
        });
        crew.idle.close();
        worker.join().unwrap();
    });
}
