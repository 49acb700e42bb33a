//! A task: a future in one allocation with all that is needed to run it, wake it and wait for it.
//!
//! Whoever polls a future needs to be alone with it; whoever wakes it may be anybody, anywhere, at
//! any time, more than once, and after its end. The state word (`state`) brings the two together. A
//! [`Runnable`] is the right to poll: there is at most one for each task, it exists while the task is
//! scheduled, and it is what lies in run queues. A waker is a counted pointer to the same allocation,
//! so waking allocates nothing. The join handle is in [`crate::join`].

#![expect(
    unsafe_code,
    reason = "one allocation is shared by run queues, wakers and the join handle, without its type"
)]

mod cell;
pub(crate) mod state;
mod waker;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use crate::error::TaskError;
use crate::join::JoinHandle;
pub(crate) use cell::{Header, Links, NO_SHARD};

/// Why a task is put into a run queue; a scheduler may choose its place by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was woken while it waited: what it waited for is hot in the cache.
    Woken,
    /// It was woken while it ran, by itself perhaps: others come first.
    Again,
}

/// Where tasks go when they are to be polled.
pub trait Schedule: Send + Sync + 'static {
    /// Puts a task into a run queue. If there is none any more, dropping it cancels the task.
    fn schedule(&self, task: Runnable, why: Why);

    /// Hears that a task has ended, once for each.
    fn completed(&self, task: TaskId) {
        let _ = task;
    }
}

/// Tells tasks apart while they live; never followed outside of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskId(pub(crate) NonNull<Header>);

/// The right to poll a task, of which there is at most one. Dropping it cancels the task.
#[derive(Debug)]
pub struct Runnable(NonNull<Header>);

// SAFETY: the future behind it is Send (see `spawn`), and a runnable is the only way to it.
unsafe impl Send for Runnable {}
// SAFETY: a shared runnable can do nothing but tell its name.
unsafe impl Sync for Runnable {}

/// Makes a task of a future. It does nothing until the runnable is run.
pub fn spawn<F, S>(future: F, scheduler: S) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let header = cell::allocate(future, scheduler);
    (Runnable(header), JoinHandle::new(header))
}

impl Runnable {
    /// Polls the task once; afterwards it waits for a wake-up, is scheduled again, or has ended.
    #[inline]
    pub fn run(self) {
        // BEGIN SOLUTION stage 2: poll; what if it is pending, ready, panics, was aborted?
        let task = self.into_raw();
        // SAFETY: the runnable was the right to poll, and the task isn't complete, so it is alive;
        // after a pause that returned false it isn't touched any more.
        unsafe {
            let header = task.as_ref();
            if header.state.start() {
                (header.vtable.cancel)(task);
            } else if !(header.vtable.poll)(task) {
                if header.state.pause() {
                    (header.vtable.schedule)(task, Why::Again);
                }
                return;
            }
            finish(task);
        }
        // END SOLUTION
    }

    /// The task's name.
    #[must_use]
    pub fn id(&self) -> TaskId {
        TaskId(self.0)
    }

    /// The runnable as a pointer, for a run queue; [`from_raw`](Self::from_raw) takes it back.
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    /// The pointer comes from [`into_raw`](Self::into_raw), and is used once.
    pub(crate) unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Runnable(task)
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        // SAFETY: as in `run`. Whether it was aborted before makes no difference.
        unsafe {
            let _ = self.0.as_ref().state.start();
            (self.0.as_ref().vtable.cancel)(self.0);
            finish(self.0);
        }
    }
}

/// Publishes a task's result and lets go of what a living task holds.
///
/// # Safety
/// The caller runs the task, and its result is in its place.
unsafe fn finish(task: NonNull<Header>) {
    // SAFETY: a task that isn't complete holds a reference to itself, which is dropped at the end.
    let header = unsafe { task.as_ref() };
    let completed = header.state.complete();
    if !completed.wanted {
        // SAFETY: without a handle the result is ours.
        unsafe { (header.vtable.discard)(task) };
    } else if completed.awaited {
        header.joiner.with(|joiner| {
            // SAFETY: once it is complete nobody writes to a waker that was shown.
            if let Some(joiner) = unsafe { &*joiner } {
                contain(|| joiner.wake_by_ref());
            }
        });
    }
    // SAFETY: the task is alive until its own reference is dropped, which happens here, once.
    unsafe {
        (header.vtable.completed)(task);
        release(task);
    }
}

/// Aborts a task.
///
/// # Safety
/// The caller holds a reference to it.
pub(crate) unsafe fn abort(task: NonNull<Header>) {
    // SAFETY: the reference keeps it alive; whoever is told to schedule has the right to.
    unsafe {
        if task.as_ref().state.abort() {
            (task.as_ref().vtable.schedule)(task, Why::Woken);
        }
    }
}

/// Drops a reference.
///
/// # Safety
/// The caller holds one, and doesn't use it any more.
#[inline]
pub(crate) unsafe fn release(task: NonNull<Header>) {
    // SAFETY: the reference keeps it alive until here; the last one is alone with it.
    unsafe {
        if task.as_ref().state.drop_reference() {
            (task.as_ref().vtable.free)(task);
        }
    }
}

/// Calls foreign code and keeps its panic away from the worker; what it would say is the result of
/// nobody's task.
pub(crate) fn contain(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        tracing::warn!(
            "a drop or a wake panicked: {}",
            crate::error::message(&*payload)
        );
    }
}

/// What a poll came to, or a panic in it.
pub(crate) type Outcome<T> = Result<T, TaskError>;
