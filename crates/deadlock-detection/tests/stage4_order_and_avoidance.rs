//! Stage 4: a deadlock foreseen from a run that had none, and ways never to have one.

use std::thread;
use std::time::Duration;

use deadlock_detection::banker::{Banker, Decision, Problem, Refusal};
use deadlock_detection::graph::LockId;
use deadlock_detection::order::{Edge, OrderGraph};
use deadlock_detection::ordered::{lock_all, lock_both};
use deadlock_detection::scenario::philosophers::{self, Manners};
use deadlock_detection::{Detector, Error, Event, LockError, Policy, TrackedMutex};
use labkit::rng::{Stream, test_seed};

/// Far beyond what any test needs, so that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

fn in_time<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    labkit::wait::within(PATIENCE, test)
}

const A: LockId = LockId(1);
const B: LockId = LockId(2);
const C: LockId = LockId(3);

fn edge(held: LockId, taken: LockId, at: u32) -> Edge<u32> {
    Edge {
        held,
        held_at: at,
        taken,
        taken_at: at + 1,
    }
}

#[test]
fn contradicting_orders_are_reported_once_with_both_places() {
    let mut orders = OrderGraph::new();
    assert_eq!(orders.record(edge(A, B, 10)), None);
    assert_eq!(orders.record(edge(A, B, 20)), None, "known");
    let cycle = orders.record(edge(B, A, 30));
    assert_eq!(cycle, Some(vec![edge(B, A, 30), edge(A, B, 10)]));
    assert_eq!(orders.record(edge(B, A, 40)), None, "known");
    assert_eq!(orders.len(), 2);
}

#[test]
fn a_contradiction_through_several_locks_is_one_too() {
    let mut orders = OrderGraph::new();
    assert_eq!(orders.record(edge(A, B, 1)), None);
    assert_eq!(orders.record(edge(B, C, 3)), None);
    assert_eq!(orders.record(edge(A, C, 5)), None, "agrees");
    let cycle = orders.record(edge(C, A, 7)).expect("contradicts");
    assert_eq!(cycle, [edge(C, A, 7), edge(A, C, 5)], "the shortest");
    orders.forget(A);
    assert_eq!(
        orders.record(edge(C, B, 9)).map(|cycle| cycle.len()),
        Some(2)
    );
}

#[test]
fn a_run_without_deadlock_warns_of_one() {
    in_time(|| {
        let detector = Detector::new(Policy::Youngest).watching_order();
        let events = detector.subscribe();
        let log = TrackedMutex::named(&detector, "log", ());
        let cache = TrackedMutex::named(&detector, "cache", ());
        let take = |first: &TrackedMutex<()>, second: &TrackedMutex<()>| {
            let _first = first.lock().unwrap();
            drop(second.lock().unwrap());
        };
        for _ in 0..3 {
            take(&log, &cache);
        }
        assert!(events.try_recv().is_err(), "one order is no contradiction");
        thread::scope(|scope| {
            let later = scope.spawn(|| take(&cache, &log));
            later.join().unwrap();
        });
        take(&cache, &log);
        let warnings: Vec<Event> = events.try_iter().collect();
        let [Event::Order(warning)] = &warnings[..] else {
            panic!("{warnings:?}");
        };
        assert_eq!(warning.names, ["cache", "log"]);
        let text = warning.to_string();
        assert!(text.starts_with("possible deadlock: 2 orders"), "{text}");
        assert!(text.contains("stage4_order_and_avoidance.rs"), "{text}");
        assert_eq!(
            (detector.counts().waits, detector.counts().deadlocks),
            (0, 0)
        );
    });
}

#[test]
fn the_global_detector_watches_the_order_of_unnamed_locks() {
    let events = Detector::global().subscribe();
    let (a, b) = (TrackedMutex::new(()), TrackedMutex::new(()));
    for (first, second) in [(&a, &b), (&b, &a)] {
        let _first = first.lock().unwrap();
        drop(second.lock().unwrap());
    }
    let mine = format!("lock {}", b.id().0);
    let warned = events.try_iter().any(|event| match event {
        Event::Order(warning) => warning.names.contains(&mine),
        Event::Deadlock(_) | Event::Waited(_) => false,
    });
    assert!(warned);
}

#[test]
fn locks_taken_all_at_once_are_taken_in_one_order() {
    in_time(|| {
        let detector = Detector::new(Policy::Youngest).watching_order();
        let rows: Vec<_> = (0..6)
            .map(|n| TrackedMutex::named(&detector, "row", n))
            .collect();
        thread::scope(|scope| {
            let threads = [0, 1, 2, 3].map(|thread| {
                let rows = &rows;
                let mut chance = Stream::named(test_seed(), &format!("thread {thread}"));
                scope.spawn(move || {
                    for _ in 0..200 {
                        let mut wanted: Vec<usize> = (0..6).collect();
                        (1..6).for_each(|at| wanted.swap(at, chance.index(at + 1)));
                        wanted.truncate(3);
                        let locks: Vec<_> = wanted.iter().map(|at| &rows[*at]).collect();
                        let guards = lock_all(&locks).expect("no cycle can close");
                        let got: Vec<usize> = guards.iter().map(|guard| **guard).collect();
                        assert_eq!(got, wanted, "in the order of the arguments");
                    }
                })
            });
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
        });
        let counts = detector.counts();
        assert_eq!((counts.deadlocks, counts.order_warnings), (0, 0));
    });
}

#[test]
fn two_locks_of_different_kinds_are_taken_in_one_order() {
    let detector = Detector::new(Policy::Youngest).watching_order();
    let number = TrackedMutex::named(&detector, "number", 1);
    let text = TrackedMutex::named(&detector, "text", "a".to_owned());
    {
        let (number, text) = lock_both(&number, &text).unwrap();
        assert_eq!((*number, text.as_str()), (1, "a"));
    }
    {
        let (text, number) = lock_both(&text, &number).unwrap();
        assert_eq!((*number, text.as_str()), (1, "a"));
    }
    assert_eq!(detector.counts().order_warnings, 0);
}

