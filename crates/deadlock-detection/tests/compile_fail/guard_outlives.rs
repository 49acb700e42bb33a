//! What a guard points at is gone with its lock.

use deadlock_detection::TrackedMutex;

fn main() {
    let guard = {
        let mutex = TrackedMutex::new(1);
        mutex.lock().unwrap()
    };
    drop(guard);
}
