//! Stage 1: jobs on a pool of threads, and their results as they complete.

mod support;

use async_futures::TaskError;
use async_futures::threads::ThreadPool;
use async_futures::ticket::as_completed;
use support::{Gate, in_time, panic_silently};

#[test]
fn every_number_is_squared() {
    in_time(|| {
        let pool = ThreadPool::new(3).expect("three threads");
        let tickets: Vec<_> = (0..100_u64).map(|n| pool.submit(move || n * n)).collect();
        for (n, ticket) in (0..).zip(tickets) {
            assert_eq!(ticket.wait().expect("it returns"), n * n);
        }
    });
}

#[test]
fn results_come_in_the_order_of_completion() {
    in_time(|| {
        let pool = ThreadPool::new(3).expect("three threads");
        let gates = [(); 3].map(|()| Gate::default());
        let tickets = gates.clone().map(|gate| {
            pool.submit(move || {
                gate.pass();
            })
        });
        let mut done = as_completed(tickets.into());
        for number in [2, 0, 1] {
            gates[number].open();
            let (first, result) = done.next().expect("three are to come");
            assert_eq!(first, number);
            result.expect("it returns");
        }
        assert!(done.next().is_none());
    });
}

#[test]
fn so_many_run_at_once() {
    in_time(|| {
        let pool = ThreadPool::new(4).expect("four threads");
        let gate = Gate::default();
        let tickets: Vec<_> = (0..4)
            .map(|_| {
                let gate = gate.clone();
                pool.submit(move || gate.pass())
            })
            .collect();
        gate.wait_for(4);
        gate.open();
        for (_, result) in as_completed(tickets) {
            result.expect("it returns");
        }
    });
}

#[test]
fn a_panic_comes_back_and_costs_no_thread() {
    in_time(|| {
        let pool = ThreadPool::new(1).expect("one thread");
        let panics = pool.submit(|| panic_silently("on purpose"));
        let after = pool.submit(|| 7);
        let error = panics.wait().expect_err("it panics");
        assert!(matches!(error, TaskError::Panicked(_)));
        assert_eq!(error.to_string(), "the task panicked: on purpose");
        assert_eq!(after.wait().expect("it returns"), 7);
    });
}

#[test]
fn a_dropped_pool_has_run_everything() {
    in_time(|| {
        let pool = ThreadPool::new(2).expect("two threads");
        let ran = Gate::default();
        for _ in 0..50 {
            let ran = ran.clone();
            drop(pool.submit(move || ran.arrive()));
        }
        drop(pool);
        assert_eq!(ran.arrived(), 50);
    });
}

#[test]
fn no_threads_and_too_many_are_refused() {
    for asked in [0, 1025] {
        let error = ThreadPool::new(asked).expect_err("impossible");
        let said = format!("a thread pool needs 1 to 1024 workers, not {asked}");
        assert_eq!(error.to_string(), said);
    }
    // One that is possible works, or this test would pass without a pool.
    let pool = ThreadPool::new(1).expect("one thread");
    assert_eq!(pool.submit(|| 1).wait().expect("it returns"), 1);
}
