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
/// capacity allows. Takes O(n) on average: the service at which the water stops is found by
/// bisection, and halves are parted by selection instead of a sort.
///
/// Demands and the capacity are at least zero, weights above.
///
/// # Panics
/// If there aren't as many weights as demands.
#[must_use]
pub fn water_fill(capacity: f64, demands: &[f64], weights: &[f64]) -> Vec<f64> {
    assert_eq!(demands.len(), weights.len(), "a weight for every demand");
    // BEGIN SOLUTION stage 2: who is satisfied first when the level rises, and what then remains for how many?
    let full_at = |(demand, weight): (&f64, &f64)| demand / weight;
    let mut basins: Vec<(f64, usize)> = demands.iter().zip(weights).map(full_at).zip(0..).collect();
    let (mut low, mut high) = (0, basins.len());
    // What is left above the full basins below `low`, and how wide all those from `high` on are.
    // Widths are summed, never subtracted from a total, of which only rounding errors would remain
    // when narrow basins are the last.
    let (mut left, mut wide) = (capacity, 0.0);
    let mut level = f64::INFINITY;
    while low < high {
        let middle = low + (high - low) / 2;
        let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0);
        basins[low..high].select_nth_unstable_by(middle - low, order);
        let sum = |part: &[(f64, usize)], of: &[f64]| -> f64 {
            part.iter().map(|(_, service)| of[*service]).sum()
        };
        let above = wide + sum(&basins[middle..high], weights);
        let there = left - sum(&basins[low..middle], demands);
        let reached = (there / above).max(0.0);
        if reached < basins[middle].0 {
            (level, high, wide) = (reached, middle, above);
        } else {
            (low, left) = (middle + 1, there - demands[basins[middle].1]);
        }
    }
    let part = |(demand, weight): (&f64, &f64)| demand.min(level * weight);
    demands.iter().zip(weights).map(part).collect()
    // END SOLUTION
}
