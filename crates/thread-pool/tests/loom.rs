//! Models: small programs that the checker runs in every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p thread-pool --release --test loom`
//!
//! A lost item, a double one, a race on what an item stands for, or a thread that sleeps for ever
//! fails the model, and the checker prints the interleaving.

#![cfg(loom)]

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use loom::cell::Cell;
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use thread_pool::deque::{Owner, Steal, Stealer, deque};
use thread_pool::latch::{Latch, Wait};
use thread_pool::queue::SharedQueue;
use thread_pool::sleep::Sleep;
use thread_pool::{JobError, SchedulerKind, Shutdown, ThreadPool};

/// All interleavings with up to this many switches away from a thread that could have gone on; known
/// bugs of such protocols need two or three (Musuvathi and Qadeer, PLDI 2007).
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// The deque's items stand for these: memory that the sender writes and the taker reads. The checker
/// reports a race if the hand-over doesn't order the two.
type Parcels = Arc<[Cell<usize>; 4]>;

fn send(owner: &Owner<u8>, parcels: &Parcels, number: usize) {
    parcels[number].set(number);
    let item = NonZeroUsize::new(number).expect("parcels are numbered from 1");
    owner.push(NonNull::without_provenance(item));
}

fn open(item: NonNull<u8>, parcels: &Parcels) -> usize {
    parcels[item.addr().get()].get()
}

fn steal(stealer: &Stealer<u8>, parcels: &Parcels) -> Option<usize> {
    match stealer.steal() {
        Steal::Taken(item) => Some(open(item, parcels)),
        Steal::Empty | Steal::Lost => None,
    }
}

/// The owner sends `items` parcels and takes back what it gets, while each thief tries to steal as
/// often as its number says. Every parcel must reach exactly one of them.
fn contend(items: usize, thieves: &[usize]) {
    let (owner, stealer) = deque();
    let parcels = Parcels::default();
    let thieves: Vec<_> = thieves
        .iter()
        .map(|tries| {
            let (stealer, parcels, tries) = (stealer.clone(), Arc::clone(&parcels), *tries);
            thread::spawn(move || {
                let stolen = (0..tries).filter_map(|_| steal(&stealer, &parcels));
                stolen.collect::<Vec<_>>()
            })
        })
        .collect();
    (1..=items).for_each(|number| send(&owner, &parcels, number));
    let popped = std::iter::from_fn(|| owner.pop()).map(|item| open(item, &parcels));
    let mut taken: Vec<usize> = popped.collect();
    taken.extend(thieves.into_iter().flat_map(|thief| thief.join().unwrap()));
    taken.sort_unstable();
    assert_eq!(taken, (1..=items).collect::<Vec<_>>());
}

#[test]
fn the_last_item_goes_to_the_owner_or_to_a_thief() {
    explore(3, || contend(1, &[1]));
}

#[test]
fn two_thieves_and_the_owner_share_two_items() {
    explore(2, || contend(2, &[1, 1]));
}

#[test]
fn a_thief_comes_again_while_the_owner_pops() {
    explore(3, || contend(2, &[2]));
}

#[test]
fn a_thief_meets_a_growing_buffer() {
    explore(3, || contend(3, &[1]));
}

#[test]
fn a_latch_wakes_its_watcher_and_hands_over_what_came_before() {
    explore(3, || {
        let shared = Arc::new((Latch::new(), Cell::new(0)));
        let setter = Arc::clone(&shared);
        let setting = thread::spawn(move || {
            setter.1.set(7);
            setter.0.set();
        });
        Wait::for_latch(&shared.0).block();
        assert_eq!(shared.1.get(), 7);
        setting.join().unwrap();
    });
}

#[test]
fn a_latch_wakes_the_second_watcher_after_the_first_gave_up() {
    explore(3, || {
        let latch = Arc::new(Latch::new());
        let setter = Arc::clone(&latch);
        let setting = thread::spawn(move || setter.set());
        // The first waiter's time is over as soon as it has left its name.
        let _ = Wait::for_latch(&latch).arm();
        let second = Arc::clone(&latch);
        let waiting = thread::spawn(move || Wait::for_latch(&second).block());
        waiting.join().unwrap();
        setting.join().unwrap();
    });
}

