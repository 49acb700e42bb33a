//! Stage 2: max-min fairness and proportional shares.

use proptest::prelude::*;
use resource_allocation::fairness::conserves;
use resource_allocation::max_min::water_fill;
use resource_allocation::{Policy, Pool, Problem, Service};

fn close(left: &[f64], right: &[f64]) -> bool {
    let near = |(left, right): (&f64, &f64)| (left - right).abs() <= 1e-9 * right.abs().max(1.0);
    left.len() == right.len() && left.iter().zip(right).all(near)
}

/// Water filling as a child would do it: in every round all who want more get the same for each
/// unit of weight, but nobody more than it wants.
fn by_rounds(capacity: f64, demands: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut grants = vec![0.0; demands.len()];
    let mut left = capacity;
    loop {
        let thirsty: Vec<usize> = (0..demands.len())
            .filter(|at| grants[*at] < demands[*at])
            .collect();
        let wide: f64 = thirsty.iter().map(|at| weights[*at]).sum();
        if thirsty.is_empty() || left <= 0.0 {
            return grants;
        }
        let room = thirsty
            .iter()
            .map(|at| (demands[*at] - grants[*at]) / weights[*at]);
        let rise = room.fold(left / wide, f64::min);
        let mut full = 0;
        for at in thirsty {
            grants[at] += rise * weights[at];
            left -= rise * weights[at];
            if grants[at] >= demands[at] * (1.0 - 1e-12) {
                grants[at] = demands[at];
                full += 1;
            }
        }
        if full == 0 {
            return grants;
        }
    }
}

#[test]
fn the_example_of_the_textbooks() {
    // Four demands on a capacity of 10; the first two are satisfied, the others share the rest.
    let grants = water_fill(10.0, &[2.0, 2.6, 4.0, 5.0], &[1.0; 4]);
    assert!(close(&grants, &[2.0, 2.6, 2.7, 2.7]), "{grants:?}");
}

#[test]
fn weights_count() {
    // Weights 2.5, 4, 0.5 and 1 on a capacity of 16, demands 4, 2, 10, 4 (a known exercise).
    let grants = water_fill(16.0, &[4.0, 2.0, 10.0, 4.0], &[2.5, 4.0, 0.5, 1.0]);
    assert!(close(&grants, &[4.0, 2.0, 6.0, 4.0]), "{grants:?}");
    let grants = water_fill(9.0, &[9.0, 9.0], &[1.0, 2.0]);
    assert!(close(&grants, &[3.0, 6.0]), "{grants:?}");
}

#[test]
fn enough_for_all_is_enough_for_each() {
    assert_eq!(
        water_fill(10.0, &[3.0, 0.0, 7.0], &[1.0; 3]),
        [3.0, 0.0, 7.0]
    );
    assert_eq!(water_fill(0.0, &[3.0, 1.0], &[1.0; 2]), [0.0, 0.0]);
    assert!(water_fill(10.0, &[], &[]).is_empty());
}

#[test]
fn the_rules_differ_in_their_weights_alone() {
    let services = vec![
        Service::new("light", [100.0, 0.0]),
        Service::new("heavy", [100.0, 400.0]).weight(3.0),
    ];
    let problem = Problem::new(Pool::of_the_brief(), services).expect("it makes sense");
    let max_min = Policy::MaxMin.allocator().allocate(&problem);
    assert_eq!([max_min.of(0), max_min.of(1)], [[50.0, 0.0], [50.0, 400.0]]);
    let proportional = Policy::Proportional.allocator().allocate(&problem);
    assert_eq!(
        [proportional.of(0), proportional.of(1)],
        [[25.0, 0.0], [75.0, 400.0]]
    );
}

#[test]
fn a_feather_beside_a_rock_is_not_lost() {
    // 1e-9 of the weight is left when the rock is satisfied; a total minus the rock would have
    // nothing but rounding errors in it.
    let grants = water_fill(10.0, &[4.0, 100.0, 100.0], &[1e9, 1e-3, 2e-3]);
    assert!(close(&grants, &[4.0, 2.0, 4.0]), "{grants:?}");
}

proptest! {
    #[test]
    fn water_filling_agrees_with_filling_in_rounds(
        capacity in 0.0..100.0_f64,
        claims in prop::collection::vec((0.0..30.0_f64, 0.1..10.0_f64), 1..30),
    ) {
        let (demands, weights): (Vec<f64>, Vec<f64>) = claims.into_iter().unzip();
        let (ours, theirs) = (
            water_fill(capacity, &demands, &weights),
            by_rounds(capacity, &demands, &weights),
        );
        prop_assert!(close(&ours, &theirs), "{ours:?}\n{theirs:?}");
    }

    #[test]
    fn both_rules_conserve(
        demands in prop::collection::vec(([0.0..100.0_f64, 0.0..1000.0_f64], 0.1..10.0_f64), 1..20),
    ) {
        let services = demands.iter().enumerate().map(|(at, (demand, weight))| {
            Service::new(format!("s{at}"), *demand).weight(*weight)
        });
        let problem = Problem::new(Pool::of_the_brief(), services.collect()).expect("they make sense");
        for policy in [Policy::MaxMin, Policy::Proportional] {
            let allocation = policy.allocator().allocate(&problem);
            prop_assert!(conserves(&allocation, problem.demands(), problem.capacities()));
        }
    }
}
