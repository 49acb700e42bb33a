//! A guard is given back by the thread that took it: its notes say so.

use deadlock_detection::TrackedMutex;

fn main() {
    let mutex = TrackedMutex::new(1);
    let guard = mutex.lock().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });
}
