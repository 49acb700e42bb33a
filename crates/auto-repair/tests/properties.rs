//! Whatever fails in whichever order: Erlang's semantics, by a second, independent account of them.

mod support;

use std::time::Duration;

use auto_repair::plan::{self, Child, Exceeded, Group, Limit, Plan, Service, Waits};
use auto_repair::simulation::{Model, Timing, World};
use auto_repair::supervisor::{Effect, Notice, Outcome};
use proptest::prelude::*;
use support::{Hand, free};

/// A supervision tree as Erlang's `supervisor` behaviour has it: recursive, and without time or processes.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(String),
    Branch {
        name: String,
        strategy: plan::Strategy,
        limit: Limit,
        children: Vec<Tree>,
        restarts: Vec<Duration>,
    },
}

/// What came of a failure somewhere below.
enum Verdict {
    /// It didn't happen here.
    Elsewhere,
    /// It was repaired.
    Repaired,
    /// This child has failed itself, and all of it has ended.
    Failed,
}

impl Tree {
    fn start(&mut self, done: &mut Vec<String>) {
        match self {
            Tree::Leaf(name) => done.push(format!("+{name}")),
            Tree::Branch {
                children, restarts, ..
            } => {
                restarts.clear();
                children.iter_mut().for_each(|child| child.start(done));
            }
        }
    }

    /// Stops all but the one that has failed already.
    fn stop(&self, dead: &str, done: &mut Vec<String>) {
        match self {
            Tree::Leaf(name) if name == dead => {}
            Tree::Leaf(name) => done.push(format!("-{name}")),
            Tree::Branch { children, .. } => children.iter().rev().for_each(|c| c.stop(dead, done)),
        }
    }

    /// `supervisor:handle_info({'EXIT', ...})` of OTP.
    fn fails(&mut self, failed: &str, now: Duration, done: &mut Vec<String>) -> Verdict {
        let Tree::Branch {
            strategy,
            limit,
            children,
            restarts,
            ..
        } = self
        else {
            let is_it = matches!(self, Tree::Leaf(name) if name == failed);
            return if is_it {
                Verdict::Failed
            } else {
                Verdict::Elsewhere
            };
        };
        let mut found = None;
        for (at, child) in children.iter_mut().enumerate() {
            match child.fails(failed, now, done) {
                Verdict::Elsewhere => {}
                Verdict::Repaired => return Verdict::Repaired,
                Verdict::Failed => found = Some(at),
            }
            if found.is_some() {
                break;
            }
        }
        let Some(at) = found else {
            return Verdict::Elsewhere;
        };
        restarts.push(now);
        restarts.retain(|then| *then + limit.period >= now);
        let gone = match &children[at] {
            Tree::Leaf(name) => name.clone(),
            Tree::Branch { .. } => String::new(),
        };
        // A branch that failed has ended its children itself.
        let others = |range: std::ops::Range<usize>, done: &mut Vec<String>| {
            range
                .rev()
                .filter(|other| *other != at)
                .for_each(|other| children[other].stop(&gone, done));
        };
        if restarts.len() > limit.restarts as usize {
            others(0..children.len(), done);
            return Verdict::Failed;
        }
        let range = match strategy {
            plan::Strategy::OneForOne => at..at + 1,
            plan::Strategy::RestForOne => at..children.len(),
            plan::Strategy::OneForAll => 0..children.len(),
        };
        others(range.clone(), done);
        children[range]
            .iter_mut()
            .for_each(|child| child.start(done));
        Verdict::Repaired
    }

    /// The same tree as a plan's groups and services.
    fn declare(&self, groups: &mut Vec<Group>, services: &mut Vec<Service>) -> String {
        match self {
            Tree::Leaf(name) => {
                services.push(Service::new(name, ["true"]));
                name.clone()
            }
            Tree::Branch {
                name,
                strategy,
                limit,
                children,
                ..
            } => {
                let at = groups.len();
                let group = free(name, *strategy);
                groups.push(Group {
                    limit: Some(*limit),
                    ..group
                });
                let children = children.iter().map(|child| child.declare(groups, services));
                groups[at].children = children.collect::<Vec<_>>();
                name.clone()
            }
        }
    }
}

/// Whether the same was done, in the same order wherever an ordered group asks for one. Independent
/// services needn't wait for each other, which they do in Erlang.
fn is_the_same(plan: &Plan, expected: &[String], done: &[String]) -> bool {
    let place = |entry: &String| done.iter().position(|other| other == entry);
    let Some(places) = expected.iter().map(place).collect::<Option<Vec<usize>>>() else {
        return false;
    };
    let service = |entry: &String| plan.named(&entry[1..]).expect("a service")[0];
    let is_ordered = |a: &String, b: &String| {
        let mut above_a = plan.all_above(Child::Service(service(a)));
        let common = above_a.find(|group| {
            plan.all_above(Child::Service(service(b)))
                .any(|other| other == *group)
        });
        plan.groups()[common.expect("the root")]
            .strategy
            .is_ordered()
    };
    let kept = |first: usize, second: usize| {
        places[first] < places[second] || !is_ordered(&expected[first], &expected[second])
    };
    let mut pairs = (0..expected.len()).flat_map(|at| (0..at).map(move |first| (first, at)));
    done.len() == expected.len() && pairs.all(|(first, second)| kept(first, second))
}

