//! Stage 2: locks that notice a wait that could never end, and say who, what and where.

mod support;

use std::sync::Barrier;
use std::thread;

use deadlock_detection::graph::Mode;
use deadlock_detection::{Detector, Event, LockError, Off, Policy, TrackedMutex, TrackedRwLock};
use labkit::rng::{Stream, test_seed};
use support::{in_time, named, wait_for_waiters};

fn detector() -> Detector {
    Detector::new(Policy::Requester)
}

/// Waits until all of them have ended. (That a scope ends with its threads, ThreadSanitizer can't see.)
fn join_all<'scope, T>(
    threads: impl IntoIterator<Item = thread::ScopedJoinHandle<'scope, T>>,
) -> Vec<T> {
    let ends = threads
        .into_iter()
        .map(|thread| thread.join().expect("it doesn't panic"));
    ends.collect()
}

#[test]
fn a_mutex_excludes_and_hands_over() {
    in_time(|| {
        let detector = detector();
        let mutex = TrackedMutex::named(&detector, "count", 0_u64);
        thread::scope(|scope| {
            let count = || (0..10_000).for_each(|_| *mutex.lock().unwrap() += 1);
            let threads = [(); 4].map(|()| scope.spawn(count));
            join_all(threads);
        });
        assert_eq!(mutex.into_inner().unwrap(), 40_000);
        assert_eq!(detector.counts().deadlocks, 0);
    });
}

#[test]
fn waiters_are_served_in_the_order_in_which_they_came() {
    in_time(|| {
        let detector = detector();
        let order = TrackedMutex::named(&detector, "order", Vec::new());
        let held = order.lock().unwrap();
        thread::scope(|scope| {
            let threads = [0, 1, 2, 3].map(|number| {
                let order = &order;
                let thread = scope.spawn(move || order.lock().unwrap().push(number));
                wait_for_waiters(&detector, number + 1);
                thread
            });
            drop(held);
            join_all(threads);
        });
        assert_eq!(order.into_inner().unwrap(), [0, 1, 2, 3]);
    });
}

#[test]
fn opposite_orders_are_reported_with_names_and_places() {
    in_time(|| {
        let detector = detector();
        let events = detector.subscribe();
        let left = TrackedMutex::named(&detector, "left", ());
        let right = TrackedMutex::named(&detector, "right", ());
        let (one_each, done) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            named(scope, "alice", || {
                let _left = left.lock().unwrap();
                one_each.wait();
                assert!(right.lock().is_ok(), "bob closes the cycle and gives way");
                done.wait();
            });
            named(scope, "bob", || {
                let held = right.lock().unwrap();
                one_each.wait();
                wait_for_waiters(&detector, 1);
                let Err(LockError::Deadlock(deadlock)) = left.lock() else {
                    panic!("the cycle was missed");
                };
                let [bob, alice] = &deadlock.members[..] else {
                    panic!("{deadlock}");
                };
                assert_eq!((bob.thread.as_str(), bob.wants.as_str()), ("bob", "left"));
                assert_eq!(
                    (alice.thread.as_str(), alice.blocked_by.as_str()),
                    ("alice", "bob")
                );
                assert_eq!(alice.holds[0].lock, "left");
                assert!(alice.site.file().ends_with("stage2_tracked_locks.rs"));
                assert!(alice.site.line() > alice.holds[0].site.line());
                assert_eq!(deadlock.victim, bob.party);
                assert!(deadlock.to_string().contains("bob gives way"), "{deadlock}");
                drop(held);
                done.wait();
            });
        });
        let Ok(Event::Deadlock(deadlock)) = events.try_recv() else {
            panic!("subscribers hear of it");
        };
        assert_eq!(
            (deadlock.graph.cycle.len(), deadlock.graph.waits.len()),
            (2, 2)
        );
    });
}

#[test]
fn a_lock_taken_again_by_its_thread_is_reported_where_and_where() {
    in_time(|| {
        let detector = detector();
        let mutex = TrackedMutex::named(&detector, "mine", ());
        let first = mutex.lock().unwrap();
        let Err(LockError::Relock { lock, held, wanted }) = mutex.lock() else {
            panic!("it would wait for itself");
        };
        assert_eq!((lock.as_str(), wanted.line() - held.line()), ("mine", 1));
        drop(first);
        assert!(mutex.lock().is_ok());

        let shared = TrackedRwLock::named(&detector, "shared", ());
        let reading = shared.read().unwrap();
        assert!(matches!(shared.read(), Err(LockError::Relock { .. })));
        assert!(matches!(shared.write(), Err(LockError::Relock { .. })));
        drop(reading);
        assert!(shared.write().is_ok());
        assert_eq!(
            detector.counts().deadlocks,
            0,
            "that is a mistake, not a deadlock"
        );
    });
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    in_time(|| {
        let detector = detector();
        let locks: Vec<_> = (0..3)
            .map(|n| TrackedMutex::named(&detector, "some", n))
            .collect();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let mut guards: Vec<_> = locks.iter().map(|lock| lock.lock().ok()).collect();
            for place in order {
                assert!(guards[place].take().is_some());
                assert!(locks[place].lock().is_ok(), "it is free again");
            }
        }
        assert_eq!(detector.counts().waits, 0);
    });
}

