//! Tasks without an executor: a run queue that the test runs, and a future that it watches.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_futures::task::{Runnable, Schedule, Why, spawn};
use async_futures::{JoinHandle, TaskError};

/// A run queue that is run by hand.
#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<Mutex<VecDeque<(Runnable, Why)>>>);

impl Schedule for Queue {
    fn schedule(&self, task: Runnable, why: Why) {
        self.0.lock().unwrap().push_back((task, why));
    }
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn pop(&self) -> Option<(Runnable, Why)> {
        self.0.lock().unwrap().pop_front()
    }

    /// Polls one task; false if none is scheduled.
    pub(crate) fn step(&self) -> bool {
        let next = self.pop();
        next.is_some_and(|(task, _)| {
            task.run();
            true
        })
    }

    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = spawn(future, self.clone());
        self.schedule(task, Why::Woken);
        handle
    }
}

/// A future that counts its polls, leaves its waker, and is ready at the poll with a given number.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    polls: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Watched {
    pub(crate) fn until(&self, last: usize) -> impl Future<Output = usize> + Send + 'static {
        let this = self.clone();
        poll_fn(move |context| {
            let poll = this.polls.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(poll <= last, "polled after it was ready");
            *this.waker.lock().unwrap() = Some(context.waker().clone());
            if poll == last {
                Poll::Ready(poll)
            } else {
                Poll::Pending
            }
        })
    }

    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Ordering::SeqCst)
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.lock().unwrap().clone().expect("it was polled")
    }
}

pub(crate) fn poll_once<T>(
    handle: &mut JoinHandle<T>,
    waker: &Waker,
) -> Poll<Result<T, TaskError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}
