//! Stage 5: every worker has a deque, thieves keep all of them busy, and sleepers miss nothing.

mod support;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use support::{Gate, in_time, of};
use thread_pool::deque::{Owner, Steal, Stealer, deque};
use thread_pool::{Builder, SchedulerKind, ThreadPool};

fn stealing(threads: usize) -> Builder {
    of(SchedulerKind::WorkStealing, threads)
}

/// A number in a pointer's clothes: the deque never looks behind them.
fn item(number: usize) -> NonNull<u8> {
    NonNull::without_provenance(NonZeroUsize::new(number).unwrap())
}

fn number(item: NonNull<u8>) -> usize {
    item.addr().get()
}

fn steal(stealer: &Stealer<u8>) -> Option<usize> {
    match stealer.steal() {
        Steal::Taken(stolen) => Some(number(stolen)),
        Steal::Empty | Steal::Lost => None,
    }
}

#[test]
fn the_owner_takes_the_newest_and_a_thief_the_oldest() {
    let (owner, stealer) = deque();
    assert_eq!((owner.pop(), stealer.steal()), (None, Steal::Empty));
    (1..=4).for_each(|number| owner.push(item(number)));
    assert_eq!(owner.len(), 4);
    assert_eq!(steal(&stealer), Some(1));
    assert_eq!(owner.pop().map(number), Some(4));
    assert_eq!(steal(&stealer), Some(2));
    assert_eq!(owner.pop().map(number), Some(3));
    assert_eq!((owner.pop(), stealer.steal()), (None, Steal::Empty));
    assert!(owner.is_empty() && stealer.is_empty());
}

#[test]
fn a_deque_grows_around_what_it_holds() {
    let (owner, stealer) = deque();
    // Off the start, so that the items lie across the end of the buffer when it grows.
    for number in 1..=40 {
        owner.push(item(number));
        assert_eq!(steal(&stealer), Some(number));
    }
    (1..=10_000).for_each(|number| owner.push(item(number)));
    for number in 1..=5_000 {
        assert_eq!(steal(&stealer), Some(number));
    }
    let rest: Vec<usize> = std::iter::from_fn(|| owner.pop().map(number)).collect();
    assert_eq!(rest, (5_001..=10_000).rev().collect::<Vec<_>>());
}

#[test]
fn owner_and_thieves_share_the_items_without_loss_or_double() {
    const ITEMS: usize = 200_000;
    in_time(|| {
        let (owner, stealer) = deque();
        let seen: Vec<AtomicU8> = (0..=ITEMS).map(|_| AtomicU8::new(0)).collect();
        let finished = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !finished.load(Ordering::Acquire) {
                        if let Some(number) = steal(&stealer) {
                            seen[number].fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            push_and_pop(&owner, &seen);
            finished.store(true, Ordering::Release);
        });
        let wrong = seen
            .iter()
            .skip(1)
            .filter(|seen| seen.load(Ordering::Relaxed) != 1);
        assert_eq!(wrong.count(), 0);
    });
}

/// Keeps the deque nearly empty, where owner and thieves meet: two pushes, two pops.
fn push_and_pop(owner: &Owner<u8>, seen: &[AtomicU8]) {
    for pair in (1..seen.len()).collect::<Vec<_>>().chunks(2) {
        pair.iter().for_each(|number| owner.push(item(*number)));
        while let Some(popped) = owner.pop() {
            seen[number(popped)].fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn what_one_job_spawns_reaches_all_workers() {
    in_time(|| {
        let pool = stealing(3).build().unwrap();
        let gate = Gate::default();
        pool.install(|| {
            pool.scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| gate.pass());
                }
                // The spawner itself waits here: only thieves can have brought the two to the gate.
                gate.wait_for(2);
                gate.open();
            });
        });
        assert!(pool.metrics().stolen >= 2);
    });
}

#[test]
fn a_sleeping_worker_hears_of_every_single_job() {
    in_time(|| {
        let pool = stealing(3).build().unwrap();
        let (sender, done) = mpsc::channel();
        for round in 0..20_000 {
            let sender = sender.clone();
            pool.execute(move || sender.send(round).unwrap()).unwrap();
            assert_eq!(done.recv().unwrap(), round);
        }
    });
}

#[test]
fn a_sleeping_thief_hears_of_every_single_fork() {
    in_time(|| {
        let pool = stealing(2).build().unwrap();
        for _ in 0..5_000 {
            // Each half waits for the other to have begun, so the second must be stolen.
            let both = std::sync::Barrier::new(2);
            pool.join(|| both.wait(), || both.wait());
        }
    });
}

#[test]
fn jobs_from_outside_dont_starve_behind_jobs_that_never_run_out() {
    fn again(pool: &Arc<ThreadPool>, stop: &Arc<AtomicBool>) {
        if !stop.load(Ordering::Acquire) {
            let (inside, stop) = (Arc::clone(pool), Arc::clone(stop));
            pool.execute(move || again(&inside, &stop)).unwrap();
        }
    }
    in_time(|| {
        let pool = Arc::new(stealing(1).build().unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let (inside, stop_inside) = (Arc::clone(&pool), Arc::clone(&stop));
        pool.execute(move || again(&inside, &stop_inside)).unwrap();
        for number in 0..100 {
            assert_eq!(pool.submit(move || number).unwrap().join().unwrap(), number);
        }
        stop.store(true, Ordering::Release);
    });
}

#[test]
fn all_workers_stay_until_the_last_job_has_forked_its_last() {
    in_time(|| {
        let pool = Arc::new(stealing(2).build().unwrap());
        let (gate, workers) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let (at_gate, inside, count) = (gate.clone(), Arc::clone(&pool), Arc::clone(&workers));
        let parent = pool
            .submit(move || {
                at_gate.pass();
                let both = std::sync::Barrier::new(2);
                let meet = || {
                    both.wait();
                    thread_pool::current_worker()
                };
                let (a, b) = inside.join(meet, meet);
                count.store(BTreeSet::from([a, b]).len(), Ordering::Relaxed);
            })
            .unwrap();
        gate.wait_for(1);
        thread::scope(|scope| {
            scope.spawn(|| pool.shutdown(thread_pool::Shutdown::Drain));
            support::wait_until_closed(&pool);
            gate.open();
        });
        parent.join().unwrap();
        assert_eq!(workers.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_worker_at_its_own_full_deque_makes_room() {
    in_time(|| {
        let pool = Arc::new(stealing(1).queue_bound(2).build().unwrap());
        let (inside, ran) = (Arc::clone(&pool), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&ran);
        let bringing = pool.submit(move || {
            for _ in 0..1_000 {
                let count = Arc::clone(&count);
                let job = move || {
                    count.fetch_add(1, Ordering::Relaxed);
                };
                inside.execute(job).unwrap();
            }
        });
        bringing.unwrap().join().unwrap();
        pool.shutdown(thread_pool::Shutdown::Drain);
        assert_eq!(ran.load(Ordering::Relaxed), 1_000);
    });
}
