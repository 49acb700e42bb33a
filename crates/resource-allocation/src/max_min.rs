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
    let basin = |(demand, weight): (&f64, &f64)| Basin {
        full_at: demand / weight,
        demand: *demand,
        weight: *weight,
    };
    let mut open: Vec<Basin> = demands.iter().zip(weights).map(basin).collect();
    let mut open = &mut open[..];
    // What is left above the basins that are sure to be full, and how wide those are that are sure
    // not to be. Widths are summed, never subtracted from a total, of which only rounding errors
    // would remain when narrow basins are the last.
    let (mut left, mut wide) = (capacity, 0.0);
    let mut level = f64::INFINITY;
    while !open.is_empty() {
        let order = |a: &Basin, b: &Basin| a.full_at.total_cmp(&b.full_at);
        let (below, middle, above) = open.select_nth_unstable_by(open.len() / 2, order);
        let wider = wide + middle.weight + above.iter().map(|basin| basin.weight).sum::<f64>();
        let there = left - below.iter().map(|basin| basin.demand).sum::<f64>();
        let reached = (there / wider).max(0.0);
        if reached < middle.full_at {
            (level, wide, open) = (reached, wider, below);
        } else {
            (left, open) = (there - middle.demand, above);
        }
    }
    let part = |(demand, weight): (&f64, &f64)| demand.min(level * weight);
    demands.iter().zip(weights).map(part).collect()
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 2: what is asked of a basin again and again
/// What one service can hold, and the level at which it is full.
#[derive(Clone, Copy, Debug)]
struct Basin {
    full_at: f64,
    demand: f64,
    weight: f64,
}
// END SOLUTION
