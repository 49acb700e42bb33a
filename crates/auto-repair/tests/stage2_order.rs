//! Stage 2: ready before dependants start, stopped after they have ended, killed when patience ends.

mod support;

use std::time::Duration;

use auto_repair::plan::{Group, Plan, Ready, Service, Strategy};
use auto_repair::supervisor::{Cause, Effect, Event, Exit, Notice, Outcome};
use support::{Hand, flat, free, services};

/// `b` and `c` need `a`; `d` needs both.
fn diamond() -> Vec<Service> {
    let mut services = services("d c b a");
    services[0].needs = vec!["b".to_owned(), "c".to_owned()];
    services[1].needs = vec!["a".to_owned()];
    services[2].needs = vec!["a".to_owned()];
    services
}

fn plan(services: Vec<Service>) -> Plan {
    let names: Vec<String> = services.iter().map(|s| s.name.clone()).collect();
    Plan::new(
        vec![free("root", Strategy::OneForOne).with(names)],
        services,
    )
    .expect("a plan")
}

#[test]
fn nothing_starts_before_what_it_needs_is_ready() {
    let mut hand = Hand::new(plan(diamond()));
    hand.obeys = false;
    hand.tell(Event::Boot);
    assert_eq!(hand.take(), "+a");
    assert_eq!(
        hand.states(),
        "d: waits for c, c: waits for a, b: waits for a, a: starting"
    );
    hand.tell(Event::Spawned(3, 1));
    assert_eq!(hand.take(), "+c +b");
    hand.tell(Event::Spawned(1, 1));
    assert_eq!(hand.take(), "");
    hand.tell(Event::Spawned(2, 1));
    assert_eq!(hand.take(), "+d");
}

#[test]
fn running_is_not_ready_until_the_line_is_there() {
    let mut services = diamond();
    services[3].ready = Ready::Line("listening".to_owned());
    let mut hand = Hand::new(plan(services));
    hand.tell(Event::Boot);
    assert_eq!(hand.take(), "+a");
    hand.tell(Event::Announced(3, 1));
    assert_eq!(hand.take(), "+c +b +d");
}

#[test]
fn a_stop_goes_from_the_dependants_to_what_they_need() {
    let mut hand = Hand::booted(plan(diamond()));
    hand.obeys = false;
    hand.tell(Event::Shutdown);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Terminate(0, 1)]);
    hand.ends(0, Exit::Code(0));
    assert_eq!(
        std::mem::take(&mut hand.other),
        [Effect::Terminate(2, 1), Effect::Terminate(1, 1)]
    );
    hand.ends(1, Exit::Code(0));
    assert_eq!(hand.other, []);
    hand.ends(2, Exit::Code(0));
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Terminate(3, 1)]);
    hand.ends(3, Exit::Signal(15));
    assert_eq!(hand.other, [Effect::Ended(Outcome::Stopped)]);
    assert_eq!(hand.take(), "", "nothing is started again");
}

#[test]
fn who_does_not_end_in_time_is_killed() {
    let mut hand = Hand::booted(plan(services("a")));
    hand.obeys = false;
    hand.tell(Event::Shutdown);
    hand.wait(Duration::from_millis(1999));
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Terminate(0, 1)]);
    hand.wait(Duration::from_millis(1));
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Kill(0, 1)]);
    hand.wait(Duration::from_secs(3600));
    assert_eq!(hand.other, [], "once is enough");
    assert_eq!(hand.supervisor.deadline(), None);
    hand.ends(0, Exit::Signal(9));
    assert_eq!(hand.other, [Effect::Ended(Outcome::Stopped)]);
}

#[test]
fn who_does_not_become_ready_in_time_has_failed() {
    let mut services = services("a");
    services[0].ready = Ready::Line("never".to_owned());
    services[0].ready_within = Duration::from_secs(3);
    let mut hand = Hand::new(plan(services));
    hand.tell(Event::Boot);
    hand.wait(Duration::from_secs(2));
    assert_eq!(hand.take(), "+a");
    hand.wait(Duration::from_secs(1));
    assert_eq!(hand.take(), "-a +a");
    assert!(hand.notices.contains(&Notice::Failed(0, Cause::NeverReady)));
}

#[test]
fn an_operator_stops_and_restarts_in_order() {
    let mut hand = Hand::booted(plan(diamond()));
    hand.tell(Event::Stop(vec![3, 0]));
    assert_eq!(hand.take(), "-d -a");
    hand.tell(Event::Restart(vec![0]));
    assert_eq!(hand.take(), "+d");
    // c and b run still; a restart of c waits for a.
    hand.tell(Event::Restart(vec![1]));
    assert_eq!(hand.take(), "-c");
    hand.tell(Event::Restart(vec![3]));
    assert_eq!(hand.take(), "+a +c");
    assert_eq!(
        hand.supervisor.status()[0].failures,
        0,
        "an operator's word is no failure"
    );
}

#[test]
fn what_has_finished_well_can_be_needed() {
    let mut services = services("job server");
    services[0].restart = auto_repair::plan::Restart::Transient;
    services[0].ready = Ready::Line("done".to_owned());
    services[1].needs = vec!["job".to_owned()];
    let mut hand = Hand::new(plan(services));
    hand.tell(Event::Boot);
    assert_eq!(hand.take(), "+job");
    hand.ends(0, Exit::Code(0));
    assert_eq!(hand.take(), "+server");
}

#[test]
fn ordered_groups_need_what_stands_before() {
    let mut hand = Hand::new(flat(Strategy::RestForOne, "a b c"));
    hand.obeys = false;
    hand.tell(Event::Boot);
    assert_eq!(hand.take(), "+a");
    hand.tell(Event::Spawned(0, 1));
    assert_eq!(hand.take(), "+b");
}

fn cycle(services: Vec<Service>, groups: Vec<Group>) -> String {
    Plan::new(groups, services)
        .expect_err("a circle")
        .to_string()
}

#[test]
fn a_circle_is_refused_with_its_way() {
    let mut circle = services("a b c d");
    circle[0].needs = vec!["b".to_owned()];
    circle[1].needs = vec!["c".to_owned()];
    circle[2].needs = vec!["b".to_owned()];
    let root = free("root", Strategy::OneForOne).with(["a", "b", "c", "d"]);
    let said = cycle(circle, vec![root]);
    assert!(said.contains("b needs c needs b"), "{said}");

    let mut own = services("a");
    own[0].needs = vec!["a".to_owned()];
    let said = cycle(own, vec![free("root", Strategy::OneForOne).with(["a"])]);
    assert!(said.contains("a needs a"), "{said}");

    // The first of an ordered group can't need the second.
    let mut early = services("a b");
    early[0].needs = vec!["b".to_owned()];
    let said = cycle(
        early,
        vec![free("root", Strategy::RestForOne).with(["a", "b"])],
    );
    assert!(said.contains("a needs b needs a"), "{said}");

    // Nor can something need the group that it is in.
    let mut inside = services("a b");
    inside[0].needs = vec!["root".to_owned()];
    let said = cycle(
        inside,
        vec![free("root", Strategy::OneForOne).with(["a", "b"])],
    );
    assert!(said.contains("a needs a"), "{said}");
}
