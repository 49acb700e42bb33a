//! Stage 2: what a detector saw can be read as a timeline.

mod support;

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use deadlock_detection::{Detector, Event, Policy, TrackedMutex, TrackedRwLock};
use labkit::clock::Stopwatch;
use support::{in_time, named, wait_for_waiters};

#[test]
fn a_wait_is_told_when_it_has_ended_with_when_and_how_long() {
    in_time(|| {
        let clock = Stopwatch::start();
        let detector = Detector::new(Policy::Requester)
            .timed_by(clock)
            .watching_waits();
        let events = detector.subscribe();
        let table = TrackedRwLock::named(&detector, "table", ());
        drop(table.read().unwrap());
        assert!(events.try_recv().is_err(), "who doesn't wait isn't told of");
        let held = table.write().unwrap();
        let (before, shortest) = thread::scope(|scope| {
            let before = clock.elapsed();
            let reader = named(scope, "reader", || table.read().map(drop));
            wait_for_waiters(&detector, 1);
            let waits = Stopwatch::start();
            assert!(events.try_recv().is_err(), "it hasn't ended");
            let shortest = waits.elapsed();
            drop(held);
            assert!(reader.join().unwrap().is_ok());
            (before, shortest)
        });
        let Ok(Event::Waited(waited)) = events.try_recv() else {
            panic!("the wait has ended");
        };
        assert_eq!(
            (waited.thread.as_str(), waited.lock.as_str()),
            ("reader", "table")
        );
        assert!(waited.granted && waited.site.file().ends_with("stage2_timeline.rs"));
        assert!(before <= waited.at && shortest <= waited.took);
        assert!(waited.at + waited.took <= clock.elapsed());
    });
}

#[test]
fn a_deadlock_and_the_waits_around_it_stand_in_one_timeline() {
    in_time(|| {
        let detector = Detector::new(Policy::Requester).watching_waits();
        let events = detector.subscribe();
        let [left, right] = ["left", "right"].map(|name| TrackedMutex::named(&detector, name, ()));
        let one_each = Barrier::new(2);
        thread::scope(|scope| {
            let alice = named(scope, "alice", || {
                let _left = left.lock().unwrap();
                one_each.wait();
                right.lock().map(drop)
            });
            let bob = named(scope, "bob", || {
                let _right = right.lock().unwrap();
                one_each.wait();
                wait_for_waiters(&detector, 1);
                left.lock().map(drop)
            });
            assert!(alice.join().unwrap().is_ok() && bob.join().unwrap().is_err());
        });
        let mut timeline: Vec<Event> = events.try_iter().collect();
        timeline.sort_by_key(Event::at);
        let told: Vec<String> = timeline.iter().map(Event::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("alice waited for right") && told[0].ends_with("got it"));
        let [.., Event::Deadlock(_), Event::Waited(bob)] = &timeline[..] else {
            // The cycle closed as bob's wait began, and the sort keeps the order of equals.
            panic!("{told:?}");
        };
        assert_eq!((bob.thread.as_str(), bob.granted), ("bob", false));
    });
}

#[test]
fn waits_that_nobody_asked_for_are_not_told() {
    in_time(|| {
        let detector = Detector::new(Policy::Requester);
        let events = detector.subscribe();
        let mutex = TrackedMutex::named(&detector, "mutex", ());
        let held = mutex.lock().unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| mutex.lock().map(drop));
            wait_for_waiters(&detector, 1);
            drop(held);
            assert!(waits.join().unwrap().is_ok());
        });
        assert_eq!(detector.counts().waits, 1);
        assert!(events.recv_timeout(Duration::ZERO).is_err());
    });
}
