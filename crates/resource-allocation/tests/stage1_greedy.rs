//! Stage 1: first come, first served, and how unfair that is.

use proptest::prelude::*;
use resource_allocation::fairness::{conserves, jain, part_of, progress, unmet};
use resource_allocation::quantities::Quantities;
use resource_allocation::{Allocation, Policy, Pool, Problem, Service};

fn greedy(demands: &[[f64; 2]]) -> (Problem, Allocation) {
    let services = demands.iter().enumerate();
    let services = services.map(|(at, demand)| Service::new(format!("s{at}"), *demand));
    let problem = Problem::new(Pool::of_the_brief(), services.collect()).expect("they make sense");
    let allocation = Policy::Greedy.allocator().allocate(&problem);
    (problem, allocation)
}

#[test]
fn who_comes_first_gets_all_it_asks_for() {
    // The brief's three services: memory is ten times the load.
    let (_, allocation) = greedy(&[[50.0, 500.0], [30.0, 300.0], [40.0, 400.0]]);
    assert_eq!(allocation.of(0), [50.0, 500.0]);
    assert_eq!(allocation.of(1), [30.0, 300.0]);
    assert_eq!(allocation.of(2), [20.0, 200.0]);
}

#[test]
fn who_comes_last_may_get_nothing() {
    let (problem, allocation) = greedy(&[[100.0, 0.0], [1.0, 1.0], [1.0, 999.0]]);
    assert_eq!(allocation.of(1), [0.0, 1.0]);
    assert_eq!(allocation.of(2), [0.0, 999.0]);
    // All that memory is worth nothing without a processor.
    assert_eq!(progress(&allocation, problem.demands()), [1.0, 0.0, 0.0]);
}

#[test]
fn jains_index_of_known_parts() {
    assert_eq!(jain(&[3.0, 3.0, 3.0]), 1.0);
    // k of n share, the others have nothing: k/n.
    assert_eq!(jain(&[5.0, 0.0, 5.0, 0.0]), 0.5);
    assert_eq!(jain(&[7.0]), 1.0);
    // Jain's report gives (1 + 2 + 3)² / (3 · 14) = 6/7.
    assert!((jain(&[1.0, 2.0, 3.0]) - 6.0 / 7.0).abs() < 1e-12);
    assert_eq!(jain(&[0.0, 0.0]), 1.0);
}

#[test]
fn the_scarcest_resource_decides() {
    assert_eq!(part_of(&[5.0, 100.0], &[10.0, 100.0]), 0.5);
    assert_eq!(part_of(&[5.0, 0.0], &[5.0, 0.0]), 1.0);
    assert_eq!(part_of(&[9.0, 9.0], &[3.0, 3.0]), 1.0);
    assert_eq!(part_of(&[0.0, 0.0], &[0.0, 0.0]), 1.0);
}

#[test]
fn too_much_for_one_does_not_make_up_for_too_little_for_another() {
    let grants = Quantities::of(1, [&[70.0][..], &[10.0][..]]);
    let loads = Quantities::of(1, [&[20.0][..], &[40.0][..]]);
    assert_eq!(unmet(&Allocation::new(grants), &loads, &[100.0]), [0.3]);
}

proptest! {
    #[test]
    fn greedy_conserves_and_leaves_nothing_that_is_wanted(
        demands in prop::collection::vec([0.0..100.0_f64, 0.0..1000.0_f64], 1..20),
    ) {
        let (problem, allocation) = greedy(&demands);
        prop_assert!(conserves(&allocation, problem.demands(), problem.capacities()));
        let (granted, wanted) = (allocation.grants().totals(), problem.demands().totals());
        for kind in 0..2 {
            let possible = wanted[kind].min(problem.capacities()[kind]);
            prop_assert!((granted[kind] - possible).abs() <= 1e-9 * problem.capacities()[kind]);
        }
    }
}
