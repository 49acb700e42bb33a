//! Stage 4: jobs that borrow, jobs that fork, and jobs that wait for jobs of their own pool.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{Gate, in_time, panic_silently, shared, wait_until_closed};
use thread_pool::{JobError, Shutdown, ThreadPool};

fn fib(pool: &ThreadPool, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

#[test]
fn a_scope_ends_after_the_jobs_that_borrow_from_around_it() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        let mut numbers = vec![0_u64; 10_000];
        let result = pool.scope(|scope| {
            for (at, number) in (0_u64..).zip(&mut numbers) {
                scope.spawn(move || *number = at);
            }
            "the body's result"
        });
        assert_eq!(result, "the body's result");
        assert!((0_u64..).zip(&numbers).all(|(at, number)| at == *number));
    });
}

#[test]
fn a_scopes_job_can_spawn_in_it_and_nest_another() {
    in_time(|| {
        for threads in [1, 3] {
            let pool = shared(threads).build().unwrap();
            let ran = AtomicUsize::new(0);
            pool.scope(|outer| {
                for _ in 0..20 {
                    outer.spawn(|| {
                        outer.spawn(|| {
                            ran.fetch_add(1, Ordering::Relaxed);
                        });
                        pool.scope(|inner| {
                            for _ in 0..20 {
                                inner.spawn(|| {
                                    ran.fetch_add(1, Ordering::Relaxed);
                                });
                            }
                        });
                    });
                }
            });
            assert_eq!(ran.into_inner(), 20 + 20 * 20);
        }
    });
}

#[test]
fn a_job_may_wait_for_another_of_its_only_worker() {
    in_time(|| {
        let pool = Arc::new(shared(1).build().unwrap());
        let inside = Arc::clone(&pool);
        let outer = pool
            .submit(move || {
                let handles: Vec<_> = (0..100_u64)
                    .map(|number| inside.submit(move || number).unwrap())
                    .collect();
                handles.into_iter().map(|h| h.join().unwrap()).sum::<u64>()
            })
            .unwrap();
        assert_eq!(outer.join().unwrap(), 4_950);
    });
}

