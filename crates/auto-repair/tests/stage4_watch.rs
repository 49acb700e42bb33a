//! Stage 4: hangs and leaks, which no exit announces.

mod support;

use std::time::Duration;

use auto_repair::ledger::Fault;
use auto_repair::plan::{Liveness, Plan, Ready, Strategy};
use auto_repair::simulation::{Model, Timing, World};
use auto_repair::supervisor::{Cause, Effect, Event, Exit, Notice};
use support::{Hand, free, services};

const MILLI: Duration = Duration::from_millis(1);

fn plan(liveness: Option<Liveness>, memory: Option<u64>) -> Plan {
    let mut services = services("a b");
    services[0].ready = liveness.as_ref().map_or(Ready::Spawned, |_| Ready::Alive);
    services[0].liveness = liveness;
    services[0].memory = memory;
    let root = free("root", Strategy::OneForOne).with(["a", "b"]);
    Plan::new(vec![root], services).expect("a plan")
}

fn heartbeat() -> Plan {
    plan(
        Some(Liveness::Heartbeat {
            within: 300 * MILLI,
        }),
        None,
    )
}

fn http() -> Plan {
    let liveness = Liveness::Http {
        target: "/health".to_owned(),
        every: 1000 * MILLI,
        within: 300 * MILLI,
    };
    plan(Some(liveness), None)
}

#[test]
fn the_first_beat_makes_it_ready_and_the_next_ones_keep_it_so() {
    let mut hand = Hand::booted(heartbeat());
    assert!(hand.states().starts_with("a: starting"));
    for _ in 0..20 {
        hand.tell(Event::Alive(0, 1));
        hand.wait(299 * MILLI);
    }
    assert!(hand.states().starts_with("a: ready"), "{}", hand.states());
    assert_eq!(hand.other, []);
}

#[test]
fn silence_is_a_hang_and_is_killed_at_once() {
    let mut hand = Hand::booted(heartbeat());
    hand.obeys = false;
    hand.tell(Event::Alive(0, 1));
    hand.wait(299 * MILLI);
    assert_eq!(hand.other, []);
    hand.wait(MILLI);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Kill(0, 1)]);
    assert!(hand.notices.contains(&Notice::Failed(0, Cause::Hung)));
    assert_eq!(hand.take(), "", "not started before the old one has ended");
    hand.ends(0, Exit::Signal(9));
    assert_eq!(hand.take(), "+a");
    assert_eq!(
        hand.supervisor.status()[0].failures,
        1,
        "the kill isn't another failure"
    );
    // A beat of the old process says nothing about the new one.
    hand.tell(Event::Alive(0, 1));
    assert!(hand.states().starts_with("a: starting"));
}

#[test]
fn probes_are_asked_and_an_answer_is_enough_until_the_next() {
    let mut hand = Hand::booted(http());
    hand.wait(20 * MILLI);
    assert_eq!(
        std::mem::take(&mut hand.other),
        [Effect::Probe(0, 1)],
        "often while it starts"
    );
    hand.wait(20 * MILLI);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Probe(0, 1)]);
    hand.tell(Event::Alive(0, 1));
    for _ in 0..5 {
        hand.wait(1000 * MILLI);
        assert_eq!(std::mem::take(&mut hand.other), [Effect::Probe(0, 1)]);
        hand.wait(299 * MILLI);
        hand.tell(Event::Alive(0, 1));
        assert!(hand.states().starts_with("a: ready"), "{}", hand.states());
        // The next question comes a second after the last, not after its answer.
        hand.wait(701 * MILLI);
        assert_eq!(std::mem::take(&mut hand.other), [Effect::Probe(0, 1)]);
        hand.tell(Event::Alive(0, 1));
    }
}

#[test]
fn a_probe_without_an_answer_is_a_hang() {
    let mut hand = Hand::booted(http());
    hand.tell(Event::Alive(0, 1));
    hand.other.clear();
    hand.wait(1299 * MILLI);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Probe(0, 1)]);
    hand.wait(MILLI);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Kill(0, 1)]);
}

#[test]
fn a_supervisor_that_was_held_up_itself_blames_nobody() {
    let mut hand = Hand::booted(http());
    hand.tell(Event::Alive(0, 1));
    hand.other.clear();
    // It asked nothing for a minute: then nobody owes it an answer.
    hand.now += 60_000 * MILLI;
    hand.tell(Event::Tick);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Probe(0, 1)]);
    hand.tell(Event::Alive(0, 1));
    assert!(hand.states().starts_with("a: ready"));
}

#[test]
fn memory_is_looked_at_and_too_much_is_a_failure() {
    let mut hand = Hand::booted(plan(None, Some(100)));
    hand.wait(100 * MILLI);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Measure(0, 1)]);
    hand.tell(Event::Memory(0, 1, 100));
    assert_eq!(hand.take(), "", "the limit itself is allowed");
    hand.tell(Event::Memory(0, 1, 101));
    assert_eq!(
        hand.take(),
        "-a +a",
        "it is asked to end, and started again"
    );
    assert!(
        hand.notices
            .contains(&Notice::Failed(0, Cause::Leaked(101)))
    );
    hand.tell(Event::Memory(0, 1, 500));
    assert_eq!(hand.take(), "", "that was the old process");
}

#[test]
fn nothing_is_expected_of_who_is_to_stop() {
    let mut hand = Hand::booted(heartbeat());
    hand.tell(Event::Alive(0, 1));
    hand.obeys = false;
    hand.tell(Event::Stop(vec![0]));
    hand.wait(1000 * MILLI);
    assert_eq!(hand.supervisor.status()[0].failures, 0);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Terminate(0, 1)]);
}

#[test]
fn every_injected_hang_and_leak_is_found_within_its_bound() {
    let liveness = Liveness::Heartbeat {
        within: 3000 * MILLI,
    };
    let model = Model {
        timing: Timing::Exponential(Duration::from_secs(60)),
        weights: [0, 1, 1, 0],
        ..Model::default()
    };
    let limit = model.memory + 40 * model.leak_per_second;
    let plan = plan(Some(liveness), Some(limit));
    let mut world = World::new(
        plan,
        vec![model, Model::default()],
        None,
        labkit::rng::test_seed(),
    );
    world.run(Duration::from_secs(100_000));
    let ledger = &world.ledger;
    assert!(ledger.incidents.len() > 500, "{}", ledger.incidents.len());
    let hangs = ledger.times_to_detect(Some(Fault::Hang));
    assert!(
        !hangs.is_empty() && hangs.iter().all(|time| (2.0..=3.0).contains(time)),
        "{hangs:?}"
    );
    let leaks = ledger.times_to_detect(Some(Fault::Leak));
    assert!(
        !leaks.is_empty() && leaks.iter().all(|time| (40.0..40.3).contains(time)),
        "{leaks:?}"
    );
    let open = ledger.incidents.iter().filter(|one| one.repaired.is_none());
    assert!(open.count() <= 1);
}
