//! The allocation behind a task, and the few functions that know its type.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use labkit::sync::UnsafeCell;
use labkit::sync::atomic::AtomicUsize;

use super::state::State;
use super::{Outcome, Runnable, Schedule, TaskId, Why, contain, waker};
use crate::error::TaskError;

/// What all tasks begin with, whatever their future is.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) state: State,
    pub(crate) vtable: &'static Vtable,
    /// The waker of whoever awaits the join handle; the state says who may touch it.
    pub(crate) joiner: UnsafeCell<Option<Waker>>,
    /// Guarded by the lock of the registry's shard in which the task stands.
    pub(crate) links: UnsafeCell<Links>,
    /// Which shard that is; written before the task runs for the first time.
    pub(crate) shard: AtomicUsize,
}

/// A task's neighbours in the list of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) before: Option<NonNull<Header>>,
    pub(crate) after: Option<NonNull<Header>>,
}

/// The shard of a task that stands in none.
pub(crate) const NO_SHARD: usize = usize::MAX;

/// What can be done to a task without knowing its type. All take the task's address.
#[derive(Debug)]
pub(crate) struct Vtable {
    /// Polls the future; true: it has ended, and the result is in its place. Only for who runs it.
    pub(crate) poll: unsafe fn(NonNull<Header>) -> bool,
    /// Drops the future and puts an abort in the result's place. Only for who runs it.
    pub(crate) cancel: unsafe fn(NonNull<Header>),
    /// Drops the result. Only for who owns it.
    pub(crate) discard: unsafe fn(NonNull<Header>),
    /// Moves the result to an `Option<Outcome<T>>`. Only for who owns it.
    pub(crate) take: unsafe fn(NonNull<Header>, *mut ()),
    /// Hands a runnable to the scheduler. Only for who was told to by the state.
    pub(crate) schedule: unsafe fn(NonNull<Header>, Why),
    /// Tells the scheduler that it has ended.
    pub(crate) completed: unsafe fn(NonNull<Header>),
    /// Frees the memory. Only for who dropped the last reference.
    pub(crate) free: unsafe fn(NonNull<Header>),
}

/// The whole task. The header comes first, so that its address is the task's.
#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future> {
    Future(F),
    Result(Outcome<F::Output>),
    Gone,
}

/// Puts a future into a new task, scheduled and with two references.
pub(super) fn allocate<F, S>(future: F, scheduler: S) -> NonNull<Header>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let cell = Box::new(Cell {
        header: Header {
            state: State::new(),
            vtable: const { &Cell::<F, S>::VTABLE },
            joiner: UnsafeCell::new(None),
            links: UnsafeCell::new(Links::default()),
            shard: AtomicUsize::new(NO_SHARD),
        },
        scheduler,
        stage: UnsafeCell::new(Stage::Future(future)),
    });
    NonNull::from(Box::leak(cell)).cast()
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: Vtable = Vtable {
        poll: Self::poll,
        cancel: Self::cancel,
        discard: Self::discard,
        take: Self::take,
        schedule: Self::schedule,
        completed: Self::completed,
        free: Self::free,
    };

    /// # Safety
    /// The task is alive and of this type.
    #[inline]
    unsafe fn of<'a>(task: NonNull<Header>) -> &'a Self {
        // SAFETY: the header is the first field of a `repr(C)` cell, and the pointer came from a box
        // of the whole.
        unsafe { task.cast().as_ref() }
    }

    unsafe fn poll(task: NonNull<Header>) -> bool {
        // SAFETY: passed on from the caller.
        let cell = unsafe { Self::of(task) };
        // The task holds a reference to itself while it isn't complete, so this waker needs none.
        // SAFETY: it is never dropped, and its clones count themselves.
        let waker = ManuallyDrop::new(unsafe { waker::uncounted(task) });
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            cell.stage.with_mut(|stage| {
                // SAFETY: who runs the task is alone with the stage.
                match unsafe { &mut *stage } {
                    Stage::Future(future) => {
                        // SAFETY: it is in a box, where it stays until it is dropped in its place.
                        let future = unsafe { Pin::new_unchecked(future) };
                        future.poll(&mut context)
                    }
                    Stage::Result(_) | Stage::Gone => {
                        unreachable!("a task is polled until it ends")
                    }
                }
            })
        }));
        let result = match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(TaskError::Panicked(payload)),
        };
        cell.end_with(result);
        true
    }

    unsafe fn cancel(task: NonNull<Header>) {
        // SAFETY: passed on from the caller.
        unsafe { Self::of(task) }.end_with(Err(TaskError::Aborted));
    }

    /// Drops the future, then keeps the result; only for who runs the task.
    fn end_with(&self, result: Outcome<F::Output>) {
        self.replace(Stage::Gone);
        self.replace(Stage::Result(result));
    }

    /// Drops what was there; only for who may touch the stage. A panic of that drop ends here.
    fn replace(&self, stage: Stage<F>) {
        contain(|| {
            self.stage.with_mut(|place| {
                // SAFETY: the caller is alone with the stage. An assignment puts the new value in
                // place even if dropping the old one panics.
                unsafe { *place = stage };
            });
        });
    }

    unsafe fn discard(task: NonNull<Header>) {
        // SAFETY: passed on from the caller.
        unsafe { Self::of(task) }.replace(Stage::Gone);
    }

    unsafe fn take(task: NonNull<Header>, place: *mut ()) {
        // SAFETY: passed on from the caller.
        let cell = unsafe { Self::of(task) };
        // SAFETY: the caller owns the result, and says that the place is one for it.
        let stage = cell
            .stage
            .with_mut(|stage| std::mem::replace(unsafe { &mut *stage }, Stage::Gone));
        let Stage::Result(result) = stage else {
            unreachable!("the result is taken once");
        };
        // SAFETY: as above.
        unsafe { *place.cast::<Option<Outcome<F::Output>>>() = Some(result) };
    }

    unsafe fn schedule(task: NonNull<Header>, why: Why) {
        // SAFETY: passed on from the caller, who was given the right to poll by the state.
        let (cell, runnable) = unsafe { (Self::of(task), Runnable::from_raw(task)) };
        cell.scheduler.schedule(runnable, why);
    }

    unsafe fn completed(task: NonNull<Header>) {
        // SAFETY: passed on from the caller.
        unsafe { Self::of(task) }.scheduler.completed(TaskId(task));
    }

    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: the last reference is gone, and the pointer came from a box of this type.
        let cell = unsafe { Box::from_raw(task.cast::<Self>().as_ptr()) };
        contain(|| drop(cell));
    }
}
