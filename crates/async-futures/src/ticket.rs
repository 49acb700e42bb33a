//! A result that comes later: the two ends of a cell that is filled once.
//!
//! It is what Python calls a `concurrent.futures.Future`: a pool fills it from a thread, and whoever
//! holds the ticket waits for it on a thread, or in a task, or has many and takes each as it comes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll};

use labkit::sync::{lock, wait};

use crate::error::TaskError;

/// What a job comes to.
pub type JobResult<T> = Result<T, TaskError>;

/// The right to a job's result.
#[derive(Debug)]
pub struct Ticket<T>(Arc<Cell<T>>);

/// The duty to fill a ticket. Dropped without, it says that the job was aborted.
#[derive(Debug)]
pub(crate) struct Promise<T>(Arc<Cell<T>>);

struct Cell<T> {
    /// Guards the result and who hears of it, so that it can't come between look and wait.
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    result: Option<JobResult<T>>,
    filled: bool,
    listener: Option<Box<dyn FnOnce() + Send>>,
}

impl<T> fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").finish_non_exhaustive()
    }
}

/// Both ends of a new cell.
pub(crate) fn pair<T>() -> (Promise<T>, Ticket<T>) {
    let cell = Arc::new(Cell {
        state: Mutex::new(State {
            result: None,
            filled: false,
            listener: None,
        }),
        filled: Condvar::new(),
    });
    (Promise(Arc::clone(&cell)), Ticket(cell))
}

impl<T> Promise<T> {
    /// Fills the ticket.
    pub(crate) fn fill(self, result: JobResult<T>) {
        self.0.fill(result);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.fill(Err(TaskError::Aborted));
    }
}

impl<T> Cell<T> {
    /// The first result counts.
    fn fill(&self, result: JobResult<T>) {
        // BEGIN SOLUTION stage 1: put it in once, then tell all who wait, in whichever way
        let mut state = lock(&self.state);
        if state.filled {
            return;
        }
        (state.result, state.filled) = (Some(result), true);
        let listener = state.listener.take();
        drop(state);
        self.filled.notify_all();
        if let Some(listener) = listener {
            listener();
        }
        // END SOLUTION
    }
}

impl<T> Ticket<T> {
    /// Blocks the thread until the result is there.
    ///
    /// # Errors
    /// Why the job has none.
    pub fn wait(self) -> JobResult<T> {
        // BEGIN SOLUTION stage 1: look and wait under one lock
        let mut state = lock(&self.0.state);
        loop {
            if let Some(result) = state.result.take() {
                return result;
            }
            state = wait(&self.0.filled, &self.0.state, state);
        }
        // END SOLUTION
    }

    /// Whether the result is there.
    #[must_use]
    pub fn is_done(&self) -> bool {
        lock(&self.0.state).filled
    }

    /// Has `listener` called once the result is there, which may be at once; it replaces the former.
    fn listen(&self, listener: impl FnOnce() + Send + 'static) {
        // BEGIN SOLUTION stage 1: what if it is there already?
        let mut state = lock(&self.0.state);
        if !state.filled {
            state.listener = Some(Box::new(listener));
            return;
        }
        drop(state);
        listener();
        // END SOLUTION
    }
}

/// In a task a ticket is awaited; after it was ready it stays pending.
impl<T> Future for Ticket<T> {
    type Output = JobResult<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.0.state);
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        let waker = context.waker().clone();
        state.listener = Some(Box::new(move || waker.wake()));
        Poll::Pending
    }
}

/// Hands out results in the order in which they come: the number of the ticket, from 0, and what its
/// job came to. For threads; tasks have [`crate::as_completed`].
#[must_use]
pub fn as_completed<T>(tickets: Vec<Ticket<T>>) -> InOrderOfCompletion<T> {
    let (done, numbers) = mpsc::channel();
    for (number, ticket) in tickets.iter().enumerate() {
        let done = done.clone();
        ticket.listen(move || {
            // Nobody listens any more: then nobody wants to know.
            let _ = done.send(number);
        });
    }
    InOrderOfCompletion {
        tickets: tickets.into_iter().map(Some).collect(),
        numbers,
    }
}

/// The iterator of [`as_completed`].
#[derive(Debug)]
pub struct InOrderOfCompletion<T> {
    tickets: Vec<Option<Ticket<T>>>,
    numbers: mpsc::Receiver<usize>,
}

impl<T> Iterator for InOrderOfCompletion<T> {
    type Item = (usize, JobResult<T>);

    fn next(&mut self) -> Option<Self::Item> {
        // BEGIN SOLUTION stage 1: which one is done? its result is there, so this doesn't wait
        let number = self.numbers.recv().ok()?;
        let ticket = self.tickets[number].take()?;
        Some((number, ticket.wait()))
        // END SOLUTION
    }
}
