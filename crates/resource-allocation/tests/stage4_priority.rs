//! Stage 4: guaranteed minima, classes, preemption, and reclaim with hysteresis.

use labkit::rng::{Stream, test_seed};
use proptest::prelude::*;
use resource_allocation::fairness::conserves;
use resource_allocation::priority::{Preemption, guaranteed, preemptions};
use resource_allocation::quantities::Quantities;
use resource_allocation::reclaim::{Hysteresis, Reclaim};
use resource_allocation::simulation::simulate;
use resource_allocation::workload::Workload;
use resource_allocation::{Allocation, Policy, Pool, Problem, Service};

fn cpu(services: Vec<Service>) -> Problem {
    let pool = Pool::new([("cpu", 100.0)]).expect("a pool");
    Problem::new(pool, services).expect("it makes sense")
}

fn grants(problem: &Problem) -> Vec<f64> {
    let allocation = Policy::Priority.allocator().allocate(problem);
    allocation.grants().column(0).collect()
}

fn named(name: &str, demand: f64) -> Service {
    Service::new(name, [demand])
}

#[test]
fn promises_come_before_classes() {
    let problem = cpu(vec![
        named("low", 50.0).minimum([20.0]),
        named("high", 100.0).priority(9),
    ]);
    assert_eq!(grants(&problem), [20.0, 80.0]);
}

#[test]
fn an_unused_promise_is_not_kept_back() {
    let problem = cpu(vec![
        named("idle", 5.0).minimum([60.0]),
        named("busy", 100.0),
    ]);
    assert_eq!(grants(&problem), [5.0, 95.0]);
}

#[test]
fn a_class_shares_by_weight_and_leaves_the_rest() {
    let problem = cpu(vec![
        named("low", 90.0),
        named("high", 20.0).priority(1),
        named("heavy", 60.0).priority(1).weight(2.0),
        named("also low", 90.0),
    ]);
    assert_eq!(grants(&problem), [10.0, 20.0, 60.0, 10.0]);
}

#[test]
fn only_what_is_still_wanted_is_preempted() {
    let before = Allocation::new(Quantities::of(1, [&[40.0][..], &[30.0][..], &[30.0][..]]));
    let after = Allocation::new(Quantities::of(1, [&[10.0][..], &[30.0][..], &[60.0][..]]));
    // The first still wants 25 of its 40, so 15 of what it lost were taken from it.
    let problem = cpu(vec![named("a", 25.0), named("b", 90.0), named("c", 60.0)]);
    let taken = Preemption {
        service: 0,
        kind: 0,
        amount: 15.0,
    };
    assert_eq!(preemptions(&problem, &before, &after), [taken]);
    assert_eq!(preemptions(&problem, &after, &after), []);
}

fn any_problem() -> impl Strategy<Value = Problem> {
    let service = (0.0..100.0_f64, 0.0..8.0_f64, 0.1..5.0_f64, 0..4_u8);
    prop::collection::vec(service, 1..12).prop_map(|services| {
        let services = services.into_iter().enumerate();
        let services = services.map(|(at, (demand, minimum, weight, class))| {
            let service = named(&format!("s{at}"), demand).weight(weight);
            service.minimum([minimum]).priority(class)
        });
        cpu(services.collect())
    })
}