#[test]
fn readers_share_and_the_last_one_lets_the_writer_in() {
    in_time(|| {
        let detector = detector();
        let lock = TrackedRwLock::named(&detector, "table", 1);
        let (all_read, leave) = (Barrier::new(4), Barrier::new(4));
        thread::scope(|scope| {
            let read = || {
                let reading = lock.read().unwrap();
                all_read.wait();
                leave.wait();
                assert_eq!(*reading, 1);
            };
            let readers = [(); 3].map(|()| scope.spawn(read));
            all_read.wait();
            let writer = scope.spawn(|| *lock.write().unwrap() = 2);
            wait_for_waiters(&detector, 1);
            leave.wait();
            join_all(readers.into_iter().chain([writer]));
        });
        assert_eq!(*lock.read().unwrap(), 2);
    });
}

#[test]
fn a_reader_behind_a_writer_behind_a_reader_is_a_cycle() {
    in_time(|| {
        let detector = detector();
        let table = TrackedRwLock::named(&detector, "table", ());
        let other = TrackedMutex::named(&detector, "other", ());
        let have = Barrier::new(2);
        thread::scope(|scope| {
            let second = scope.spawn(|| {
                let _other = other.lock().unwrap();
                have.wait();
                wait_for_waiters(&detector, 1);
                assert!(table.read().is_ok(), "the first reader gives way");
            });
            let reading = table.read().unwrap();
            have.wait();
            let writer = scope.spawn(|| table.write().map(drop).unwrap());
            wait_for_waiters(&detector, 2);
            let Err(LockError::Deadlock(deadlock)) = other.lock() else {
                panic!("the cycle was missed");
            };
            let modes: Vec<Mode> = deadlock.members.iter().map(|member| member.mode).collect();
            assert_eq!(modes, [Mode::Exclusive, Mode::Shared, Mode::Exclusive]);
            drop(reading);
            join_all([second, writer]);
        });
    });
}

#[test]
fn a_panic_poisons_and_mending_clears() {
    in_time(|| {
        let detector = detector();
        let mutex = TrackedMutex::named(&detector, "fragile", 1);
        let lock = TrackedRwLock::named(&detector, "table", 1);
        thread::scope(|scope| {
            let broken = scope.spawn(|| {
                let _guards = (mutex.lock().unwrap(), lock.write().unwrap());
                std::panic::resume_unwind(Box::new("while it holds both"));
            });
            assert!(broken.join().is_err());
        });
        for _ in 0..2 {
            let error = mutex.lock().map(drop).unwrap_err();
            assert!(matches!(error, LockError::Poisoned { .. }));
            assert!(error.to_string().starts_with("fragile was held"), "{error}");
            assert!(matches!(
                lock.read().map(drop),
                Err(LockError::Poisoned { .. })
            ));
        }
        mutex.clear_poison();
        lock.clear_poison();
        assert_eq!((*mutex.lock().unwrap(), *lock.read().unwrap()), (1, 1));
    });
}

#[test]
fn a_lock_that_nobody_watches_is_the_standard_librarys() {
    let off: TrackedMutex<u64, Off> = TrackedMutex::untracked(1);
    *off.lock().unwrap() += 1;
    assert_eq!(off.into_inner().unwrap(), 2);
    let size = |mutex: TrackedMutex<u64, Off>| size_of_val(&mutex);
    assert_eq!(
        size(TrackedMutex::untracked(0)),
        size_of::<std::sync::Mutex<u64>>()
    );
    let lock: TrackedRwLock<u64, Off> = TrackedRwLock::untracked(1);
    *lock.write().unwrap() += 1;
    assert_eq!(*lock.read().unwrap(), 2);
}

/// Threads that take random locks in random orders and drop everything when they are told to: whatever the
/// interleaving, all of them end, and the locks are free after it.
#[test]
fn random_threads_never_hang() {
    let rounds = if std::env::var_os("LAB_SANITIZED").is_some() {
        20
    } else {
        200
    };
    in_time(move || {
        let detector = detector();
        let mutexes: Vec<_> = (0..3)
            .map(|n| TrackedMutex::named(&detector, "m", n))
            .collect();
        let tables: Vec<_> = (0..2)
            .map(|n| TrackedRwLock::named(&detector, "t", n))
            .collect();
        thread::scope(|scope| {
            let threads = [0, 1, 2, 3].map(|thread| {
                let (mutexes, tables) = (&mutexes, &tables);
                let mut chance = Stream::named(test_seed(), &format!("thread {thread}"));
                scope.spawn(move || {
                    for _ in 0..rounds {
                        let (a, b) = (chance.index(3), chance.index(2));
                        let write = chance.below(2) == 0;
                        let Ok(_first) = mutexes[a].lock() else {
                            continue;
                        };
                        let Ok(_second) = (if write {
                            tables[b].write().map(|guard| (Some(guard), None))
                        } else {
                            tables[b].read().map(|guard| (None, Some(guard)))
                        }) else {
                            continue;
                        };
                        thread::yield_now();
                        drop(mutexes[(a + 1 + chance.index(2)) % 3].lock());
                    }
                })
            });
            join_all(threads);
        });
        assert!(mutexes.iter().all(|mutex| mutex.lock().is_ok()));
        assert!(tables.iter().all(|table| table.write().is_ok()));
        assert_eq!(detector.waiting(), 0);
    });
}
