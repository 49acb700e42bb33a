//! Which executor the current thread works for: how `spawn`, `sleep` and sockets find theirs.

#![expect(
    unsafe_code,
    reason = "a thread-local can't hold a reference to what lies on its thread's stack"
)]

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use crate::executor::Shared;
use crate::worker::Worker;

/// What a thread is to an executor.
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    /// None: it only waits in `block_on`.
    pub(crate) worker: Option<&'a Worker>,
}

thread_local! {
    static CURRENT: Cell<*const Context<'static>> = const { Cell::new(ptr::null()) };
}

/// Puts the former context back, whatever happens.
struct Restore(*const Context<'static>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Runs a worker's life within its context.
pub(crate) fn work(shared: &Arc<Shared>, worker: &Worker, life: impl FnOnce()) {
    within(
        &Context {
            shared,
            worker: Some(worker),
        },
        life,
    );
}

/// Runs something that may spawn and sleep, on a thread that is no worker.
///
/// # Panics
/// On a worker's thread.
pub(crate) fn enter<R>(shared: &Arc<Shared>, run: impl FnOnce() -> R) -> R {
    let is_worker = with(|current| current.is_some_and(|current| current.worker.is_some()));
    assert!(
        !is_worker,
        "block_on on a worker's thread would stop the worker; await the future instead"
    );
    let worker = None;
    within(&Context { shared, worker }, run)
}

fn within<R>(context: &Context<'_>, run: impl FnOnce() -> R) -> R {
    let before = CURRENT.replace(ptr::from_ref(context).cast());
    let _restore = Restore(before);
    run()
}

/// Calls `look` with the current thread's context, if it has one.
#[inline]
fn with<R>(look: impl FnOnce(Option<&Context<'_>>) -> R) -> R {
    // SAFETY: `within` holds the context until it has put the former one back.
    look(unsafe { CURRENT.get().as_ref() })
}

/// Calls `look` with the worker that the current thread is, if it is one of this executor's.
#[inline]
pub(crate) fn with_worker<R>(shared: &Arc<Shared>, look: impl FnOnce(Option<&Worker>) -> R) -> R {
    with(|current| {
        let ours = current.filter(|current| Arc::ptr_eq(current.shared, shared));
        look(ours.and_then(|current| current.worker))
    })
}

/// The current thread's executor.
///
/// # Panics
/// If it has none; `who` wants to know.
pub(crate) fn shared(who: &str) -> Arc<Shared> {
    with(|current| match current {
        Some(current) => Arc::clone(current.shared),
        None => panic!("{who} needs an executor: call it in a task, or within Executor::block_on"),
    })
}
