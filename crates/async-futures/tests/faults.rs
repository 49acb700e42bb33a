//! What goes wrong around tasks: panics in the wrong places, futures that break their contract, and
//! wakers that outlive everything.

mod support;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_futures::{TaskError, block_on, join_all, sleep, spawn, timeout};
use support::{Dropped, Gate, Slot, executor, in_time, panic_silently};

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_silently("in a drop");
        }
    }
}

#[test]
fn a_future_or_a_result_that_panics_when_dropped_costs_no_worker() {
    in_time(|| {
        let executor = executor(1);
        let bomb = PanicsOnDrop;
        let done = executor.spawn(async move {
            let _bomb = &bomb;
            std::future::pending::<()>().await;
        });
        done.abort();
        assert!(matches!(block_on(done), Err(TaskError::Aborted)));
        drop(executor.spawn(async { PanicsOnDrop }));
        assert_eq!(block_on(executor.spawn(async { 5 })).expect("it lives"), 5);
    });
}

#[test]
fn a_joiner_whose_waker_panics_costs_no_worker() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic_silently("in a waker");
        }
    }
    in_time(|| {
        let (executor, gate) = (executor(1), Gate::default());
        let go = gate.clone();
        let mut handle = executor.spawn(async move { go.pass() });
        let bad = Waker::from(Arc::new(Bad));
        assert!(
            Pin::new(&mut handle)
                .poll(&mut Context::from_waker(&bad))
                .is_pending()
        );
        gate.open();
        block_on(handle).expect("it returned");
        block_on(executor.spawn(async {})).expect("the worker lives");
    });
}

#[test]
fn a_future_that_never_wakes_is_reached_by_a_timeout_and_by_an_abort() {
    in_time(|| {
        let (executor, dropped) = (executor(2), Gate::default());
        let never = support::Never(Dropped(dropped.clone()));
        let late = executor.block_on(timeout(Duration::from_millis(5), executor.spawn(never)));
        assert!(late.is_err());
        // The handle is gone and the task runs on, until it is aborted by the executor's end.
        assert_eq!((dropped.arrived(), executor.metrics().alive), (0, 1));
        drop(executor);
        assert_eq!(dropped.arrived(), 1);
    });
}

#[test]
fn a_waker_that_outlives_its_executor_does_nothing() {
    in_time(|| {
        let (executor, slot, began) = (executor(1), Arc::new(Slot::default()), Gate::default());
        let (leave, begin) = (Arc::clone(&slot), began.clone());
        let handle = executor.spawn(poll_fn(move |context| {
            leave.leave(context.waker());
            begin.arrive();
            Poll::<()>::Pending
        }));
        began.wait_for(1);
        drop(executor);
        slot.wake();
        slot.wake();
        assert!(matches!(block_on(handle), Err(TaskError::Aborted)));
    });
}

/// Threads that wake while the executor ends: each task is polled or cancelled, and none is lost.
#[test]
fn wakes_race_with_the_end_of_the_executor() {
    in_time(|| {
        for _ in 0..if support::sanitized() { 10 } else { 200 } {
            let (executor, dropped) = (executor(2), Gate::default());
            let slots: Arc<Vec<Slot>> = Arc::new((0..16).map(|_| Slot::default()).collect());
            for task in 0..16 {
                let (slots, guard) = (Arc::clone(&slots), Dropped(dropped.clone()));
                drop(executor.spawn(poll_fn(move |context| {
                    let _held = &guard;
                    slots[task].leave(context.waker());
                    Poll::<()>::Pending
                })));
            }
            let wakes = Arc::clone(&slots);
            let waking = std::thread::spawn(move || {
                for _ in 0..10 {
                    wakes.iter().for_each(Slot::wake);
                }
            });
            drop(executor);
            waking.join().expect("a wake doesn't panic");
            assert_eq!(dropped.arrived(), 16);
        }
    });
}

#[test]
fn a_future_polled_after_it_was_ready_is_the_callers_fault_and_stays_there() {
    in_time(|| {
        let executor = executor(1);
        let broken = executor.spawn(async {
            let mut done = Box::pin(async {});
            done.as_mut().await;
            done.as_mut().await;
        });
        let result = within_silence(|| block_on(broken));
        assert!(matches!(result, Err(TaskError::Panicked(_))));
        block_on(executor.spawn(async {})).expect("the worker lives");
    });
}

/// The panic of an `async fn` that is resumed after its end goes through the hook.
fn within_silence<T>(run: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let result = run();
    std::panic::set_hook(hook);
    result
}

/// A task in a storm of aborts, timeouts and wakes ends once, whatever comes first.
#[test]
fn aborts_and_timers_and_ends_meet() {
    in_time(|| {
        let (executor, dropped) = (executor(2), Gate::default());
        let rounds: u64 = if support::sanitized() { 20 } else { 300 };
        let gate = dropped.clone();
        executor.block_on(async move {
            let handles: Vec<_> = (0..rounds)
                .map(|round| {
                    let guard = Dropped(gate.clone());
                    spawn(async move {
                        let _guard = guard;
                        sleep(Duration::from_micros(round * 20)).await;
                    })
                })
                .collect();
            sleep(Duration::from_millis(3)).await;
            handles.iter().for_each(async_futures::JoinHandle::abort);
            for result in join_all(handles).await {
                assert!(matches!(result, Ok(()) | Err(TaskError::Aborted)));
            }
        });
        assert_eq!(dropped.arrived() as u64, rounds);
        assert_eq!(executor.metrics().timers, 0);
    });
}

/// A task that drops the last handle of another one, in its own drop.
#[test]
fn drops_nest() {
    in_time(|| {
        let executor = executor(1);
        let (place, dropped) = (Arc::new(Mutex::new(None)), Gate::default());
        let inner = executor.spawn(support::Never(Dropped(dropped.clone())));
        *place.lock().unwrap() = Some(inner.cancel_on_drop());
        let outer = executor.spawn(async move {
            let _held = place;
            std::future::pending::<()>().await;
        });
        outer.abort();
        block_on(outer).expect_err("it was aborted");
        dropped.wait_for(1);
    });
}
