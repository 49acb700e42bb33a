//! Stage 3: a full queue pushes back, and a pool can end with or without what still waits.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use support::{Dropped, Gate, in_time, shared, wait_until_closed};
use thread_pool::{JobError, Overflow, Reason, Shutdown, ThreadPool};

/// A pool of one worker, who stands at the gate, and of a queue for two jobs, which are in it. The
/// two send 1 and 2.
fn full(overflow: Overflow) -> (ThreadPool, Gate, mpsc::Receiver<u32>, mpsc::Sender<u32>) {
    let pool = shared(1).queue_bound(2).overflow(overflow).build().unwrap();
    let (gate, (sender, seen)) = (Gate::default(), mpsc::channel());
    let at_gate = gate.clone();
    pool.execute(move || at_gate.pass()).unwrap();
    gate.wait_for(1);
    for number in [1, 2] {
        let sender = sender.clone();
        pool.execute(move || sender.send(number).unwrap()).unwrap();
    }
    (pool, gate, seen, sender)
}

#[test]
fn a_full_queue_hands_the_job_back() {
    in_time(|| {
        let (pool, gate, seen, sender) = full(Overflow::Reject);
        let refused = pool.execute(move || sender.send(3).unwrap()).unwrap_err();
        assert_eq!(refused.reason, Reason::Full);
        let refused_too = pool.submit(|| 4).unwrap_err();
        assert_eq!((refused_too.reason, (refused_too.job)()), (Reason::Full, 4));
        gate.open();
        // What was handed back is whole: it can still be run.
        assert_eq!([seen.recv(), seen.recv()], [Ok(1), Ok(2)]);
        (refused.job)();
        assert_eq!(seen.recv(), Ok(3));
        assert_eq!(pool.metrics().refused, 2);
    });
}

#[test]
fn a_full_queue_makes_its_callers_wait() {
    in_time(|| {
        let (pool, gate, seen, sender) = full(Overflow::Block);
        let bringing = thread::scope(|scope| {
            let bringing = scope.spawn(|| pool.execute(move || sender.send(3).unwrap()).is_ok());
            assert!(!labkit::wait::until(
                std::time::Duration::from_millis(20),
                || { bringing.is_finished() || pool.metrics().waiting > 2 }
            ));
            gate.open();
            bringing.join().unwrap()
        });
        assert!(bringing);
        assert_eq!(seen.iter().take(3).collect::<Vec<_>>(), [1, 2, 3]);
    });
}

#[test]
fn a_full_queue_makes_its_callers_work() {
    in_time(|| {
        let (pool, gate, seen, sender) = full(Overflow::RunInCaller);
        let me = thread::current().id();
        pool.execute(move || {
            assert_eq!(thread::current().id(), me);
            sender.send(3).unwrap();
        })
        .unwrap();
        assert_eq!(seen.recv(), Ok(3), "before the two that wait");
        assert_eq!(pool.metrics().ran_in_caller, 1);
        gate.open();
        assert_eq!([seen.recv(), seen.recv()], [Ok(1), Ok(2)]);
    });
}

#[test]
fn after_the_end_jobs_are_handed_back() {
    in_time(|| {
        for how in [Shutdown::Drain, Shutdown::Abort] {
            // With room for one: a queue that ends must not count as one that is full.
            let pool = shared(2).queue_bound(1).build().unwrap();
            pool.shutdown(how);
            let refused = pool.submit(|| 5).unwrap_err();
            assert_eq!((refused.reason, (refused.job)()), (Reason::ShutDown, 5));
            let refused = pool.execute(|| ()).unwrap_err();
            let error = thread_pool::Error::from(refused);
            assert_eq!(
                error.to_string(),
                "the job was refused: the pool has been shut down"
            );
            pool.shutdown(Shutdown::Drain);
        }
    });
}

#[test]
fn a_drain_runs_what_waits() {
    in_time(|| {
        let (pool, gate, seen, sender) = full(Overflow::Reject);
        thread::scope(|scope| {
            scope.spawn(|| pool.shutdown(Shutdown::Drain));
            wait_until_closed(&pool);
            gate.open();
        });
        drop(sender);
        assert_eq!(seen.iter().collect::<Vec<_>>(), [1, 2]);
    });
}

#[test]
fn an_abort_drops_what_waits_and_says_so() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let (gate, dropped) = (Gate::default(), Gate::default());
        let at_gate = gate.clone();
        let running = pool
            .submit(move || {
                at_gate.pass();
                "done"
            })
            .unwrap();
        gate.wait_for(1);
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                pool.submit(|| panic!("an aborted job must not run"))
                    .unwrap()
            })
            .collect();
        let cargo = Dropped(dropped.clone());
        pool.execute(move || drop(cargo)).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| pool.shutdown(Shutdown::Abort));
            wait_until_closed(&pool);
            gate.open();
        });
        assert_eq!(
            running.join().unwrap(),
            "done",
            "what has begun runs to its end"
        );
        for handle in waiting {
            let outcome: Result<(), _> = handle.join();
            assert!(matches!(outcome, Err(JobError::Aborted)));
        }
        dropped.wait_for(1);
        let metrics = pool.metrics();
        assert_eq!(metrics.ended(), metrics.submitted);
    });
}

#[test]
fn the_end_frees_a_caller_who_waits_for_space() {
    in_time(|| {
        let (pool, gate, _seen, _sender) = full(Overflow::Block);
        thread::scope(|scope| {
            let bringing = scope.spawn(|| pool.execute(|| ()).map_err(|refused| refused.reason));
            let ending = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            assert_eq!(bringing.join().unwrap(), Err(Reason::ShutDown));
            gate.open();
            ending.join().unwrap();
        });
    });
}

#[test]
fn many_callers_through_a_narrow_queue_lose_nothing() {
    in_time(|| {
        let pool = shared(2).queue_bound(1).build().unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let ran = Arc::clone(&ran);
                        pool.execute(move || {
                            ran.fetch_add(1, Ordering::Relaxed);
                        })
                        .unwrap();
                    }
                });
            }
        });
        drop(pool);
        assert_eq!(ran.load(Ordering::Relaxed), 20_000);
    });
}
