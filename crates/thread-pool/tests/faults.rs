//! What goes wrong in real life, on both schedulers: load, panics, ends at bad moments, bad wishes.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread;

use support::{BOTH, Gate, in_time, of, panic_silently};
use thread_pool::{Error, JobError, MAX_THREADS, Shutdown, ThreadPool};

/// Ten million jobs between the two schedulers, each of which marks its own byte; under a sanitizer,
/// which is some ten times slower, fewer.
fn jobs() -> usize {
    match std::env::var_os("LAB_SANITIZED") {
        Some(_) => 200_000,
        None => 5_000_000,
    }
}

#[test]
fn ten_million_jobs_none_lost_none_twice() {
    for kind in BOTH {
        in_time(move || {
            let pool = of(kind, 4).build().unwrap();
            let jobs = jobs();
            let marks: Vec<AtomicU8> = (0..jobs).map(|_| AtomicU8::new(0)).collect();
            pool.scope(|scope| {
                // Half of them from outside, half from jobs.
                let (outside, inside) = marks.split_at(jobs / 2);
                for marks in inside.chunks(10_000) {
                    scope.spawn(move || {
                        for mark in marks {
                            scope.spawn(|| tick(mark));
                        }
                    });
                }
                for mark in outside {
                    scope.spawn(|| tick(mark));
                }
            });
            let wrong = marks
                .iter()
                .filter(|mark| mark.load(Ordering::Relaxed) != 1);
            assert_eq!(wrong.count(), 0, "{kind:?}");
            pool.shutdown(Shutdown::Drain);
            assert_eq!(pool.metrics().completed, (jobs + jobs / 2 / 10_000) as u64);
        });
    }
}

fn tick(mark: &AtomicU8) {
    mark.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_storm_of_panics_passes() {
    for kind in BOTH {
        in_time(move || {
            let pool = of(kind, 3).build().unwrap();
            let handles: Vec<_> = (0..10_000_u64)
                .map(|number| {
                    let job = move || match number % 3 {
                        0 => number,
                        _ => panic_silently("storm"),
                    };
                    pool.submit(job).unwrap()
                })
                .collect();
            for (number, handle) in (0_u64..).zip(handles) {
                assert_eq!(handle.join().ok(), (number % 3 == 0).then_some(number));
            }
            for _ in 0..1_000 {
                let both = || pool.join(|| panic_silently("a"), || panic_silently("b"));
                assert!(catch_unwind(AssertUnwindSafe(both)).is_err());
            }
            pool.shutdown(Shutdown::Drain);
            assert_eq!(pool.metrics().panicked, 6_666);
        });
    }
}

#[test]
fn a_pool_dropped_under_load_drains() {
    for kind in BOTH {
        in_time(move || {
            for threads in 1..=4 {
                let pool = Arc::new(of(kind, threads).build().unwrap());
                let ran = Arc::new(AtomicU64::new(0));
                let accepted: u64 = thread::scope(|scope| {
                    let bringers: Vec<_> = (0..2)
                        .map(|_| scope.spawn(|| bring_until_refused(&pool, &ran)))
                        .collect();
                    pool.shutdown(Shutdown::Drain);
                    bringers.into_iter().map(|b| b.join().unwrap()).sum()
                });
                assert_eq!(ran.load(Ordering::Relaxed), accepted);
            }
        });
    }
}

/// Brings jobs, each of which brings another, and counts those that were taken in.
fn bring_until_refused(pool: &Arc<ThreadPool>, ran: &Arc<AtomicU64>) -> u64 {
    let mut accepted = 0;
    loop {
        let (inside, count) = (Arc::clone(pool), Arc::clone(ran));
        let job = move || {
            let more = Arc::clone(&count);
            let child = move || {
                more.fetch_add(1, Ordering::Relaxed);
            };
            // The child counts as its parent's second half: done here if it is refused.
            if let Err(refused) = inside.execute(child) {
                (refused.job)();
            }
        };
        match pool.execute(job) {
            Ok(()) => accepted += 1,
            Err(_) => return accepted,
        }
    }
}

#[test]
fn an_abort_under_load_tells_every_handle() {
    for kind in BOTH {
        in_time(move || {
            let pool = of(kind, 2).build().unwrap();
            let handles: Vec<_> = (0..10_000)
                .map(|n| pool.submit(move || n).unwrap())
                .collect();
            pool.shutdown(Shutdown::Abort);
            let aborted = handles
                .into_iter()
                .map(|handle| handle.join())
                .filter(|outcome| matches!(outcome, Err(JobError::Aborted)));
            assert_eq!(aborted.count() as u64, pool.metrics().aborted);
        });
    }
}

#[test]
fn the_last_handle_may_be_dropped_by_a_worker() {
    for kind in BOTH {
        in_time(move || {
            let pool = Arc::new(of(kind, 2).build().unwrap());
            let (gate, done) = (Gate::default(), Gate::default());
            let (inside, at_gate, at_end) = (Arc::clone(&pool), gate.clone(), done.clone());
            pool.execute(move || {
                at_gate.pass();
                // This ends the pool from one of its own jobs, which can't wait for itself.
                drop(inside);
                at_end.pass();
            })
            .unwrap();
            drop(pool);
            gate.open();
            done.wait_for(1);
            done.open();
        });
    }
}

#[test]
fn cancelling_races_with_running_and_one_of_them_wins() {
    for kind in BOTH {
        in_time(move || {
            let pool = of(kind, 2).build().unwrap();
            let mut cancelled = 0;
            for _ in 0..5_000 {
                let handle = pool.submit(|| ()).unwrap();
                let was_cancelled = handle.cancel();
                cancelled += u64::from(was_cancelled);
                let outcome = handle.join();
                assert_eq!(matches!(outcome, Err(JobError::Cancelled)), was_cancelled);
            }
            pool.shutdown(Shutdown::Drain);
            let metrics = pool.metrics();
            assert_eq!((metrics.cancelled, metrics.ended()), (cancelled, 5_000));
        });
    }
}

#[test]
fn impossible_wishes_are_refused_in_words() {
    let refuse = |builder: thread_pool::Builder| builder.build().unwrap_err().to_string();
    let wish = ThreadPool::builder;
    assert_eq!(
        refuse(wish().threads(0)),
        "a pool needs 1 to 1024 threads, not 0"
    );
    assert!(refuse(wish().threads(MAX_THREADS + 1)).ends_with("not 1025"));
    assert!(refuse(wish().queue_bound(0)).starts_with("a queue needs room for at least 1 job"));
}

#[test]
fn a_thread_that_the_system_refuses_ends_those_already_started() {
    in_time(|| {
        // No address space holds a stack of 2^62 bytes.
        let wish = ThreadPool::builder().threads(2).stack_size(1 << 62);
        assert!(matches!(wish.build(), Err(Error::Spawn { index: 0, .. })));
    });
}
