//! What the test files share: a deadline for everything, and names for threads.

use std::thread;
use std::time::Duration;

use deadlock_detection::Detector;
use labkit::wait::until;

/// Far beyond what any test needs, so that only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test that may not hang.
pub(crate) fn in_time<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    labkit::wait::within(PATIENCE, test)
}

/// Waits until so many threads wait for locks of this detector.
pub(crate) fn wait_for_waiters(detector: &Detector, count: usize) {
    assert!(
        until(PATIENCE, || detector.waiting() >= count),
        "{} wait",
        detector.waiting()
    );
}

/// Starts a thread with a name.
pub(crate) fn named<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> thread::ScopedJoinHandle<'scope, T> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder
        .spawn_scoped(scope, work)
        .expect("the system has threads left")
}
