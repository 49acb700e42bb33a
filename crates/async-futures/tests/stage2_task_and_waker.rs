//! Stage 2: a task, its waker and its handle, with a queue that the test itself runs. The cases of
//! waking are those that the `futures` and `async-task` crates test: spurious, double, from foreign
//! threads, while it runs, after its end, and after everybody else has forgotten it.

mod by_hand;
mod support;

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use async_futures::task::{Why, spawn};
use async_futures::{JoinHandle, TaskError, block_on};
use by_hand::{Queue, Watched, poll_once};
use support::{Count, Dropped, Gate, Never, in_time, panic_silently};

#[test]
fn a_task_runs_when_it_is_run_and_its_handle_is_told() {
    let queue = Queue::default();
    let mut handle = queue.spawn(async { 6 * 7 });
    let (woken, waker) = Count::waker();
    assert!(poll_once(&mut handle, &waker).is_pending());
    assert!(queue.step());
    assert_eq!(woken.get(), 1);
    let result = poll_once(&mut handle, &waker);
    assert!(matches!(result, Poll::Ready(Ok(42))), "{result:?}");
}

#[test]
fn wakes_before_a_poll_are_one() {
    let (queue, watched) = (Queue::default(), Watched::default());
    let handle = queue.spawn(watched.until(2));
    assert!(queue.step());
    assert_eq!((queue.len(), watched.polls()), (0, 1));
    for _ in 0..3 {
        watched.waker().wake();
        watched.waker().wake_by_ref();
    }
    assert_eq!(queue.len(), 1);
    assert!(queue.step());
    assert_eq!(block_on(handle).expect("it is ready"), 2);
    assert!(!queue.step());
}

#[test]
fn a_spurious_wake_polls_once_more_and_does_no_harm() {
    let (queue, watched) = (Queue::default(), Watched::default());
    let handle = queue.spawn(watched.until(10));
    for poll in 1..10 {
        assert!(queue.step());
        assert_eq!(watched.polls(), poll);
        watched.waker().wake();
    }
    assert!(queue.step());
    assert_eq!(block_on(handle).expect("it is ready"), 10);
}

#[test]
fn a_task_that_wakes_itself_while_it_runs_is_scheduled_behind_the_others() {
    let queue = Queue::default();
    let handle = queue.spawn(async_yield());
    assert!(queue.step());
    let (task, why) = queue.pop().expect("it was scheduled again");
    assert_eq!(why, Why::Again);
    task.run();
    block_on(handle).expect("it is ready");
}

/// Pending once, with the wake-up before the pending.
async fn async_yield() {
    let mut first = true;
    poll_fn(|context| {
        if !std::mem::replace(&mut first, false) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn a_wake_after_the_end_is_nothing() {
    let (queue, watched) = (Queue::default(), Watched::default());
    let handle = queue.spawn(watched.until(1));
    assert!(queue.step());
    let waker = watched.waker();
    waker.wake_by_ref();
    assert_eq!(queue.len(), 0);
    assert_eq!(block_on(handle).expect("it is ready"), 1);
    // Handle and task are gone; the waker alone is left.
    let another = waker.clone();
    waker.wake();
    another.wake_by_ref();
    assert_eq!((queue.len(), watched.polls()), (0, 1));
}

#[test]
fn foreign_threads_wake_and_each_wake_is_followed_by_a_poll() {
    in_time(|| {
        let (queue, watched) = (Queue::default(), Watched::default());
        let rounds = 300;
        let handle = queue.spawn(watched.until(rounds));
        assert!(queue.step());
        for poll in 1..rounds {
            let threads = [(); 3].map(|()| {
                let waker = watched.waker();
                std::thread::spawn(move || waker.wake())
            });
            for thread in threads {
                thread.join().expect("a wake doesn't panic");
            }
            assert_eq!(queue.len(), 1, "three wakes, one poll");
            assert!(queue.step());
            assert_eq!(watched.polls(), poll + 1);
        }
        assert_eq!(block_on(handle).expect("it is ready"), rounds);
    });
}

#[test]
fn wakers_of_one_task_are_seen_to_be_the_same() {
    let (queue, one, other) = (Queue::default(), Watched::default(), Watched::default());
    let handles = [queue.spawn(one.until(9)), queue.spawn(other.until(9))];
    assert!(queue.step() && queue.step());
    assert!(one.waker().will_wake(&one.waker()));
    assert!(!one.waker().will_wake(&other.waker()));
    // Each holds its own waker, and with it itself, until it ends.
    handles.iter().for_each(JoinHandle::abort);
    assert!(queue.step() && queue.step());
}

#[test]
fn a_panic_is_its_handles_and_the_future_is_dropped() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let guard = Dropped(dropped.clone());
    let handle = queue.spawn(async move {
        let _guard = guard;
        panic_silently("on purpose")
    });
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 1);
    let error = block_on(handle).expect_err("it panicked");
    assert_eq!(error.to_string(), "the task panicked: on purpose");
}

#[test]
fn an_aborted_task_is_dropped_when_it_would_be_polled_next() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let handle = queue.spawn(Never(Dropped(dropped.clone())));
    assert!(queue.step());
    handle.abort();
    handle.abort();
    assert_eq!((queue.len(), dropped.arrived()), (1, 0));
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 1);
    assert!(matches!(block_on(handle), Err(TaskError::Aborted)));
}