/// A worker without a queue: it waits until it has taken one of the jobs that `waiting` counts.
fn take_one(sleep: &Sleep, waiting: &AtomicUsize) {
    let wait = Wait::for_work();
    let take = |count: usize| count.checked_sub(1);
    sleep.begin_search();
    while waiting
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
        .is_err()
    {
        assert!(sleep.sleep(&wait, || waiting.load(Ordering::Relaxed) > 0));
    }
    sleep.end_search();
}

fn give_one(sleep: &Sleep, waiting: &AtomicUsize) {
    waiting.fetch_add(1, Ordering::Release);
    sleep.notify();
}

#[test]
fn no_job_waits_beside_a_sleeper() {
    explore(3, || {
        let shared = Arc::new((Sleep::new(), AtomicUsize::new(0)));
        let worker = Arc::clone(&shared);
        let worker = thread::spawn(move || take_one(&worker.0, &worker.1));
        give_one(&shared.0, &shared.1);
        worker.join().unwrap();
    });
}

#[test]
fn the_last_searcher_calls_another_for_the_job_that_was_left_to_it() {
    explore(2, || {
        // Each worker takes one job and never comes back, so each job needs its own worker.
        let shared = Arc::new((Sleep::new(), AtomicUsize::new(0)));
        let workers = [(); 2].map(|()| {
            let worker = Arc::clone(&shared);
            thread::spawn(move || take_one(&worker.0, &worker.1))
        });
        give_one(&shared.0, &shared.1);
        give_one(&shared.0, &shared.1);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_queue_hands_over_everything_and_then_sends_its_workers_home() {
    explore(2, || {
        let queue = Arc::new(SharedQueue::new(1));
        let workers = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            queue.enter();
            thread::spawn(move || {
                let wait = Wait::for_work();
                std::iter::from_fn(|| queue.next(&wait)).collect::<Vec<u32>>()
            })
        });
        for number in [1, 2] {
            queue.push_waiting(number).unwrap();
        }
        queue.close();
        let mut taken: Vec<u32> = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect();
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    });
}

fn pool(kind: SchedulerKind, threads: usize) -> ThreadPool {
    let builder = ThreadPool::builder().threads(threads).scheduler(kind);
    builder.build().unwrap()
}

#[test]
fn a_job_is_handed_over_and_its_result_comes_back() {
    for kind in [SchedulerKind::SharedQueue, SchedulerKind::WorkStealing] {
        explore(2, move || {
            let pool = pool(kind, 1);
            let handle = pool.submit(|| 42).unwrap();
            assert_eq!(handle.join().unwrap(), 42);
        });
    }
}

#[test]
fn a_drain_loses_no_job() {
    for kind in [SchedulerKind::SharedQueue, SchedulerKind::WorkStealing] {
        explore(2, move || {
            let pool = pool(kind, 2);
            let ran = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&ran);
            pool.execute(move || {
                count.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
            pool.shutdown(Shutdown::Drain);
            assert_eq!(ran.load(Ordering::Relaxed), 1);
        });
    }
}

#[test]
fn a_job_brought_at_the_end_runs_or_is_refused() {
    for kind in [SchedulerKind::SharedQueue, SchedulerKind::WorkStealing] {
        explore(2, move || {
            let (pool, ran) = (Arc::new(pool(kind, 1)), Arc::new(AtomicUsize::new(0)));
            let (bringer, count) = (Arc::clone(&pool), Arc::clone(&ran));
            let bringing = thread::spawn(move || {
                let job = move || {
                    count.fetch_add(1, Ordering::Relaxed);
                };
                bringer.execute(job).is_ok()
            });
            pool.shutdown(Shutdown::Drain);
            let accepted = bringing.join().unwrap();
            assert_eq!(ran.load(Ordering::Relaxed), usize::from(accepted));
        });
    }
}

#[test]
fn cancel_and_run_exclude_each_other() {
    explore(2, || {
        let pool = pool(SchedulerKind::SharedQueue, 1);
        let handle = pool.submit(|| ()).unwrap();
        let cancelled = handle.cancel();
        let outcome = handle.join();
        assert_eq!(matches!(outcome, Err(JobError::Cancelled)), cancelled);
    });
}
