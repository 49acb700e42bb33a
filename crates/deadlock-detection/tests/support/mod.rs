//! What the test files share: a deadline for everything, and names for threads.

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use deadlock_detection::Detector;
use labkit::clock::Stopwatch;

/// Far beyond what any test needs, so that only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Once a thread has panicked, what others wait for hardly comes any more.
const AFTER_A_PANIC: Duration = Duration::from_secs(2);

static PANICKED: AtomicBool = AtomicBool::new(false);

/// Waits for something with patience, of which little is left once a thread has panicked; says whether it came.
pub(crate) fn until(mut condition: impl FnMut() -> bool) -> bool {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICKED.store(true, Ordering::Relaxed);
            before(info);
        }));
    });
    let (mut came, mut panicked) = (false, None);
    let ended = labkit::wait::until(PATIENCE, || {
        came = condition();
        if PANICKED.load(Ordering::Relaxed) {
            panicked.get_or_insert_with(Stopwatch::start);
        }
        came || panicked.is_some_and(|since| since.elapsed() > AFTER_A_PANIC)
    });
    ended && came
}

/// Runs a test that may not hang.
pub(crate) fn in_time<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let test = thread::spawn(test);
    assert!(until(|| test.is_finished()), "it hangs");
    test.join()
        .unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Waits until so many threads wait for locks of this detector.
pub(crate) fn wait_for_waiters(detector: &Detector, count: usize) {
    let came = until(|| detector.waiting() >= count);
    assert!(came, "{} wait, not {count}", detector.waiting());
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
