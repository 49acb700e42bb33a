//! A ring: each thread holds a lock and wants the next one's, and one wait closes the cycle.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::wait;

use crate::detector::Detector;
use crate::error::LockError;
use crate::tracked::TrackedMutex;
use crate::victim::Policy;

/// The largest ring: a thread for each lock.
pub const MOST: usize = 1_000;
/// A thread of a ring takes two locks and calls nothing deep.
const STACK: usize = 64 * 1024;
/// How long all but one may take to begin to wait, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the detector said to the wait that closed the ring.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// How many threads it found in the cycle.
    pub members: usize,
    /// How long it took, from the last wait's beginning to its answer.
    pub took: Duration,
}

/// Makes a ring of `size` threads and as many locks, and closes it. The one who closes the ring gives way,
/// and so all end.
///
/// # Panics
/// If the ring is smaller than 2 or larger than [`MOST`], or if the system has no threads left.
#[must_use]
pub fn close(size: usize) -> Closed {
    assert!(
        (2..=MOST).contains(&size),
        "a ring has 2 to {MOST} threads, not {size}"
    );
    let detector = Detector::new(Policy::Requester);
    let locks: Arc<[TrackedMutex<()>]> = (0..size)
        .map(|place| TrackedMutex::named(&detector, format!("lock {place}"), ()))
        .collect();
    let mine = locks[0].lock().expect("nobody else wants it yet");
    let all_have_one = Arc::new(Barrier::new(size - 1));
    let others: Vec<_> = (1..size)
        .map(|place| {
            let (locks, all_have_one) = (Arc::clone(&locks), Arc::clone(&all_have_one));
            let builder = thread::Builder::new()
                .stack_size(STACK)
                .name(format!("thread {place}"));
            let waiter = move || {
                let _own = locks[place].lock().expect("it is only mine");
                all_have_one.wait();
                drop(
                    locks[(place + 1) % locks.len()]
                        .lock()
                        .expect("others give way"),
                );
            };
            builder.spawn(waiter).expect("the system has threads left")
        })
        .collect();
    assert!(
        wait::until(PATIENCE, || detector.waiting() == size - 1),
        "all wait but one"
    );
    let watch = Stopwatch::start();
    let answer = locks[1].lock();
    let took = watch.elapsed();
    let members = match &answer {
        Err(LockError::Deadlock(deadlock)) => deadlock.members.len(),
        _ => 0,
    };
    drop((answer, mine));
    for other in others {
        other.join().expect("nobody else gave way");
    }
    Closed { members, took }
}