fn strategies() -> impl Strategy<Value = plan::Strategy> {
    prop_oneof![
        Just(plan::Strategy::OneForOne),
        Just(plan::Strategy::OneForAll),
        Just(plan::Strategy::RestForOne)
    ]
}

/// Trees of at most three levels. Names are given afterwards, by place.
fn trees() -> impl Strategy<Value = Tree> {
    let leaf = Just(Tree::Leaf(String::new()));
    let branch = |inner: BoxedStrategy<Tree>| {
        let children = prop::collection::vec(inner, 1..4);
        (strategies(), 0_u32..4, 1_u64..20, children).prop_map(
            |(strategy, restarts, period, children)| Tree::Branch {
                name: String::new(),
                strategy,
                limit: Limit {
                    restarts,
                    period: Duration::from_secs(period),
                },
                children,
                restarts: Vec::new(),
            },
        )
    };
    let low = branch(leaf.clone().boxed());
    let mid = branch(prop_oneof![3 => leaf.clone(), 1 => low].boxed());
    branch(prop_oneof![2 => leaf, 1 => mid].boxed()).prop_map(|mut tree| {
        rename(&mut tree, &mut 0);
        tree
    })
}

fn rename(tree: &mut Tree, next: &mut usize) {
    *next += 1;
    match tree {
        Tree::Leaf(name) => *name = format!("s{next}"),
        Tree::Branch { name, children, .. } => {
            *name = format!("g{next}");
            children.iter_mut().for_each(|child| rename(child, next));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn failures_are_handled_as_erlang_would(
        tree in trees(), failures in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..8), 1..40),
    ) {
        let (mut groups, mut services) = (Vec::new(), Vec::new());
        tree.declare(&mut groups, &mut services);
        let mut hand = Hand::booted(Plan::new(groups, services.clone()).expect("a plan"));
        let mut model = tree;
        for (which, wait) in failures {
            hand.wait(Duration::from_secs(wait));
            let service = which.index(services.len());
            hand.crashes(service);
            let mut expected = Vec::new();
            let verdict = model.fails(&services[service].name, hand.now, &mut expected);
            let done = std::mem::take(&mut hand.done);
            let name = &services[service].name;
            prop_assert!(is_the_same(hand.supervisor.plan(), &expected, &done),
                "{name} failed: {done:?} instead of {expected:?}");
            if let Verdict::Failed = verdict {
                prop_assert_eq!(&hand.other, &[Effect::Ended(Outcome::GaveUp)]);
                prop_assert_eq!(hand.supervisor.deadline(), None);
                break;
            }
            let states = hand.states();
            prop_assert!(hand.running.iter().all(Option::is_some), "all run again: {states}");
        }
    }

    #[test]
    fn no_crash_loop_is_a_busy_loop_and_none_lasts_for_ever(
        restarts in 0_u32..8, period in 1_u64..60, first in 1_u64..500, boot in 0_u64..2000,
        strategy in strategies(), isolates: bool, seed: u64,
    ) {
        let limit = Limit { restarts, period: Duration::from_secs(period) };
        let isolates = isolates && strategy == plan::Strategy::OneForOne;
        let root = Group {
            limit: Some(limit),
            waits: Some(Waits { first: Duration::from_millis(first), ..Waits::default() }),
            exceeded: if isolates { Exceeded::Isolate } else { Exceeded::Escalate },
            ..free("root", strategy)
        };
        let services = support::services("good poisoned");
        let plan = Plan::new(vec![root.with(["good", "poisoned"])], services).expect("a plan");
        let mut model = Model { boot: Duration::from_millis(boot), ..Model::default() };
        let good = model;
        // It fails within the first cycle of a millisecond, always.
        model.timing = Timing::EveryCycle { cycle: Duration::from_millis(1), chance: 1.0 };
        let mut world = World::new(plan, vec![good, model], None, seed);
        world.run(Duration::from_secs(36_000));
        let starts: Vec<Duration> = world.notices.iter()
            .filter(|(_, notice)| *notice == Notice::Starting(1)).map(|(at, _)| *at).collect();
        // In no period are there more starts than the limit and the first one.
        let most = restarts as usize + 1;
        let too_dense = starts.windows(most + 1).find(|w| w[most] - w[0] <= limit.period);
        prop_assert_eq!(too_dense, None, "{} starts", starts.len());
        let gave_up = |(_, notice): &(Duration, Notice)| *notice == Notice::GivenUp(1);
        let ends = world.outcome == Some(Outcome::GaveUp) || world.notices.iter().any(gave_up);
        // It ends, unless it is slow enough to be borne.
        prop_assert!(ends || starts.len() > most, "{} starts of {most}", starts.len());
    }

    #[test]
    fn the_same_seed_is_the_same_run(seed: u64) {
        let run = || {
            let root = Group::root().with(["a", "b"]);
            let plan = Plan::new(vec![root], support::services("a b")).expect("a plan");
            let model = Model { timing: Timing::Exponential(Duration::from_secs(5)), ..Model::default() };
            let mut world = World::new(plan, vec![model; 2], None, seed);
            world.run(Duration::from_secs(1000));
            (world.notices, world.ledger.incidents)
        };
        prop_assert_eq!(run(), run());
    }
}
