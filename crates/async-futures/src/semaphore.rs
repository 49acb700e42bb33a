//! A semaphore: so many may go on at once, the others wait in line.
//!
//! Fair: a permit that is given back goes to whoever has waited longest, and nobody who comes later
//! can take it on its way. Who stops waiting leaves the line; if it was given a permit meanwhile, that
//! goes on to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use labkit::sync::lock;

use crate::budget;

/// A bounded number of permits. Clones share them.
#[derive(Clone, Debug)]
pub struct Semaphore(Arc<Mutex<Line>>);

#[derive(Debug)]
struct Line {
    free: usize,
    /// Who waits, by the number that it drew.
    waiting: BTreeMap<u64, Waker>,
    /// Who was given a permit and hasn't come for it yet.
    called: BTreeSet<u64>,
    next: u64,
}

impl Semaphore {
    /// So many permits.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Semaphore(Arc::new(Mutex::new(Line {
            free: permits,
            waiting: BTreeMap::new(),
            called: BTreeSet::new(),
            next: 0,
        })))
    }

    /// Waits for a permit.
    #[must_use]
    pub fn acquire(&self) -> Acquire {
        Acquire {
            semaphore: self.clone(),
            number: None,
        }
    }

    /// Takes a permit if one is free, which means that nobody waits.
    #[must_use]
    pub fn try_acquire(&self) -> Option<Permit> {
        let mut line = lock(&self.0);
        line.free = line.free.checked_sub(1)?;
        Some(Permit(self.clone()))
    }

    /// How many permits are free.
    #[must_use]
    pub fn available(&self) -> usize {
        lock(&self.0).free
    }

    fn give_back(&self) {
        // BEGIN SOLUTION stage 4: to whoever has waited longest, or to nobody
        let mut line = lock(&self.0);
        match line.waiting.pop_first() {
            None => line.free += 1,
            Some((number, waker)) => {
                line.called.insert(number);
                drop(line);
                waker.wake();
            }
        }
        // END SOLUTION
    }
}

/// One of a semaphore's permits, given back on drop.
#[derive(Debug)]
pub struct Permit(Semaphore);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// The future of [`Semaphore::acquire`].
#[derive(Debug)]
pub struct Acquire {
    semaphore: Semaphore,
    /// Its place in the line, once it has one.
    number: Option<u64>,
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        ready!(budget::admit(context));
        // BEGIN SOLUTION stage 4: called? free? else into the line, and only once
        let semaphore = self.semaphore.clone();
        let mut line = lock(&semaphore.0);
        let granted = match self.number {
            Some(number) => line.called.remove(&number),
            None if line.free > 0 => {
                line.free -= 1;
                true
            }
            None => false,
        };
        if granted {
            budget::charge();
            self.number = None;
            return Poll::Ready(Permit(self.semaphore.clone()));
        }
        let number = *self.number.get_or_insert(line.next);
        line.next = line.next.max(number + 1);
        let former = line.waiting.insert(number, context.waker().clone());
        // A waker may be the last of its task, whose end may give permits back: never under the lock.
        drop(line);
        drop(former);
        Poll::Pending
        // END SOLUTION
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(number) = self.number else {
            return;
        };
        let mut line = lock(&self.semaphore.0);
        let waker = line.waiting.remove(&number);
        let called = line.called.remove(&number);
        drop(line);
        drop(waker);
        if called {
            self.semaphore.give_back();
        }
    }
}
