//! Stage 3: an executor of several workers, which share, sleep, and miss nothing.

mod support;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_futures::{Error, Executor, JoinHandle, TaskError, block_on, spawn, yield_now};
use labkit::wait::until;
use support::{Dropped, Gate, Never, PATIENCE, executor, in_time, panic_silently, sanitized};

#[test]
fn a_task_runs_and_its_result_comes_back() {
    in_time(|| {
        let executor = executor(2);
        let handle = executor.spawn(async { 6 * 7 });
        assert_eq!(block_on(handle).expect("it returns"), 42);
    });
}

#[test]
fn tasks_spawn_tasks_and_none_is_lost_or_doubled() {
    in_time(|| {
        let tasks = if sanitized() { 2_000 } else { 100_000 };
        for workers in [1, 2, 4] {
            let executor = executor(workers);
            let ran: Arc<Vec<AtomicU32>> =
                Arc::new((0..tasks).map(|_| AtomicU32::new(0)).collect());
            let marks = Arc::clone(&ran);
            let root = executor.spawn(async move {
                let children = (0..tasks).map(|task| {
                    let marks = Arc::clone(&marks);
                    spawn(async move {
                        marks[task].fetch_add(1, Ordering::Relaxed);
                    })
                });
                children.collect::<Vec<_>>()
            });
            for child in block_on(root).expect("it spawns") {
                block_on(child).expect("it returns");
            }
            assert!(ran.iter().all(|mark| mark.load(Ordering::Relaxed) == 1));
        }
    });
}

#[test]
fn two_workers_run_two_tasks_at_once() {
    in_time(|| {
        let (executor, gate) = (executor(2), Gate::default());
        let both = [(); 2].map(|()| {
            let gate = gate.clone();
            executor.spawn(async move {
                gate.arrive();
                gate.wait_for(2);
            })
        });
        for handle in both {
            block_on(handle).expect("they meet");
        }
    });
}

#[test]
fn a_worker_that_is_busy_is_robbed() {
    in_time(|| {
        let (executor, gate) = (executor(2), Gate::default());
        let inside = gate.clone();
        let root = executor.spawn(async move {
            for _ in 0..10 {
                let gate = inside.clone();
                drop(spawn(async move { gate.arrive() }));
            }
            // This worker polls nothing until another has run its tasks.
            inside.wait_for(10);
        });
        block_on(root).expect("they were stolen");
        assert!(executor.metrics().stolen > 0);
    });
}

#[test]
fn sleepers_are_woken_for_each_task_that_comes() {
    in_time(|| {
        let executor = executor(2);
        let rounds = if sanitized() { 200 } else { 5_000 };
        for round in 0..rounds {
            let handle = executor.spawn(async move { round });
            assert_eq!(block_on(handle).expect("it returns"), round);
        }
        assert!(until(PATIENCE, || executor.metrics().slept > 0));
    });
}

#[test]
fn foreign_threads_wake_tasks() {
    in_time(|| {
        let executor = executor(2);
        let rounds = if sanitized() { 50 } else { 500 };
        let handles: Vec<_> = (0..rounds)
            .map(|_| {
                let gate = Gate::default();
                executor.spawn(poll_fn(move |context| {
                    if gate.is_open() {
                        return Poll::Ready(());
                    }
                    let (gate, waker) = (gate.clone(), context.waker().clone());
                    std::thread::spawn(move || {
                        gate.open();
                        waker.wake();
                    });
                    Poll::Pending
                }))
            })
            .collect();
        for handle in handles {
            block_on(handle).expect("it was woken");
        }
    });
}

#[test]
fn yielding_tasks_take_turns() {
    in_time(|| {
        let executor = executor(1);
        let turns = executor.spawn(async {
            let log = Arc::new(AtomicUsize::new(0));
            let tasks = [0, 1].map(|me| {
                let log = Arc::clone(&log);
                spawn(async move {
                    for turn in 0..50 {
                        assert_eq!(log.fetch_add(1, Ordering::SeqCst), 2 * turn + me);
                        yield_now().await;
                    }
                })
            });
            for task in tasks {
                task.await.expect("they take turns");
            }
        });
        block_on(turns).expect("all went well");
    });
}

/// Two tasks that always wake each other are hot; a third one comes to its turn all the same.
#[test]
fn hot_tasks_dont_starve_the_others() {
    in_time(|| {
        let (executor, stop) = (executor(1), Gate::default());
        let (waits, stops) = (stop.clone(), stop.clone());
        let pair = executor.spawn(async move {
            let partner = ping_pong(waits);
            let third = spawn(async move { stops.open() });
            third.await.expect("it came to its turn");
            for task in partner {
                task.await.expect("they stopped");
            }
        });
        block_on(pair).expect("nobody starved");
    });
}

