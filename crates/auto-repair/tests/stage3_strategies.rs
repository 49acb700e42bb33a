//! Stage 3: what a failure of one does to the others, how long to wait, and when it is enough.

mod support;

use std::time::Duration;

use auto_repair::plan::{Exceeded, Group, Limit, Plan, Restart, Strategy, Waits};
use auto_repair::supervisor::{Cause, Effect, Event, Exit, Notice, Outcome};
use support::{Hand, flat, free, services};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_for_all_stops_and_starts_all_of_them_in_order() {
    let mut hand = Hand::booted(flat(Strategy::OneForAll, "a b c"));
    hand.crashes(1);
    assert_eq!(hand.take(), "-c -a +a +b +c");
}

#[test]
fn rest_for_one_stops_and_starts_what_was_started_later() {
    let mut hand = Hand::booted(flat(Strategy::RestForOne, "a b c d"));
    hand.crashes(1);
    assert_eq!(hand.take(), "-d -c +b +c +d");
    hand.crashes(3);
    assert_eq!(hand.take(), "+d");
}

#[test]
fn nothing_starts_again_before_all_of_it_has_ended() {
    let mut hand = Hand::booted(flat(Strategy::OneForAll, "a b c"));
    hand.obeys = false;
    hand.crashes(0);
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Terminate(2, 1)]);
    hand.ends(2, Exit::Signal(15));
    assert_eq!(std::mem::take(&mut hand.other), [Effect::Terminate(1, 1)]);
    assert_eq!(hand.take(), "");
    hand.ends(1, Exit::Signal(15));
    assert_eq!(hand.take(), "+a");
}

/// root: one for one of `x` and the group `front`, which is rest-for-one of `a`, `b` and the group
/// `pair`, which is one-for-all of `l` and `r`.
fn tree(limit: Option<Limit>) -> Plan {
    let limited = |group: Group| Group { limit, ..group };
    let root = free("root", Strategy::OneForOne).with(["x", "front"]);
    let front = limited(free("front", Strategy::RestForOne).with(["a", "b", "pair"]));
    let pair = limited(free("pair", Strategy::OneForAll).with(["l", "r"]));
    Plan::new(vec![root, front, pair], services("x a b l r")).expect("a plan")
}

#[test]
fn groups_fail_and_are_restarted_as_one_child() {
    let mut hand = Hand::booted(tree(None));
    hand.crashes(3);
    assert_eq!(hand.take(), "-r +l +r", "its own group is enough");
    hand.crashes(2);
    assert_eq!(
        hand.take(),
        "-r -l +b +l +r",
        "what comes later includes the group"
    );
    hand.crashes(0);
    assert_eq!(hand.take(), "+x");
}

#[test]
fn too_many_restarts_go_up_the_tree() {
    let limit = Limit {
        restarts: 2,
        period: 10 * SECOND,
    };
    let mut hand = Hand::booted(tree(Some(limit)));
    hand.crashes(4);
    hand.crashes(4);
    assert_eq!(hand.take(), "-l +l +r -l +l +r");
    // The third within the period: `pair` ends, and is restarted by `front`, without memory.
    hand.crashes(4);
    assert_eq!(hand.take(), "-l +l +r");
    assert!(hand.notices.contains(&Notice::Escalated(2)));
    hand.crashes(4);
    hand.crashes(4);
    assert!(!hand.notices.contains(&Notice::Escalated(1)));
    hand.take();
    // `pair` fails twice more: the third time is too much for `front`, which is restarted by the root.
    for _ in 0..4 {
        hand.crashes(4);
    }
    assert!(hand.notices.contains(&Notice::Escalated(1)));
    assert!(hand.take().ends_with("-l -b -a +a +b +l +r"));
    assert_eq!(hand.supervisor.status()[0].run, 1, "`x` never noticed");
}

#[test]
fn restarts_are_counted_within_the_period_only() {
    let limit = Limit {
        restarts: 2,
        period: 10 * SECOND,
    };
    let mut root = free("root", Strategy::OneForOne).with(["a"]);
    root.limit = Some(limit);
    let mut hand = Hand::booted(Plan::new(vec![root], services("a")).expect("a plan"));
    for _ in 0..20 {
        hand.crashes(0);
        assert_eq!(hand.take(), "+a");
        hand.wait(6 * SECOND);
    }
    hand.crashes(0);
    hand.wait(4 * SECOND);
    // Three in exactly ten seconds are too many: the period's end belongs to it.
    hand.crashes(0);
    assert_eq!(hand.other, [Effect::Ended(Outcome::GaveUp)]);
}

