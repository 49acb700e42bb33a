//! The waker of a task, by hand: a counted pointer to its header and a table of four functions.

use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::cell::Header;
use super::{Why, release};

/// One table for all tasks, so that two wakers of one task are seen to be the same.
static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker that takes over one reference, or stands beside one that outlives it and is never dropped.
///
/// # Safety
/// The task is alive, and one of the two is true.
pub(super) unsafe fn uncounted(task: NonNull<Header>) -> Waker {
    // SAFETY: the functions of the table keep the contract of `RawWaker`: they may be called from any
    // thread, and each waker holds one reference.
    unsafe { Waker::new(task.as_ptr().cast(), &TABLE) }
}

/// # Safety
/// The data is that of a living waker of this table. So for the three below.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: a living waker's reference keeps the task alive.
    unsafe { header(data).as_ref() }.state.add_reference();
    RawWaker::new(data, &TABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's own reference is dropped last.
    unsafe {
        wake_by_ref(data);
        drop(data);
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    let task = header(data);
    // SAFETY: the reference keeps the task alive, even if it runs and ends on another thread before
    // `schedule` returns.
    unsafe {
        if task.as_ref().state.wake() {
            (task.as_ref().vtable.schedule)(task, Why::Woken);
        }
    }
}

unsafe fn drop(data: *const ()) {
    // SAFETY: the waker's reference isn't used after this.
    unsafe { release(header(data)) }
}

fn header(data: *const ()) -> NonNull<Header> {
    NonNull::new(data.cast_mut().cast()).expect("a waker points at its task")
}
