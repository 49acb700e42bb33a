//! Stage 3: somebody gives way, undoes what it did, tries again, and not for ever.

mod support;

use std::sync::{Arc, Barrier};
use std::thread;

use deadlock_detection::graph::Party;
use deadlock_detection::scenario::bank::{self, Plan};
use deadlock_detection::scenario::philosophers::{self, Manners};
use deadlock_detection::scenario::two_locks;
use deadlock_detection::victim::{Claim, MOST_ABORTS, choose};
use deadlock_detection::{Detector, Event, LockError, Policy, TrackedMutex, TrackedRwLock, retry};
use support::{in_time, named, until, wait_for_waiters};

const POLICIES: [Policy; 4] = [
    Policy::Youngest,
    Policy::LowestPriority,
    Policy::LeastWork,
    Policy::Requester,
];

fn claim(ticket: u64, priority: i32, work: u64, aborts: u32) -> Claim {
    Claim {
        ticket,
        priority,
        work,
        aborts,
    }
}

#[test]
fn every_policy_chooses_by_what_it_is_called_after() {
    let cycle = [
        (Party(1), claim(10, 0, 5, 0)),
        (Party(2), claim(30, 7, 1, 1)),
        (Party(3), claim(20, -1, 9, 0)),
    ];
    let chosen = POLICIES.map(|policy| choose(policy, &cycle).0);
    assert_eq!(chosen, [2, 3, 2, 1]);
}

#[test]
fn between_equals_the_youngest_gives_way() {
    let cycle = [
        (Party(1), claim(10, 0, 5, 1)),
        (Party(2), claim(30, 0, 5, 0)),
        (Party(3), claim(20, 0, 5, 0)),
    ];
    for policy in [Policy::Youngest, Policy::LowestPriority, Policy::LeastWork] {
        assert_eq!(choose(policy, &cycle), Party(2), "{policy:?}");
    }
}

#[test]
fn who_was_aborted_often_is_spared_and_the_oldest_of_them_always() {
    let mut cycle = [
        (Party(1), claim(10, -9, 0, MOST_ABORTS)),
        (Party(2), claim(20, 9, 99, MOST_ABORTS - 1)),
    ];
    for policy in POLICIES {
        assert_eq!(choose(policy, &cycle), Party(2), "{policy:?}");
    }
    cycle[1].1.aborts = 10 * MOST_ABORTS;
    for policy in POLICIES {
        assert_eq!(
            choose(policy, &cycle),
            Party(2),
            "{policy:?}: by age among the spared"
        );
    }
}

#[test]
fn a_victim_that_sleeps_is_woken_with_the_report() {
    in_time(|| {
        let detector = Detector::new(Policy::LowestPriority);
        let left = TrackedMutex::named(&detector, "left", ());
        let right = TrackedMutex::named(&detector, "right", ());
        let one_each = Barrier::new(2);
        thread::scope(|scope| {
            let poor = named(scope, "poor", || {
                retry(-1, |attempt| {
                    let _left = left.lock()?;
                    if attempt.number() == 1 {
                        one_each.wait();
                    }
                    right.lock().map(|_| attempt.number())
                })
            });
            let rich = named(scope, "rich", || {
                retry(1, |attempt| {
                    let _right = right.lock()?;
                    one_each.wait();
                    wait_for_waiters(&detector, 1);
                    left.lock().map(|_| attempt.number())
                })
            });
            assert_eq!(
                rich.join().unwrap().unwrap(),
                1,
                "the important one never gives way"
            );
            assert_eq!(
                poor.join().unwrap().unwrap(),
                2,
                "the other one begins again, once"
            );
        });
        assert_eq!(detector.counts().deadlocks, 1);
    });
}