#[test]
fn jobs_that_wait_dont_pile_up_on_one_stack() {
    in_time(|| {
        // A hundred frames fit this stack, ten thousand don't.
        let builder = shared(1).stack_size(128 << 10);
        let pool = Arc::new(builder.build().unwrap());
        let (gate, ran) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let at_gate = gate.clone();
        pool.execute(move || at_gate.pass()).unwrap();
        for number in 0..10_000_usize {
            let (inside, ran) = (Arc::clone(&pool), Arc::clone(&ran));
            pool.execute(move || {
                let result = inside.submit(move || number).unwrap();
                assert_eq!(result.join().unwrap(), number);
                inside.scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| {
                            ran.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            })
            .unwrap();
        }
        gate.open();
        assert!(labkit::wait::until(support::PATIENCE, || ran
            .load(Ordering::Relaxed)
            == 20_000));
    });
}

#[test]
fn a_waiting_worker_wakes_up_for_its_result_and_for_new_jobs() {
    in_time(|| {
        // Worker A waits for a job that worker B holds at a gate; meanwhile A must take a new job.
        let pool = Arc::new(shared(2).build().unwrap());
        let (gate, inside) = (Gate::default(), Arc::clone(&pool));
        let at_gate = gate.clone();
        let waiter = pool
            .submit(move || {
                let held = inside.submit(move || at_gate.pass()).unwrap();
                held.join()
            })
            .unwrap();
        gate.wait_for(1);
        for number in 0..100 {
            assert_eq!(pool.submit(move || number).unwrap().join().unwrap(), number);
        }
        assert!(!waiter.is_finished());
        gate.open();
        waiter.join().unwrap().unwrap();
    });
}

#[test]
fn two_pools_may_wait_for_each_other() {
    in_time(|| {
        let a = Arc::new(shared(1).build().unwrap());
        let b = Arc::new(shared(1).build().unwrap());
        let (a_inside, b_inside) = (Arc::clone(&a), Arc::clone(&b));
        let through_both = a
            .submit(move || {
                let back = move || a_inside.submit(|| 42).unwrap().join().unwrap();
                b_inside.submit(back).unwrap().join().unwrap()
            })
            .unwrap();
        assert_eq!(through_both.join().unwrap(), 42);
    });
}

#[test]
fn a_worker_at_its_own_full_queue_makes_room() {
    in_time(|| {
        let pool = Arc::new(shared(1).queue_bound(2).build().unwrap());
        let ran = Arc::new(AtomicUsize::new(0));
        let (inside, count) = (Arc::clone(&pool), Arc::clone(&ran));
        let bringing = pool
            .submit(move || {
                for _ in 0..1_000 {
                    let count = Arc::clone(&count);
                    let job = move || {
                        count.fetch_add(1, Ordering::Relaxed);
                    };
                    inside.execute(job).unwrap();
                }
            })
            .unwrap();
        bringing.join().unwrap();
        pool.shutdown(Shutdown::Drain);
        assert_eq!(ran.load(Ordering::Relaxed), 1_000);
    });
}

#[test]
fn forks_add_up() {
    in_time(|| {
        for threads in [1, 2, 4] {
            let pool = shared(threads).build().unwrap();
            assert_eq!(fib(&pool, 18), 2_584);
            assert_eq!(pool.install(|| fib(&pool, 15)), 610);
        }
    });
}

#[test]
fn a_scope_passes_a_panic_on_after_all_its_jobs() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        let ran = AtomicUsize::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                for at in 0..100 {
                    let ran = &ran;
                    scope.spawn(move || {
                        ran.fetch_add(1, Ordering::Relaxed);
                        if at % 10 == 0 {
                            panic_silently("one of ten");
                        }
                    });
                }
            });
        }));
        assert_eq!(
            *outcome.unwrap_err().downcast::<&str>().unwrap(),
            "one of ten"
        );
        assert_eq!(ran.into_inner(), 100);
    });
}

#[test]
fn a_fork_passes_either_panic_on_and_waits_for_the_other_half() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        let catch = |a: fn() -> u32, b: fn() -> u32| {
            let outcome = catch_unwind(AssertUnwindSafe(|| pool.join(a, b)));
            *outcome.unwrap_err().downcast::<&str>().unwrap()
        };
        for _ in 0..100 {
            assert_eq!(catch(|| panic_silently("left"), || 1), "left");
            assert_eq!(catch(|| 1, || panic_silently("right")), "right");
            let both = catch(|| panic_silently("left"), || panic_silently("right"));
            assert_eq!(both, "left");
        }
        assert_eq!(pool.join(|| 1, || 2), (1, 2));
    });
}

#[test]
fn after_the_end_scopes_and_forks_run_on_the_caller() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        pool.shutdown(Shutdown::Drain);
        let mut touched = false;
        pool.scope(|scope| scope.spawn(|| touched = true));
        assert!(touched);
        assert_eq!(fib(&pool, 10), 55);
        assert_eq!(pool.install(|| 3), 3);
    });
}

#[test]
fn an_abort_reaches_a_scope_as_a_panic_and_a_handle_as_an_error() {
    in_time(|| {
        let pool = Arc::new(shared(1).build().unwrap());
        let (gate, inside) = (Gate::default(), Arc::clone(&pool));
        let at_gate = gate.clone();
        let parent = pool
            .submit(move || {
                at_gate.pass();
                inside.scope(|scope| scope.spawn(|| panic!("an aborted job must not run")));
            })
            .unwrap();
        gate.wait_for(1);
        std::thread::scope(|scope| {
            scope.spawn(|| pool.shutdown(Shutdown::Abort));
            wait_until_closed(&pool);
            gate.open();
        });
        assert!(matches!(parent.join(), Err(JobError::Aborted)));
    });
}
