//! Stage 2: results come back through handles, and so do panics; the worker lives on.

mod support;

use std::time::Duration;

use support::{Dropped, Gate, PATIENCE, in_time, panic_silently, shared};
use thread_pool::JobError;

#[test]
fn a_handle_returns_what_the_job_returned() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        let handles: Vec<_> = (0..1_000_u64)
            .map(|number| pool.submit(move || number * number).unwrap())
            .collect();
        for (number, handle) in (0_u64..).zip(handles) {
            assert_eq!(handle.join().unwrap(), number * number);
        }
    });
}

#[test]
fn a_panic_comes_back_with_its_payload() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let handle = pool
            .submit(|| panic_silently("the job's own words"))
            .unwrap();
        let error: Result<(), JobError> = handle.join();
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "the job panicked: the job's own words");
        let JobError::Panicked(payload) = error else {
            panic!("not told as a panic")
        };
        assert_eq!(*payload.downcast::<&str>().unwrap(), "the job's own words");
    });
}

#[test]
fn a_panic_doesnt_cost_a_worker() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        for _ in 0..100 {
            pool.execute(|| panic_silently("storm")).unwrap();
            assert!(
                pool.submit(|| panic_silently("storm"))
                    .unwrap()
                    .join()
                    .is_err()
            );
        }
        // Both workers are still there: two jobs can stand at a gate together.
        let gate = Gate::default();
        let waiting = [(); 2].map(|()| {
            let gate = gate.clone();
            pool.submit(move || gate.pass()).unwrap()
        });
        gate.wait_for(2);
        gate.open();
        for handle in waiting {
            handle.join().unwrap();
        }
        pool.shutdown(thread_pool::Shutdown::Drain);
        assert_eq!(pool.metrics().panicked, 200);
    });
}

#[test]
fn a_result_whose_drop_panics_doesnt_cost_a_worker_either() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_silently("even dropping it panics");
        }
    }
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let gate = Gate::default();
        let held = {
            let gate = gate.clone();
            pool.submit(move || gate.pass()).unwrap()
        };
        drop(pool.submit(|| Bomb).unwrap());
        gate.open();
        held.join().unwrap();
        assert_eq!(pool.submit(|| 7).unwrap().join().unwrap(), 7);
    });
}

#[test]
fn try_join_gives_the_handle_back_until_there_is_a_result() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let gate = Gate::default();
        let at_gate = gate.clone();
        let handle = pool.submit(move || at_gate.pass()).unwrap();
        gate.wait_for(1);
        let handle = handle.try_join().unwrap_err();
        assert!(!handle.is_finished());
        gate.open();
        assert!(labkit::wait::until(PATIENCE, || handle.is_finished()));
        handle.try_join().unwrap().unwrap();
    });
}

#[test]
fn join_timeout_gives_up_in_time_and_can_be_tried_again() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let gate = Gate::default();
        let at_gate = gate.clone();
        let handle = pool.submit(move || at_gate.pass()).unwrap();
        let handle = handle.join_timeout(Duration::ZERO).unwrap_err();
        let handle = handle.join_timeout(Duration::from_millis(5)).unwrap_err();
        // From another thread: the handle's waiter isn't bound to the first one.
        let waiter = std::thread::spawn(move || handle.join_timeout(Duration::MAX));
        gate.open();
        waiter.join().unwrap().unwrap().unwrap();
    });
}

#[test]
fn a_cancelled_job_never_runs_and_is_dropped_at_once() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let (gate, dropped) = (Gate::default(), Gate::default());
        let at_gate = gate.clone();
        let running = pool.submit(move || at_gate.pass()).unwrap();
        gate.wait_for(1);
        let cargo = Dropped(dropped.clone());
        let waiting = pool
            .submit(move || {
                let _cargo = cargo;
                panic!("a cancelled job must not run")
            })
            .unwrap();
        assert!(waiting.cancel());
        dropped.wait_for(1);
        assert!(!waiting.cancel(), "it can't be cancelled twice");
        assert!(!running.cancel(), "it has begun");
        let outcome: Result<(), _> = waiting.join();
        assert!(matches!(outcome, Err(JobError::Cancelled)));
        gate.open();
        running.join().unwrap();
        pool.shutdown(thread_pool::Shutdown::Drain);
        assert_eq!(pool.metrics().cancelled, 1);
    });
}

#[test]
fn a_job_runs_even_if_nobody_wants_its_result() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let dropped = Gate::default();
        let result = Dropped(dropped.clone());
        drop(pool.submit(move || result).unwrap());
        dropped.wait_for(1);
    });
}
