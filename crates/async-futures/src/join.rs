//! Waiting for a task: its result, its panic, or the news that it was aborted.

#![expect(
    unsafe_code,
    reason = "the handle is a counted pointer to its task, whose type it alone still knows"
)]

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, ready};

use crate::budget;
use crate::error::TaskError;
use crate::task::{self, Header, Outcome};

/// A future of a task's result. Dropping it lets the task run on alone;
/// [`cancel_on_drop`](Self::cancel_on_drop) changes that.
///
/// # Panics
/// If it is polled again after it was ready.
#[derive(Debug)]
pub struct JoinHandle<T> {
    task: NonNull<Header>,
    taken: bool,
    result: PhantomData<T>,
}

// SAFETY: a handle moves the result, which is Send, from the task's thread to its own, and does
// nothing else to it.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: a shared handle can only abort and ask whether the task has ended.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(task: NonNull<Header>) -> Self {
        JoinHandle {
            task,
            taken: false,
            result: PhantomData,
        }
    }

    /// Asks the task to end. Its future is dropped when it would be polled next, and the handle gets
    /// [`TaskError::Aborted`]; a task that has ended keeps its result.
    pub fn abort(&self) {
        // SAFETY: the handle holds a reference.
        unsafe { task::abort(self.task) };
    }

    /// Whether the result is there.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.header().state.is_complete()
    }

    /// The same handle, but the task is aborted when it is dropped: a task that belongs to whoever
    /// waits for it.
    #[must_use]
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop(self)
    }

    fn header(&self) -> &Header {
        // SAFETY: the handle holds a reference.
        unsafe { self.task.as_ref() }
    }

    /// Leaves the waker for the task's end. False: the end is there.
    fn leave_waker(&self, context: &Context<'_>) -> bool {
        // BEGIN SOLUTION stage 2: the task may end at any moment; when may its place be written?
        let header = self.header();
        if header.state.is_awaited() {
            // SAFETY: only this handle ever writes the waker, and it is busy reading.
            let same = header.joiner.with(|joiner| unsafe {
                (*joiner)
                    .as_ref()
                    .is_some_and(|old| old.will_wake(context.waker()))
            });
            if same {
                return true;
            }
            if !header.state.hide_joiner() {
                return false;
            }
        }
        let waker = Some(context.waker().clone());
        // SAFETY: a waker that isn't shown is the handle's own.
        header.joiner.with_mut(|joiner| unsafe { *joiner = waker });
        header.state.show_joiner()
        // END SOLUTION
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.taken, "a join handle was polled after it was ready");
        ready!(budget::admit(context));
        if !self.header().state.is_complete() && self.leave_waker(context) {
            return Poll::Pending;
        }
        budget::charge();
        self.taken = true;
        let mut result: Option<Outcome<T>> = None;
        // SAFETY: the task is complete and was spawned with this type; a living handle owns the
        // result, and takes it once.
        unsafe { (self.header().vtable.take)(self.task, (&raw mut result).cast()) };
        Poll::Ready(result.expect("a complete task has a result"))
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        // BEGIN SOLUTION stage 2: the result may be there, be taken, or come later; who drops it?
        let header = self.header();
        if header.state.lose_interest() {
            if !self.taken {
                // SAFETY: the result is there, and it is this handle's.
                unsafe { (header.vtable.discard)(self.task) };
            }
        } else {
            // SAFETY: the task isn't complete, so the waker, which isn't shown any more, is ours.
            let joiner = header.joiner.with_mut(|joiner| unsafe { (*joiner).take() });
            drop(joiner);
        }
        // SAFETY: the handle's reference isn't used after this.
        unsafe { task::release(self.task) };
        // END SOLUTION
    }
}

/// A [`JoinHandle`] that aborts its task when it is dropped.
#[derive(Debug)]
pub struct CancelOnDrop<T>(JoinHandle<T>);

impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
