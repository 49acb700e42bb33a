//! Threads for models. Parking is done by hand, because loom 0.7's own `unpark` also frees a thread
//! that is blocked on a lock, and then stops with an error of its own.

use std::time::Duration;

use labkit::clock::Deadline;
use loom::sync::{Arc, Condvar, Mutex};
pub(crate) use loom::thread::yield_now;

use crate::sync::lock;

/// A handle to wake a thread by: the token that `unpark` leaves and a park takes.
#[derive(Clone, Debug)]
pub(crate) struct Thread(Arc<(Mutex<bool>, Condvar)>);

loom::thread_local! {
    static CURRENT: Thread = Thread(Arc::new((Mutex::new(false), Condvar::new())));
}

impl Thread {
    pub(crate) fn unpark(&self) {
        let (token, changed) = &*self.0;
        *lock(token) = true;
        changed.notify_one();
    }
}

pub(crate) fn current() -> Thread {
    CURRENT.with(Thread::clone)
}

/// A model has no clock: a sleep with an end is over as soon as others have had their turn.
pub(crate) fn park_until(deadline: Deadline) -> bool {
    if deadline.remaining() != Duration::MAX {
        yield_now();
        return true;
    }
    let (token, changed) = &*current().0;
    let mut token = lock(token);
    while !*token {
        token = changed.wait(token).expect("no model panics under a lock");
    }
    *token = false;
    false
}
