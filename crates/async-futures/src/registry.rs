//! All living tasks, so that an executor's end is the end of each of them.
//!
//! A task that waits lies in no run queue; only wakers know it, and those may be anywhere, even in the
//! task itself. So each stands in a doubly linked list from its spawn to its end. The links are in the
//! task, which makes both ends cheap; the list is cut into shards, one for each worker, so that their
//! locks are seldom contended.

#![expect(unsafe_code, reason = "the list's links are in the tasks themselves")]

use std::ptr::NonNull;

use labkit::sync::atomic::Ordering::Relaxed;
use labkit::sync::{CachePadded, Mutex, MutexGuard, lock};

use crate::task::{self, Header, Links, NO_SHARD, Runnable, TaskId};

/// The lists of all living tasks.
#[derive(Debug)]
pub(crate) struct Registry {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
}

#[derive(Debug, Default)]
struct Shard {
    first: Option<NonNull<Header>>,
    len: usize,
    closed: bool,
}

// SAFETY: a header is shared by all threads anyway, and stands in a list only while it lives.
unsafe impl Send for Shard {}

impl Registry {
    pub(crate) fn new(shards: usize) -> Self {
        Registry {
            shards: (0..shards).map(|_| CachePadded::default()).collect(),
        }
    }

    /// Enters a new task. False: it is too late, and dropping the runnable cancels it.
    pub(crate) fn insert(&self, task: &Runnable, shard: usize) -> bool {
        let mut list = self.lock(shard);
        if list.closed {
            return false;
        }
        let TaskId(new) = task.id();
        // SAFETY: the runnable keeps the task alive; links are touched under the lock of the shard.
        unsafe {
            new.as_ref().shard.store(shard, Relaxed);
            set_links(new, |links| links.after = list.first);
            if let Some(first) = list.first {
                set_links(first, |links| links.before = Some(new));
            }
        }
        list.first = Some(new);
        list.len += 1;
        true
    }

    /// Strikes a task out, if it was entered and isn't struck out already.
    pub(crate) fn remove(&self, TaskId(task): TaskId) {
        // SAFETY: who ends a task keeps it alive meanwhile.
        let shard = unsafe { task.as_ref() }.shard.load(Relaxed);
        if shard != NO_SHARD {
            self.lock(shard).unlink(task);
        }
    }

    /// How many tasks live.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len).sum()
    }

    /// Takes no more tasks and aborts all that live.
    pub(crate) fn close(&self) {
        for shard in 0..self.shards.len() {
            self.lock(shard).closed = true;
            while let Some(task) = self.first_of(shard) {
                // SAFETY: `first_of` has taken a reference for us.
                unsafe {
                    task::abort(task);
                    task::release(task);
                }
            }
        }
    }

    /// Unlinks the first task of a list, with a reference for the caller.
    fn first_of(&self, shard: usize) -> Option<NonNull<Header>> {
        let mut list = self.lock(shard);
        let first = list.first?;
        // SAFETY: what stands in the list lives.
        unsafe { first.as_ref() }.state.add_reference();
        list.unlink(first);
        Some(first)
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        lock(&self.shards[shard])
    }
}

impl Shard {
    fn unlink(&mut self, task: NonNull<Header>) {
        // SAFETY: the caller holds the lock of the task's shard, and its neighbours stand in the same
        // list, so they live.
        unsafe {
            let mut gone = Links::default();
            set_links(task, |links| {
                gone.before = links.before.take();
                gone.after = links.after.take();
            });
            match gone.before {
                Some(before) => set_links(before, |links| links.after = gone.after),
                None if self.first == Some(task) => self.first = gone.after,
                // It was struck out before.
                None => return,
            }
            if let Some(after) = gone.after {
                set_links(after, |links| links.before = gone.before);
            }
        }
        self.len -= 1;
    }
}

/// # Safety
/// The task is alive, and the lock of its shard is held.
unsafe fn set_links(task: NonNull<Header>, change: impl FnOnce(&mut Links)) {
    // SAFETY: passed on from the caller.
    unsafe { task.as_ref() }
        .links
        .with_mut(|links| change(unsafe { &mut *links }));
}
