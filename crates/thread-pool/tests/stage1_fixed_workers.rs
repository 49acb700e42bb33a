//! Stage 1: a fixed number of workers takes jobs from one queue until the sentinel.

mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use support::{Gate, in_time, shared};

#[test]
fn every_job_has_run_when_the_pool_is_gone() {
    in_time(|| {
        let pool = shared(4).build().unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..10_000 {
            let ran = Arc::clone(&ran);
            pool.execute(move || {
                ran.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
        }
        drop(pool);
        assert_eq!(ran.load(Ordering::Relaxed), 10_000);
    });
}

#[test]
fn one_worker_keeps_the_order() {
    in_time(|| {
        let pool = shared(1).build().unwrap();
        let (sender, seen) = mpsc::channel();
        for number in 0..1_000 {
            let sender = sender.clone();
            pool.execute(move || sender.send(number).unwrap()).unwrap();
        }
        drop((pool, sender));
        assert_eq!(
            seen.iter().collect::<Vec<_>>(),
            (0..1_000).collect::<Vec<_>>()
        );
    });
}

#[test]
fn jobs_run_on_the_named_workers_and_nowhere_else() {
    in_time(|| {
        let pool = shared(3).name("digger").build().unwrap();
        let (sender, seen) = mpsc::channel();
        for _ in 0..300 {
            let sender = sender.clone();
            pool.execute(move || {
                let name = thread::current().name().unwrap().to_owned();
                sender.send(name).unwrap();
            })
            .unwrap();
        }
        drop((pool, sender));
        let known = ["digger-0", "digger-1", "digger-2"];
        let names: BTreeSet<String> = seen.iter().collect();
        assert!(!names.is_empty());
        assert!(
            names.iter().all(|name| known.contains(&name.as_str())),
            "{names:?}"
        );
    });
}

#[test]
fn as_many_jobs_run_at_once_as_there_are_workers() {
    in_time(|| {
        let pool = shared(3).build().unwrap();
        let gate = Gate::default();
        for _ in 0..3 {
            let gate = gate.clone();
            pool.execute(move || gate.pass()).unwrap();
        }
        // All three stand at the gate together, or this waits for ever.
        gate.wait_for(3);
        gate.open();
    });
}

#[test]
fn a_worker_that_went_to_sleep_wakes_up_for_the_next_job() {
    in_time(|| {
        let pool = shared(2).build().unwrap();
        let (sender, done) = mpsc::channel();
        for round in 0..5_000 {
            let sender = sender.clone();
            pool.execute(move || sender.send(round).unwrap()).unwrap();
            assert_eq!(done.recv().unwrap(), round);
        }
    });
}

#[test]
fn a_pool_without_jobs_ends_at_once() {
    in_time(|| drop(shared(8).build().unwrap()));
}
