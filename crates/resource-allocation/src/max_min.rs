//! Max-min fairness: nobody can get more without taking from someone who has less.
//!
//! Picture a basin for each service, as wide as its weight and as deep as its demand for each unit
//! of weight. Water poured into all of them stands at one level, except in basins that are full.

use crate::allocator::{Allocation, Allocator};
use crate::problem::Problem;
use crate::quantities::Quantities;

/// Max-min fairness among equals: weights are ignored, and each kind of resource is shared by
/// itself.
#[derive(Clone, Copy, Debug)]
pub struct MaxMin;

impl Allocator for MaxMin {
    fn allocate(&self, problem: &Problem) -> Allocation {
        kind_by_kind(problem, &vec![1.0; problem.services()])
    }
}

/// Fills every kind of resource by itself.
pub(crate) fn kind_by_kind(problem: &Problem, weights: &[f64]) -> Allocation {
    let mut grants = Quantities::zero(problem.services(), problem.kinds());
    for (kind, capacity) in problem.capacities().iter().enumerate() {
        let demands: Vec<f64> = problem.demands().column(kind).collect();
        for (service, grant) in water_fill(*capacity, &demands, weights)
            .into_iter()
            .enumerate()
        {
            grants.row_mut(service)[kind] = grant;
        }
    }
    Allocation::new(grants)
}

/// Shares one resource: everyone gets `min(demand, level · weight)`, with the highest level that the
/// capacity allows. Takes O(n log n), for the sort.
///
/// Demands and the capacity are at least zero, weights above.
///
/// # Panics
/// If there aren't as many weights as demands.
#[must_use]
pub fn water_fill(capacity: f64, demands: &[f64], weights: &[f64]) -> Vec<f64> {
    assert_eq!(demands.len(), weights.len(), "a weight for every demand");
    // BEGIN SOLUTION stage 2: who is satisfied first when the level rises, and what then remains for how many?
    let full_at = |service: usize| demands[service] / weights[service];
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_unstable_by(|left, right| full_at(*left).total_cmp(&full_at(*right)));
    // The weight from each place of the order on: summed from the end, because taking the satisfied
    // off a total would leave nothing but rounding errors when only light services remain.
    let mut rest = vec![0.0; demands.len()];
    let mut sum = 0.0;
    for (place, service) in order.iter().enumerate().rev() {
        sum += weights[*service];
        rest[place] = sum;
    }
    let mut grants = demands.to_vec();
    let mut left = capacity;
    for (place, service) in order.iter().enumerate() {
        let level = left / rest[place];
        if full_at(*service) > level {
            for service in &order[place..] {
                grants[*service] = level * weights[*service];
            }
            break;
        }
        left = (left - demands[*service]).max(0.0);
    }
    grants
    // END SOLUTION
}
