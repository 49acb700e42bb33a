//! Threads for models. Parking is done by hand, because loom 0.7's own `unpark` also frees a thread
//! that is blocked on a lock, and then stops with an error of its own.

use std::time::Duration;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
pub(crate) use loom::thread::{Builder, JoinHandle, ThreadId, yield_now};

/// A handle to wake a thread by.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    id: ThreadId,
    /// The token that `unpark` leaves and `park` takes.
    token: Arc<(Mutex<bool>, Condvar)>,
}

loom::thread_local! {
    static CURRENT: Thread = Thread {
        id: thread::current().id(),
        token: Arc::new((Mutex::new(false), Condvar::new())),
    };
}

impl Thread {
    pub(crate) fn id(&self) -> ThreadId {
        self.id
    }

    pub(crate) fn unpark(&self) {
        let (token, changed) = &*self.token;
        *super::lock(token) = true;
        changed.notify_one();
    }
}

pub(crate) fn current() -> Thread {
    CURRENT.with(Thread::clone)
}

pub(crate) fn park() {
    let (token, changed) = &*current().token;
    let mut token = super::lock(token);
    while !*token {
        token = changed.wait(token).expect("no model panics under a lock");
    }
    *token = false;
}

/// A model has no clock: the time may be over at any moment, and a yield lets it.
pub(crate) fn park_timeout(_: Duration) {
    yield_now();
}

/// loom's thread-locals know no constant initializers.
macro_rules! thread_static {
    ($(#[$doc:meta])* static $name:ident: $type:ty = const { $start:expr };) => {
        loom::thread_local! { $(#[$doc])* static $name: $type = $start; }
    };
}
pub(crate) use thread_static;