/// Nobody is waited for before the count is right: who is in a cycle that was missed waits for ever.
#[test]
fn a_wait_that_closes_two_cycles_makes_two_give_way() {
    let detector = Detector::new(Policy::LowestPriority);
    let table = Arc::new(TrackedRwLock::named(&detector, "table", ()));
    let locks = ["a", "b"].map(|name| Arc::new(TrackedMutex::named(&detector, name, ())));
    let all_have = Arc::new(Barrier::new(3));
    let readers = locks.clone().map(|wanted| {
        let (table, all_have) = (Arc::clone(&table), Arc::clone(&all_have));
        thread::spawn(move || {
            retry(0, |attempt| {
                let _reading = table.read()?;
                if attempt.number() == 1 {
                    all_have.wait();
                }
                wanted.lock().map(|_| attempt.number())
            })
        })
    });
    let watched = detector.clone();
    let writer = thread::spawn(move || {
        retry(1, |attempt| {
            let _both = (locks[0].lock()?, locks[1].lock()?);
            if attempt.number() == 1 {
                all_have.wait();
            }
            wait_for_waiters(&watched, 2);
            table.write().map(|_| attempt.number())
        })
    });
    let broken = || detector.counts().deadlocks;
    let seen = until(|| broken() > 0);
    assert!(
        seen && broken() == 2,
        "{} of 2 cycles were broken",
        broken()
    );
    assert_eq!(in_time(|| writer.join().unwrap().unwrap()), 1);
    let attempts = readers.map(|reader| in_time(|| reader.join().unwrap().unwrap()));
    assert_eq!(attempts, [2, 2]);
}

#[test]
fn two_locks_in_opposite_orders_get_done_under_every_policy() {
    in_time(|| {
        for policy in POLICIES {
            let outcome = two_locks::run(policy).unwrap();
            let mut attempts = outcome.attempts;
            attempts.sort_unstable();
            assert_eq!((outcome.done, attempts), (2, [1, 2]), "{policy:?}");
            let deadlocks = outcome
                .timeline
                .into_iter()
                .filter_map(Event::into_deadlock);
            assert_eq!(deadlocks.count(), 1);
        }
    });
}

#[test]
fn philosophers_of_every_number_eat_their_meals() {
    in_time(|| {
        for seated in [2, 3, 5, 50] {
            let dinner = philosophers::dine(seated, 40, Manners::Detect, Policy::Youngest).unwrap();
            assert_eq!(dinner.meals, 40 * seated as u64);
            assert!(dinner.deadlocks >= 1);
            let first = dinner.first.expect("the first cycle is certain");
            assert_eq!(first.members.len(), seated);
        }
    });
}

#[test]
fn a_bank_conserves_its_sum_under_every_policy() {
    in_time(|| {
        for policy in POLICIES {
            let plan = Plan {
                rows: 3,
                tellers: 6,
                transfers: 300,
                policy,
                seed: labkit::rng::test_seed(),
            };
            let day = bank::open(plan).unwrap();
            assert_eq!(day.sums[0], day.sums[1], "{policy:?}");
            assert_eq!(day.transfers, 1_800);
        }
    });
}

#[test]
fn only_a_deadlock_is_tried_again() {
    let detector = Detector::new(Policy::Youngest);
    let mutex = TrackedMutex::named(&detector, "mine", ());
    let mut attempts = 0;
    let outcome: Result<(), LockError> = retry(0, |_| {
        attempts += 1;
        let _first = mutex.lock()?;
        mutex.lock().map(drop)
    });
    assert!(matches!(outcome, Err(LockError::Relock { .. })));
    assert_eq!(attempts, 1);
}

#[test]
fn an_inner_retry_leaves_trying_again_to_the_outer_one() {
    in_time(|| {
        let detector = Detector::new(Policy::LowestPriority);
        let left = TrackedMutex::named(&detector, "left", ());
        let right = TrackedMutex::named(&detector, "right", ());
        let one_each = Barrier::new(2);
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                retry(9, |_| {
                    let _right = right.lock()?;
                    one_each.wait();
                    left.lock().map(drop)
                })
                .unwrap();
            });
            let (mut outer, mut inner) = (0, 0);
            retry(0, |_| {
                outer += 1;
                let _left = left.lock()?;
                if outer == 1 {
                    one_each.wait();
                }
                retry(99, |_| {
                    inner += 1;
                    right.lock().map(drop)
                })
            })
            .unwrap();
            other.join().unwrap();
            assert_eq!((outer, inner), (2, 2), "with its guard dropped in between");
        });
    });
}