#[test]
fn an_isolating_root_gives_up_the_one_and_keeps_the_others() {
    let mut root = free("root", Strategy::OneForOne).with(["a", "b"]);
    root.exceeded = Exceeded::Isolate;
    root.limit = Some(Limit {
        restarts: 2,
        period: 10 * SECOND,
    });
    let mut hand = Hand::booted(Plan::new(vec![root], services("a b")).expect("a plan"));
    for _ in 0..2 {
        hand.crashes(0);
        hand.crashes(1);
    }
    assert_eq!(hand.take(), "+a +b +a +b");
    hand.crashes(0);
    assert_eq!(hand.take(), "");
    assert!(
        hand.states().starts_with("a: failed, b: ready"),
        "{}",
        hand.states()
    );
    hand.tell(Event::Restart(vec![0]));
    assert_eq!(hand.take(), "+a", "an operator may try again");
    hand.crashes(0);
    assert_eq!(hand.take(), "+a", "with a clean record");
}

#[test]
fn a_service_that_never_becomes_ready_is_given_up_however_slowly_it_fails() {
    let mut plan = services("a");
    plan[0].ready = auto_repair::plan::Ready::Line("never".to_owned());
    plan[0].ready_within = 60 * SECOND;
    let root = Group::root().with(["a"]);
    let mut hand = Hand::new(Plan::new(vec![root], plan).expect("a plan"));
    hand.tell(Event::Boot);
    hand.wait(3600 * SECOND);
    assert_eq!(
        hand.supervisor.status()[0].run,
        6,
        "five restarts, by default"
    );
    assert_eq!(hand.states(), "a: failed");
    assert!(hand.supervisor.is_at_rest());
    let last = hand.supervisor.status()[0].last_cause.clone();
    assert_eq!(last, Some(Cause::NeverReady));
}

/// The waits before the restarts of a service that crashes at once, again and again.
fn waits(crashes: usize) -> Vec<Duration> {
    let mut root = free("root", Strategy::OneForOne).with(["a"]);
    root.waits = Some(Waits {
        first: Duration::from_millis(100),
        most: 2 * SECOND,
        stable: 10 * SECOND,
    });
    let mut hand = Hand::booted(Plan::new(vec![root], services("a")).expect("a plan"));
    let mut waits = Vec::new();
    for _ in 0..crashes {
        let before = hand.now;
        hand.crashes(0);
        while hand.running[0].is_none() {
            hand.now = hand
                .supervisor
                .deadline()
                .expect("it will be started again");
            hand.tell(Event::Tick);
        }
        waits.push(hand.now - before);
    }
    // A good time makes up for all of it.
    hand.wait(10 * SECOND);
    hand.crashes(0);
    assert_eq!(hand.take().split(' ').count(), crashes + 1, "at once");
    waits
}

#[test]
fn waits_grow_with_jitter_up_to_the_most() {
    let waits = waits(60);
    assert_eq!(
        waits[0],
        Duration::ZERO,
        "the first failure is repaired at once"
    );
    for (at, wait) in waits[1..].iter().enumerate() {
        let bound =
            Duration::from_millis(100) * 2_u32.saturating_pow(u32::try_from(at).expect("few"));
        assert!(*wait <= bound.min(2 * SECOND), "{at}: {wait:?}");
    }
    let late = &waits[10..];
    let mean = late.iter().sum::<Duration>() / 50;
    assert!(
        (600..1400).contains(&mean.as_millis()),
        "half of the most: {mean:?}"
    );
    let mut different = late.to_vec();
    different.sort();
    different.dedup();
    assert!(
        different.len() > 45,
        "jitter keeps restarts apart: {different:?}"
    );
}

#[test]
fn restart_types_hold_in_a_group_as_well() {
    let mut kinds = services("p t o");
    kinds[1].restart = Restart::Transient;
    kinds[2].restart = Restart::Temporary;
    let root = free("root", Strategy::OneForAll).with(["p", "t", "o"]);
    let mut hand = Hand::booted(Plan::new(vec![root], kinds).expect("a plan"));
    hand.ends(1, Exit::Code(0));
    assert_eq!(
        hand.take(),
        "",
        "a transient end of code 0 is none of anyone's business"
    );
    hand.crashes(0);
    // As in Erlang: the transient one is started again with all others, the temporary one isn't.
    assert_eq!(hand.take(), "-o +p +t");
}

#[test]
fn what_an_operator_stopped_stays_so_through_restarts_of_its_group() {
    let mut hand = Hand::booted(flat(Strategy::OneForAll, "a b c"));
    hand.tell(Event::Stop(vec![2]));
    hand.crashes(0);
    assert_eq!(hand.take(), "-c -b +a +b");
}
