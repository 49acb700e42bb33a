//! Futures of futures: all of them, each as it completes, the first of two.
//!
//! Polling all children whenever one of them wakes the parent costs n² for n children. So each child
//! has a waker of its own, which notes the child's number; the parent polls those alone.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker, ready};

use labkit::sync::lock;

use crate::budget;

/// Hands out the results of futures in the order in which they complete.
///
/// ```
/// # async_futures::block_on(async {
/// let mut done = async_futures::as_completed([1, 2, 3].map(|n| async move { n * n }));
/// while let Some((number, square)) = done.next().await {
///     println!("future {number} came to {square}");
/// }
/// # });
/// ```
pub fn as_completed<F: Future>(futures: impl IntoIterator<Item = F>) -> AsCompleted<F> {
    let children: Vec<_> = futures.into_iter().map(|it| Some(Box::pin(it))).collect();
    let woken = Arc::new(Woken::default());
    lock(&woken.state).children = (0..children.len()).collect();
    let wakers = (0..children.len()).map(|number| {
        Waker::from(Arc::new(Child {
            number,
            woken: Arc::clone(&woken),
        }))
    });
    AsCompleted {
        wakers: wakers.collect(),
        left: children.len(),
        children,
        woken,
    }
}

/// The stream of [`as_completed`]. Dropping it drops the futures that aren't done.
#[derive(Debug)]
pub struct AsCompleted<F> {
    /// None: it is done.
    children: Vec<Option<Pin<Box<F>>>>,
    wakers: Vec<Waker>,
    left: usize,
    woken: Arc<Woken>,
}

/// Which children want to be polled, and who polls them.
#[derive(Debug, Default)]
struct Woken {
    state: Mutex<WokenState>,
}

#[derive(Debug, Default)]
struct WokenState {
    children: VecDeque<usize>,
    parent: Option<Waker>,
}

struct Child {
    number: usize,
    woken: Arc<Woken>,
}

impl Wake for Child {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let parent = {
            let mut state = lock(&self.woken.state);
            // A child that wakes itself again and again is noted once.
            if state.children.back() != Some(&self.number) {
                state.children.push_back(self.number);
            }
            state.parent.take()
        };
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

impl<F: Future> AsCompleted<F> {
    /// The next result with the number of its future, from 0; none if there are no more.
    pub async fn next(&mut self) -> Option<(usize, F::Output)> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`next`](Self::next), for futures written by hand.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        // BEGIN SOLUTION stage 4: poll only who was woken; when must the parent's waker be there?
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(budget::admit(context));
        for _ in 0..budget::BUDGET {
            let Some(number) = self.next_woken(context) else {
                return Poll::Pending;
            };
            let Some(child) = &mut self.children[number] else {
                continue;
            };
            let mut context = Context::from_waker(&self.wakers[number]);
            if let Poll::Ready(value) = child.as_mut().poll(&mut context) {
                self.children[number] = None;
                self.left -= 1;
                budget::charge();
                return Poll::Ready(Some((number, value)));
            }
        }
        // Children that wake each other without end must let other tasks run, too.
        context.waker().wake_by_ref();
        Poll::Pending
        // END SOLUTION
    }

    /// The next child to poll. If there is none, the parent's waker is left, under the same lock.
    fn next_woken(&self, context: &Context<'_>) -> Option<usize> {
        let mut state = lock(&self.woken.state);
        let next = state.children.pop_front();
        let former = match next {
            None => state.parent.replace(context.waker().clone()),
            Some(_) => None,
        };
        // A waker's drop may be the end of a task: never under the lock.
        drop(state);
        drop(former);
        next
    }
}

/// Waits for all futures, and returns their results in the order in which they were given.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    // BEGIN SOLUTION stage 4: each has its place
    let mut done = as_completed(futures);
    let mut results: Vec<Option<F::Output>> = done.children.iter().map(|_| None).collect();
    while let Some((number, value)) = done.next().await {
        results[number] = Some(value);
    }
    results.into_iter().flatten().collect()
    // END SOLUTION
}

/// What [`select`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first future was ready.
    First(A),
    /// The second one was.
    Second(B),
}

/// Waits for the first of two futures that is ready, and drops the other. If both are, the first one
/// given wins.
pub async fn select<A: Future, B: Future>(first: A, second: B) -> Either<A::Output, B::Output> {
    // BEGIN SOLUTION stage 4: poll both; what becomes of the one that lost?
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if let Poll::Ready(value) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(value));
        }
        second.as_mut().poll(context).map(Either::Second)
    })
    .await
    // END SOLUTION
}
