//! Stage 1: a service that ends is noticed and started again.

mod support;

use std::time::Duration;

use auto_repair::ledger::textbook;
use auto_repair::plan::{Plan, Restart, Strategy};
use auto_repair::simulation::{Model, Timing, World};
use auto_repair::supervisor::{Cause, Event, Exit, Notice};
use labkit::rng::Stream;
use support::{Hand, flat, free, services};

#[test]
fn everything_is_started_once() {
    let mut hand = Hand::new(flat(Strategy::OneForOne, "a b c"));
    hand.tell(Event::Boot);
    assert_eq!(hand.take(), "+a +b +c");
    hand.tell(Event::Boot);
    assert_eq!(hand.take(), "");
}

#[test]
fn the_one_that_crashed_is_started_again_alone() {
    let mut hand = Hand::booted(flat(Strategy::OneForOne, "a b c"));
    for _ in 0..3 {
        hand.crashes(1);
        assert_eq!(hand.take(), "+b");
    }
    let status = &hand.supervisor.status()[1];
    assert_eq!((status.run, status.failures), (4, 3));
    let told = Notice::Failed(1, Cause::Exited(Exit::Code(1)));
    assert_eq!(
        hand.notices[..3],
        [
            told,
            Notice::Restarting(1, Duration::ZERO),
            Notice::Starting(1)
        ]
    );
}

#[test]
fn what_is_said_of_an_earlier_process_is_ignored() {
    let mut hand = Hand::booted(flat(Strategy::OneForOne, "a"));
    hand.crashes(0);
    assert_eq!(hand.take(), "+a");
    // The end of the first process is told again.
    hand.tell(Event::Exited(0, 1, Exit::Code(1)));
    assert_eq!(hand.take(), "");
    assert_eq!(hand.supervisor.status()[0].failures, 1);
}

fn restarting(restart: Restart) -> Hand {
    let mut services = services("a");
    services[0].restart = restart;
    let root = free("root", Strategy::OneForOne).with(["a"]);
    Hand::booted(Plan::new(vec![root], services).expect("a plan"))
}

#[test]
fn which_ends_are_failures_is_said_by_the_service() {
    let cases = [
        (Restart::Permanent, Exit::Code(0), "+a"),
        (Restart::Permanent, Exit::Signal(9), "+a"),
        (Restart::Transient, Exit::Code(0), ""),
        (Restart::Transient, Exit::Code(3), "+a"),
        (Restart::Transient, Exit::Signal(11), "+a"),
        (Restart::Temporary, Exit::Code(0), ""),
        (Restart::Temporary, Exit::Code(3), ""),
    ];
    for (restart, exit, expected) in cases {
        let mut hand = restarting(restart);
        hand.ends(0, exit.clone());
        assert_eq!(hand.take(), expected, "{restart:?} {exit:?}");
    }
}

#[test]
fn one_cycle_in_ten_fails() {
    let timing = Timing::EveryCycle {
        cycle: Duration::from_secs(2),
        chance: 0.1,
    };
    let mut chance = Stream::named(labkit::rng::test_seed(), "cycles");
    let mut cycles = Vec::new();
    for _ in 0..10_000 {
        let time = timing.next(&mut chance).expect("it fails some day");
        let cycle = time.as_secs_f64() / 2.0;
        assert!(cycle >= 1.0 && cycle.fract() < 1e-6, "{cycle}");
        cycles.push(cycle);
    }
    let mean = cycles.iter().sum::<f64>() / cycles.len() as f64;
    // The mean of the geometric distribution is 10, its deviation 9.5; six standard errors.
    assert!((mean - 10.0).abs() < 6.0 * 9.5 / 100.0, "{mean}");
    let first = cycles.iter().filter(|cycle| **cycle == 1.0).count();
    assert!((800..1200).contains(&first), "{first} in the first cycle");
}

/// Three services that fail in a tenth of all cycles of 2 s, for ten hours.
fn as_asked(looks_every: Option<Duration>) -> World {
    let model = Model {
        boot: Duration::ZERO,
        timing: Timing::EveryCycle {
            cycle: Duration::from_secs(2),
            chance: 0.1,
        },
        ..Model::default()
    };
    let plan = flat(Strategy::OneForOne, "a b c");
    let mut world = World::new(plan, vec![model; 3], looks_every, labkit::rng::test_seed());
    world.run(Duration::from_secs(36_000));
    world
}

#[test]
fn every_failure_is_noticed_and_repaired() {
    let world = as_asked(None);
    let ledger = &world.ledger;
    // 36000 s / 20 s: some 1800 failures of each.
    assert!(ledger.incidents.len() > 4500, "{}", ledger.incidents.len());
    let open = ledger.incidents.iter().filter(|one| one.repaired.is_none());
    assert!(open.count() <= 3, "only what failed last may be open");
    assert_eq!(ledger.availability(0), 1.0, "it was repaired at once");
}

#[test]
fn a_monitor_that_looks_every_five_seconds_is_late_by_half_of_that() {
    let world = as_asked(Some(Duration::from_secs(5)));
    let detect = world.ledger.times_to_detect(None);
    let mean = detect.iter().sum::<f64>() / detect.len() as f64;
    assert!((1.8..3.2).contains(&mean), "{mean}");
    assert!(detect.iter().all(|time| *time < 5.0));
    for service in 0..3 {
        let expected = textbook(20.0, world.ledger.mean_outage(service));
        let measured = world.ledger.availability(service);
        assert!((measured - expected).abs() < 0.02, "{measured} {expected}");
    }
}
