//! What loom lacks or names differently.

/// loom's thread-locals know no constant initializers.
#[doc(hidden)]
#[macro_export]
macro_rules! model_thread_static {
    ($($(#[$doc:meta])* static $name:ident: $type:ty = const { $start:expr };)*) => {
        $($crate::sync::loom::thread_local! { $(#[$doc])* static $name: $type = $start; })*
    };
}

pub mod thread {
    //! Threads for models. Parking is done by hand, because loom 0.7's own `unpark` also frees a thread
    //! that is blocked on a lock, and then stops with an error of its own.

    use std::time::Duration;

    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;
    pub use loom::thread::{Builder, JoinHandle, ThreadId, yield_now};

    use crate::sync::{lock, wait};

    /// A handle to wake a thread by.
    #[derive(Clone, Debug)]
    pub struct Thread {
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
        /// Which thread this is.
        pub fn id(&self) -> ThreadId {
            self.id
        }

        /// Ends this thread's park, or its next one.
        pub fn unpark(&self) {
            let (token, changed) = &*self.token;
            *lock(token) = true;
            changed.notify_one();
        }
    }

    /// The calling thread's handle.
    pub fn current() -> Thread {
        CURRENT.with(Thread::clone)
    }

    /// Sleeps until somebody unparks this thread.
    pub fn park() {
        let (mutex, changed) = &*current().token;
        let mut token = lock(mutex);
        while !*token {
            token = wait(changed, mutex, token);
        }
        *token = false;
    }

    /// A model has no clock: the time may be over at any moment, and a yield lets it.
    pub fn park_timeout(_: Duration) {
        yield_now();
    }
}