#[test]
fn an_abort_after_the_end_changes_nothing() {
    let queue = Queue::default();
    let handle = queue.spawn(async { 5 });
    assert!(queue.step());
    assert!(handle.is_finished());
    handle.abort();
    assert_eq!(queue.len(), 0);
    assert_eq!(block_on(handle).expect("it was done before"), 5);
}

#[test]
fn a_task_that_aborts_itself_ends_after_this_poll() {
    let (queue, place) = (Queue::default(), Arc::new(Mutex::new(None)));
    let inside: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::clone(&place);
    let handle = queue.spawn(poll_fn(move |_| {
        if let Some(handle) = &*inside.lock().unwrap() {
            handle.abort();
        }
        Poll::<()>::Pending
    }));
    *place.lock().unwrap() = Some(handle);
    assert!(queue.step());
    assert!(queue.step(), "once more, to be dropped");
    let handle = place.lock().unwrap().take().expect("it was put there");
    assert!(matches!(block_on(handle), Err(TaskError::Aborted)));
}

#[test]
fn a_runnable_that_is_dropped_cancels_its_task() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let (task, handle) = spawn(Never(Dropped(dropped.clone())), queue);
    drop(task);
    assert_eq!(dropped.arrived(), 1);
    assert!(matches!(block_on(handle), Err(TaskError::Aborted)));
}

#[test]
fn a_task_without_handle_runs_on_and_its_result_is_dropped() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let result = Dropped(dropped.clone());
    drop(queue.spawn(async move { result }));
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 1);
}

#[test]
fn a_result_that_nobody_took_is_dropped_with_the_handle() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let result = Dropped(dropped.clone());
    let handle = queue.spawn(async move { result });
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 0);
    drop(handle);
    assert_eq!(dropped.arrived(), 1);
}

#[test]
fn a_task_that_only_its_waker_knows_lives_and_goes_with_it() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let kept: Arc<Mutex<Option<Waker>>> = Arc::default();
    let (leave, guard) = (Arc::clone(&kept), Dropped(dropped.clone()));
    let mut polls = 0;
    drop(queue.spawn(poll_fn(move |context| {
        let _held = &guard;
        polls += 1;
        *leave.lock().unwrap() = Some(context.waker().clone());
        if polls == 2 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })));
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 0);
    let waker = kept.lock().unwrap().take().expect("it left its waker");
    waker.wake();
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 1);
}

#[test]
fn the_joiner_that_asked_last_is_woken() {
    let queue = Queue::default();
    let mut handle = queue.spawn(async {});
    let ((first, old), (second, new)) = (Count::waker(), Count::waker());
    assert!(poll_once(&mut handle, &old).is_pending());
    assert!(poll_once(&mut handle, &new).is_pending());
    assert!(queue.step());
    assert_eq!((first.get(), second.get()), (0, 1));
}

#[test]
#[should_panic(expected = "a join handle was polled after it was ready")]
fn a_handle_polled_after_it_was_ready_says_so() {
    let queue = Queue::default();
    let mut handle = queue.spawn(async {});
    assert!(queue.step());
    let (_, waker) = Count::waker();
    assert!(poll_once(&mut handle, &waker).is_ready());
    drop(poll_once(&mut handle, &waker));
}

#[test]
fn cancel_on_drop_aborts() {
    let (queue, dropped) = (Queue::default(), Gate::default());
    let handle = queue.spawn(Never(Dropped(dropped.clone())));
    drop(handle.cancel_on_drop());
    assert!(queue.step());
    assert_eq!(dropped.arrived(), 1);
}

#[test]
fn block_on_sleeps_through_wakes_from_other_threads() {
    in_time(|| {
        let (sent, received) = (Gate::default(), Gate::default());
        let (sends, mut started) = (sent.clone(), false);
        block_on(poll_fn(|context| {
            received.arrive();
            if sent.is_open() {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut started, true) {
                let (waker, sends) = (context.waker().clone(), sends.clone());
                std::thread::spawn(move || {
                    waker.wake_by_ref();
                    sends.open();
                    waker.wake();
                });
            }
            Poll::Pending
        }));
        assert!(received.arrived() >= 2);
    });
}
