//! Jobs without their types: one pointer to a header that knows how to run what follows it.
//!
//! Queues hold millions of jobs of unlike types and sizes. A `Box<dyn FnOnce()>` is two words, too
//! wide for one atomic slot of the deque, and a job of a fork lies in its parent's stack frame and
//! in no box at all. So a [`JobRef`] is the address of a [`Header`], the first field of either kind
//! of job, and the header holds the one function that runs it, or drops it.

#![expect(unsafe_code, reason = "a job's type is erased while it waits")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// What a panic carries from the job to whoever waits for it.
pub(crate) type Payload = Box<dyn Any + Send>;

/// The payload of a job that the pool dropped, and so of everything that can't go on without it.
#[derive(Debug)]
pub(crate) struct AbortedMark;

/// What is to become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It runs.
    Run,
    /// The pool was aborted: it is dropped, and whoever waits for it is told.
    Abandon,
}

/// What became of a job, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It returned.
    Completed,
    /// It panicked; the panic has been kept or dropped, never let through.
    Panicked,
    /// It had been cancelled and did nothing.
    Cancelled,
    /// It was dropped by an abort.
    Aborted,
    /// It was a part of another job, which counts for both.
    Part,
}

/// The first field of every job.
#[derive(Debug)]
pub(crate) struct Header {
    act: unsafe fn(NonNull<Header>, Fate) -> Ended,
}

impl Header {
    /// A header whose function gets the header's own address. The function never unwinds.
    pub(crate) fn new(act: unsafe fn(NonNull<Header>, Fate) -> Ended) -> Self {
        Header { act }
    }
}

/// The right to run one job once; a job that is dropped without having run is leaked.
#[derive(Debug)]
#[must_use = "a job must be run or abandoned, or it leaks and whoever waits for it hangs"]
pub(crate) struct JobRef(NonNull<Header>);

// SAFETY: whoever makes a JobRef promises that the job behind it may act on any thread.
unsafe impl Send for JobRef {}

impl JobRef {
    /// # Safety
    /// The header starts a job that stays valid, and may be run on any thread, until it has acted.
    /// For each job there is only one JobRef.
    pub(crate) unsafe fn new(header: NonNull<Header>) -> Self {
        JobRef(header)
    }

    /// Runs or drops the job.
    #[inline]
    pub(crate) fn act(self, fate: Fate) -> Ended {
        // SAFETY: `new`'s contract; taking `self` by value makes it the only time.
        unsafe { (self.0.as_ref().act)(self.0, fate) }
    }

    /// The job as one word, for the deque. The right to run it goes along.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        self.0
    }

    /// The job's identity.
    #[inline]
    pub(crate) fn id(&self) -> NonNull<Header> {
        self.0
    }
}

/// The inside of a job that owns itself: what it does, given its fate. It must not unwind.
pub(crate) trait Work: Send {
    fn act(self, fate: Fate) -> Ended;
}

/// A job on the heap.
#[repr(C)]
pub(crate) struct HeapJob<W> {
    header: Header,
    work: W,
}

impl<W: Work> HeapJob<W> {
    /// Boxes `work`.
    ///
    /// # Safety
    /// Everything that `work` borrows outlives its call.
    pub(crate) unsafe fn boxed(work: W) -> JobRef {
        let job = Box::new(HeapJob {
            header: Header::new(Self::act),
            work,
        });
        // SAFETY: the box is leaked here and taken back once, by `act` or `into_work`; W is Send,
        // and the caller vouches for its borrows.
        unsafe { JobRef::new(NonNull::from(Box::leak(job)).cast()) }
    }

    /// Takes the work out of a job that nobody wanted.
    ///
    /// # Safety
    /// `job` was made by this type's `boxed`.
    pub(crate) unsafe fn into_work(job: JobRef) -> W {
        // SAFETY: `boxed` leaked a box of this very type.
        unsafe { Self::unbox(job.into_raw()) }.work
    }

    unsafe fn act(header: NonNull<Header>, fate: Fate) -> Ended {
        // SAFETY: the header is the first field of the HeapJob (`repr(C)`) that `boxed` leaked.
        unsafe { Self::unbox(header) }.work.act(fate)
    }

    unsafe fn unbox(header: NonNull<Header>) -> Box<Self> {
        // SAFETY: the caller holds the only pointer to a leaked box of this type.
        unsafe { Box::from_raw(header.cast::<Self>().as_ptr()) }
    }
}

/// The work of [`execute`](crate::ThreadPool::execute): a closure whose panic ends with it.
pub(crate) struct Plain<F>(pub(crate) F);

impl<F: FnOnce() + Send> Work for Plain<F> {
    fn act(self, fate: Fate) -> Ended {
        let outcome = match fate {
            Fate::Run => contain(self.0).map(|()| Ended::Completed),
            Fate::Abandon => contain(|| drop(self.0)).map(|()| Ended::Aborted),
        };
        outcome.unwrap_or_else(|payload| {
            discard(payload);
            Ended::Panicked
        })
    }
}

/// Runs foreign code and keeps its panic in.
///
/// Unwind safety: what `f` left half-done is either its own, or reached again only by a caller who
/// is told of the panic.
#[inline]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    // BEGIN SOLUTION stage 1: call it; from stage 2 on, a panic in it must not get past this line
    catch_unwind(AssertUnwindSafe(f))
    // END SOLUTION
}

/// Drops what nobody asked for. That may panic, and so may dropping what the panic carries; what this
/// one carries is leaked, for it could go on for ever.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = contain(|| drop(value)) {
        contain(|| drop(payload)).unwrap_or_else(std::mem::forget);
    }
}
