//! Two locks taken in opposite orders, by two threads that are sure to meet.

use std::sync::mpsc;
use std::thread;

use crate::deadlock::Event;
use crate::detector::Detector;
use crate::error::LockError;
use crate::retry::retry;
use crate::tracked::TrackedMutex;
use crate::victim::Policy;

/// What became of the two.
#[derive(Debug)]
pub struct Outcome {
    /// What the detector saw, in the order in which it began.
    pub timeline: Vec<Event>,
    /// How often each of the two began.
    pub attempts: [u32; 2],
    /// How often both locks were held by one thread, as counted under both.
    pub done: u64,
}

/// Alice takes `left` and `right`, Bob `right` and `left`, neither asks for the second before the other
/// has the first. One gives way, tries again, and both get done.
///
/// # Errors
/// None that can happen: a deadlock is retried, and nobody panics or asks twice.
///
/// # Panics
/// If the system has no threads left.
pub fn run(policy: Policy) -> Result<Outcome, LockError> {
    let detector = Detector::new(policy).watching_waits();
    let events = detector.subscribe();
    let left = TrackedMutex::named(&detector, "left", 0);
    let right = TrackedMutex::named(&detector, "right", 0);
    let (alice_has, bob_waits_for) = mpsc::channel();
    let (bob_has, alice_waits_for) = mpsc::channel();
    let [alice, bob] = thread::scope(|scope| {
        let alice = thread::Builder::new()
            .name("alice".to_owned())
            .spawn_scoped(scope, || take(&left, &right, alice_has, alice_waits_for));
        let bob = thread::Builder::new()
            .name("bob".to_owned())
            .spawn_scoped(scope, || take(&right, &left, bob_has, bob_waits_for));
        [alice, bob].map(|thread| {
            let thread = thread.expect("the system has two threads left");
            thread.join().expect("neither panics")
        })
    });
    let mut timeline: Vec<Event> = events.try_iter().collect();
    timeline.sort_by_key(Event::at);
    Ok(Outcome {
        timeline,
        attempts: [alice?, bob?],
        done: right.into_inner()?,
    })
}

/// Takes two locks, the second not before the other thread has its first; returns the attempts.
fn take(
    first: &TrackedMutex<u64>,
    second: &TrackedMutex<u64>,
    have: mpsc::Sender<()>,
    other_has: mpsc::Receiver<()>,
) -> Result<u32, LockError> {
    let mut have = Some(have);
    retry(0, |attempt| {
        let mut a = first.lock()?;
        if let Some(have) = have.take() {
            // The other may be done already, and then nobody is left to be told or to tell.
            let _ = have.send(());
            let _ = other_has.recv();
        }
        let mut b = second.lock()?;
        *a += 1;
        *b += 1;
        Ok(attempt.number())
    })
}