proptest! {
    #[test]
    fn promises_are_kept_and_nothing_is_granted_twice(problem in any_problem()) {
        let allocation = Policy::Priority.allocator().allocate(&problem);
        prop_assert!(conserves(&allocation, problem.demands(), problem.capacities()));
        let sure = guaranteed(&problem);
        for service in 0..problem.services() {
            prop_assert!(allocation.of(service)[0] >= sure.row(service)[0] - 1e-9);
        }
    }

    #[test]
    fn a_lower_class_takes_nothing_from_a_higher_one(
        problem in any_problem(),
        who in any::<prop::sample::Index>(),
        demand in 0.0..100.0_f64,
    ) {
        // What the others are promised they get in any case: without minima only classes count.
        let services = (0..problem.services()).map(|at| {
            named(&format!("s{at}"), problem.demands().row(at)[0])
                .weight(problem.weights()[at])
                .priority(problem.priorities()[at])
        });
        let problem = cpu(services.collect());
        let who = who.index(problem.services());
        let mut changed = problem.clone();
        changed.set_demand(who, &[demand]).expect("within the capacity");
        let (before, after) = (grants(&problem), grants(&changed));
        for other in 0..problem.services() {
            if problem.priorities()[other] > problem.priorities()[who] {
                prop_assert!((before[other] - after[other]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn claims_rest_on_a_constant_load(
        low in 0.0..0.6_f64,
        headroom in 1.0..1.6_f64,
        patience in 1..6_u32,
        first in 0.0..100.0_f64,
        then in 0.0..100.0_f64,
    ) {
        let high = 1.0;
        prop_assume!(low < 1.0 / headroom);
        let rule = Hysteresis::new(low, high, headroom, patience).expect("ordered");
        let mut reclaim = Reclaim::new(rule, 1, &[100.0]);
        let load = |load: f64| Quantities::of(1, [&[load][..]]);
        for _ in 0..10 {
            reclaim.observe(&load(first));
        }
        // The load changes once, so does the claim at most, and never again.
        let changes: usize = (0..100).map(|_| reclaim.observe(&load(then))).sum();
        prop_assert!(changes <= 1, "{changes} changes");
        prop_assert!(reclaim.claims().row(0)[0] >= then, "what is used is claimed");
    }
}

fn claims(rule: Hysteresis, loads: &[f64]) -> Vec<f64> {
    let mut reclaim = Reclaim::new(rule, 1, &[100.0]);
    let follow = |load: &f64| {
        reclaim.observe(&Quantities::of(1, [&[*load][..]]));
        reclaim.claims().row(0)[0]
    };
    loads.iter().map(follow).collect()
}

#[test]
fn claims_grow_at_once_and_shrink_after_a_while() {
    let rule = Hysteresis::new(0.5, 0.9, 1.25, 3).expect("ordered");
    let loads = [
        40.0, 44.0, 20.0, 20.0, 20.0, 20.0, 60.0, 10.0, 40.0, 10.0, 10.0,
    ];
    let expected = [
        50.0, 50.0, 50.0, 50.0, 25.0, 25.0, 75.0, 75.0, 75.0, 75.0, 75.0,
    ];
    assert_eq!(claims(rule, &loads), expected);
}

#[test]
fn a_wave_within_the_band_moves_nothing() {
    let wave: Vec<f64> = (0..50)
        .map(|cycle| if cycle % 2 == 0 { 40.0 } else { 44.0 })
        .collect();
    let calm = claims(Hysteresis::default(), &wave);
    assert!(calm.iter().all(|claim| *claim == 50.0), "{calm:?}");
    assert_eq!(claims(Hysteresis::none(), &wave), wave);
}

#[test]
fn no_claim_is_larger_than_what_there_is() {
    let calm = claims(Hysteresis::default(), &[99.0, 100.0, 99.0]);
    assert_eq!(calm, [100.0; 3]);
}

#[test]
fn the_loop_takes_from_the_idle_and_gives_to_the_busy() {
    let pool = Pool::new([("cpu", 100.0)]).expect("a pool");
    let services = [named("a", 0.0), named("b", 0.0)];
    let row = |a: f64, b: f64| Quantities::of(1, [&[a][..], &[b][..]]);
    let mut loads = vec![row(90.0, 10.0); 5];
    loads.extend(vec![row(10.0, 90.0); 5]);
    let course = simulate(&pool, &services, Policy::Drf, Hysteresis::default(), &loads);
    let course = course.expect("it makes sense");
    let of = |cycle: usize| {
        let cell = |service| course.cycles[cycle].allocation.of(service)[0];
        [cell(0), cell(1)]
    };
    assert_eq!(of(4), [87.5, 12.5]);
    // Patience: b is busy at once, but a claims its old part for two more cycles.
    assert_eq!(of(5), [50.0, 50.0]);
    assert_eq!(of(9), [12.5, 87.5]);
}

#[test]
fn a_course_repeats_from_its_seed() {
    let run = |seed| {
        let pool = Pool::of_the_brief();
        let mut workload = Workload::random(&pool, 9, Stream::named(seed, "loads"));
        let loads = workload.trace(50);
        let rule = Hysteresis::default();
        Policy::ALL.map(|policy| {
            simulate(&pool, workload.services(), policy, rule, &loads).expect("it makes sense")
        })
    };
    let seed = test_seed();
    assert_eq!(run(seed), run(seed));
    assert_ne!(run(seed), run(seed.wrapping_add(1)));
}