#[test]
fn a_lock_named_twice_is_refused_and_none_is_held() {
    let detector = Detector::new(Policy::Youngest);
    let row = TrackedMutex::named(&detector, "row", ());
    assert!(matches!(
        lock_all(&[&row, &row]),
        Err(LockError::Relock { .. })
    ));
    assert!(matches!(
        lock_both(&row, &row),
        Err(LockError::Relock { .. })
    ));
    assert!(lock_all(&[&row]).is_ok());
}

#[test]
fn ordered_philosophers_never_close_a_cycle() {
    in_time(|| {
        let dinner = philosophers::dine(5, 500, Manners::Ordered, Policy::Youngest).unwrap();
        assert_eq!((dinner.meals, dinner.deadlocks), (2_500, 0));
    });
}

/// Silberschatz, Galvin and Gagne, *Operating System Concepts*, the section on the Banker's algorithm.
#[test]
fn the_textbooks_example_to_the_digit() {
    let Problem {
        mut banker,
        requests,
    } = Problem::textbook();
    let needs: Vec<Vec<u64>> = (0..5).map(|process| banker.need(process)).collect();
    assert_eq!(
        needs,
        [[7, 4, 3], [1, 2, 2], [6, 0, 0], [0, 1, 1], [4, 3, 1]]
    );
    assert_eq!(banker.available(), [3, 3, 2]);
    assert!(
        banker.is_safe_order(&[1, 3, 4, 2, 0]),
        "the book's own order"
    );
    assert!(!banker.is_safe_order(&[0, 1, 2, 3, 4]) && !banker.is_safe_order(&[1, 3]));
    assert_eq!(banker.safe_order(), Some(vec![1, 3, 4, 0, 2]));

    let decisions: Vec<Decision> = requests
        .iter()
        .map(|(process, request)| banker.request(*process, request).unwrap())
        .collect();
    let granted = Decision::Granted(vec![1, 3, 4, 0, 2]);
    assert_eq!(decisions, [granted, Decision::NotFree, Decision::Unsafe]);
    assert_eq!(
        banker.available(),
        [2, 3, 0],
        "as after P1's request in the book"
    );
    assert_eq!(
        (banker.allocation(1), banker.need(1)),
        (&[3, 0, 2][..], vec![0, 2, 0])
    );
}

#[test]
fn a_request_beyond_the_claim_is_refused() {
    let mut banker = Problem::textbook().banker;
    let before = banker.clone();
    let refusal = banker.request(1, &[2, 0, 0]).unwrap_err();
    let has = Refusal::AboveClaim {
        whose: "P1".to_owned(),
        resource: 0,
        has: 4,
        max: 3,
    };
    assert_eq!(refusal, has);
    assert!(matches!(
        banker.request(1, &[1, 0]),
        Err(Refusal::Length { given: 2, .. })
    ));
    assert!(matches!(
        banker.release(1, &[0, 1, 0]),
        Err(Refusal::NotHeld { .. })
    ));
    assert_eq!(banker, before);
    banker.release(1, &[1, 0, 0]).unwrap();
    assert_eq!(
        (banker.available(), banker.allocation(1)),
        (&[4, 3, 2][..], &[1, 0, 0][..])
    );
}

/// Against brute force: the state is safe exactly if some order of the processes lets all of them end.
#[test]
fn safety_agrees_with_trying_all_orders() {
    let mut chance = Stream::named(test_seed(), "banker");
    let mut safe = 0;
    for _ in 0..2_000 {
        let mut banker = Banker::new((0..2).map(|_| chance.below(4)).collect());
        for process in 0..4 {
            let max: Vec<u64> = (0..2).map(|_| chance.below(6)).collect();
            let has: Vec<u64> = max.iter().map(|max| chance.below(max + 1)).collect();
            banker = banker.process(format!("P{process}"), has, max).unwrap();
        }
        let found = banker.safe_order();
        let by_force = orders(4).iter().any(|order| banker.is_safe_order(order));
        assert_eq!(found.is_some(), by_force, "{banker:?}");
        if let Some(order) = found {
            assert!(banker.is_safe_order(&order));
            safe += 1;
        }
    }
    assert!((200..1_900).contains(&safe), "{safe} of 2000 are safe");
}

/// All orders of the first `count` numbers.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..count {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

#[test]
fn a_text_that_cannot_be_read_says_which_line_and_what_would_be_right() {
    let refuse = |text: &str| match Problem::parse(text) {
        Err(error @ Error::Parse { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    for (text, said) in [
        ("", "line 0: the text is empty"),
        (
            "process P has 1 claims 1",
            "line 1: the first line must be `available",
        ),
        (
            "available",
            "line 1: a system has 1 to 100 resources, not 0",
        ),
        ("available 1 x", "line 1: `x` is not a whole number"),
        (
            "available 1\n\nprocess P holds 1",
            "line 3: a process is written",
        ),
        (
            "available 1\nprocess P has 1 2 claims 2 2",
            "line 2: P has 2 numbers",
        ),
        (
            "available 1\nprocess P has 2 claims 1",
            "line 2: P has 2 of resource 0, but claims",
        ),
        ("available 1\nrequest P 1", "line 2: there is no process P"),
        (
            "available 1\navailable 1",
            "line 2: `available` stands once",
        ),
        ("available 1\nlend P 1", "line 2: `lend` is none of"),
    ] {
        assert!(refuse(text).starts_with(said), "{text:?}: {}", refuse(text));
    }
}