/// Two tasks each of which wakes the other in each poll, until the gate is open.
fn ping_pong(stop: Gate) -> [JoinHandle<()>; 2] {
    let wakers: Arc<[support::Slot; 2]> = Arc::default();
    [0, 1].map(|me| {
        let (wakers, stop) = (Arc::clone(&wakers), stop.clone());
        spawn(poll_fn(move |context: &mut Context<'_>| {
            wakers[me].leave(context.waker());
            wakers[1 - me].wake();
            if stop.is_open() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    })
}

#[test]
fn the_end_of_the_executor_is_the_end_of_its_tasks() {
    in_time(|| {
        let (executor, dropped, polled) = (executor(2), Gate::default(), Gate::default());
        let handles: Vec<_> = (0..100)
            .map(|_| {
                let (polled, mut never) = (polled.clone(), Never(Dropped(dropped.clone())));
                executor.spawn(poll_fn(move |context| {
                    polled.arrive();
                    Pin::new(&mut never).poll(context)
                }))
            })
            .collect();
        // In no queue any more, and known to nobody but their handles.
        polled.wait_for(100);
        // A task that waits for another one of the same end.
        let waits = executor.spawn(async move {
            let mut outcomes = Vec::new();
            for handle in handles {
                outcomes.push(handle.await);
            }
            outcomes
        });
        assert_eq!(executor.metrics().alive, 101);
        drop(executor);
        assert_eq!(dropped.arrived(), 100);
        assert!(matches!(block_on(waits), Err(TaskError::Aborted)));
    });
}

#[test]
fn what_is_spawned_in_a_drop_at_the_end_is_aborted() {
    struct SpawnsOnDrop(Gate);
    impl Drop for SpawnsOnDrop {
        fn drop(&mut self) {
            let late = Dropped(self.0.clone());
            // Workers have no executor any more when they cancel; either way nothing is left.
            let spawned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                drop(spawn(Never(late)));
            }));
            drop(spawned);
        }
    }
    in_time(|| {
        let (executor, dropped) = (executor(1), Gate::default());
        let guard = SpawnsOnDrop(dropped.clone());
        drop(executor.spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        }));
        drop(executor);
        assert_eq!(dropped.arrived(), 1);
    });
}

#[test]
fn panics_stay_in_their_tasks() {
    in_time(|| {
        let executor = executor(1);
        for round in 0..100 {
            let handle = executor.spawn(async move {
                if round % 2 == 0 {
                    panic_silently("on purpose");
                }
                round
            });
            let result = block_on(handle);
            assert_eq!(result.is_ok(), round % 2 == 1, "{result:?}");
        }
    });
}

#[test]
fn a_task_can_own_its_executor() {
    in_time(|| {
        let (executor, gate) = (executor(2), Gate::default());
        let (go, done) = (gate.clone(), Dropped(gate.clone()));
        let own = Arc::new(std::sync::Mutex::new(None));
        let inside = Arc::clone(&own);
        drop(executor.spawn(async move {
            let _done = done;
            while !go.is_open() {
                yield_now().await;
            }
            let executor: Option<Executor> = inside.lock().unwrap().take();
            drop(executor);
        }));
        *own.lock().unwrap() = Some(executor);
        gate.open();
        gate.wait_for(1);
    });
}

#[test]
fn impossible_numbers_of_workers_are_refused() {
    for asked in [0, 257] {
        let error = Executor::builder().workers(asked).build();
        let error = error.map(|_| ()).expect_err("impossible");
        assert!(matches!(error, Error::Workers { .. }));
        let said = format!("an executor needs 1 to 256 workers, not {asked}");
        assert_eq!(error.to_string(), said);
    }
    in_time(|| assert_eq!(executor(1).block_on(async { 1 }), 1));
    in_time(|| block_on(executor(1).spawn(async {})).expect("one is possible"));
}

#[test]
fn block_on_a_worker_is_refused_with_words() {
    in_time(|| {
        let executor = Arc::new(executor(1));
        let inner = Arc::clone(&executor);
        let handle = executor.spawn(async move {
            let blocks = || inner.block_on(async {});
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(blocks));
            let payload = caught.expect_err("it would stop the worker");
            payload.downcast_ref::<&str>().map(ToString::to_string)
        });
        let said = block_on(handle).expect("it was contained").expect("words");
        assert!(said.contains("await the future instead"), "{said}");
    });
}

/// `spawn` needs an executor, and says so.
#[test]
fn spawn_elsewhere_says_what_it_needs() {
    fn words(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = std::panic::catch_unwind(f).expect_err("there is no executor");
        payload
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_default()
    }
    let said = words(|| drop(spawn(async {})));
    assert!(said.contains("spawn needs an executor"), "{said}");
    in_time(|| {
        let executor = executor(1);
        let spawned = executor.block_on(async { spawn(async { 3 }).await });
        assert_eq!(spawned.expect("here is one"), 3);
    });
}
