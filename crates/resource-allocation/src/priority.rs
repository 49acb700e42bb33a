//! Guaranteed minima, then class by class; and what a service loses that it still wants.

use crate::allocator::{Allocation, Allocator};
use crate::max_min::water_fill;
use crate::problem::Problem;
use crate::quantities::Quantities;

/// Everyone gets its minimum, as far as it demands that much. What is left goes to the highest class,
/// within a class by weight, and what a class leaves to the next.
#[derive(Clone, Copy, Debug)]
pub struct Priority;

impl Allocator for Priority {
    fn allocate(&self, problem: &Problem) -> Allocation {
        // BEGIN SOLUTION stage 4: promises first, then the classes from the top; what of a promise that isn't used?
        let mut grants = guaranteed(problem);
        let mut left = problem.capacities().to_vec();
        for (left, promised) in left.iter_mut().zip(grants.totals()) {
            *left = (*left - promised).max(0.0);
        }
        for class in classes(problem) {
            let weights: Vec<f64> = class.iter().map(|at| problem.weights()[*at]).collect();
            for (kind, left) in left.iter_mut().enumerate() {
                let open = |service: &usize| {
                    problem.demands().row(*service)[kind] - grants.row(*service)[kind]
                };
                let open: Vec<f64> = class.iter().map(open).collect();
                for (service, more) in class.iter().zip(water_fill(*left, &open, &weights)) {
                    grants.row_mut(*service)[kind] += more;
                    *left = (*left - more).max(0.0);
                }
            }
        }
        Allocation::new(grants)
        // END SOLUTION
    }
}

// BEGIN SOLUTION ITEMS stage 4: who is in which class
/// The services of each class that there is, the highest first.
fn classes(problem: &Problem) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..problem.services()).collect();
    let class = |service: &usize| std::cmp::Reverse(problem.priorities()[*service]);
    order.sort_by_key(class);
    order
        .chunk_by(|left, right| class(left) == class(right))
        .map(<[usize]>::to_vec)
        .collect()
}
// END SOLUTION

/// What each service can be sure of: its minimum, or its demand where that is less.
#[must_use]
pub fn guaranteed(problem: &Problem) -> Quantities {
    let mut sure = problem.minima().clone();
    for service in 0..problem.services() {
        let demand = problem.demands().row(service);
        for (minimum, demand) in sure.row_mut(service).iter_mut().zip(demand) {
            *minimum = minimum.min(*demand);
        }
    }
    sure
}

/// Something was taken from a service that it had and still wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preemption {
    /// Who lost it.
    pub service: usize,
    /// The kind of resource.
    pub kind: usize,
    /// How much of it.
    pub amount: f64,
}

/// What the step from one allocation to the next takes away against its holder's will: the part of
/// its former grant that it still demands and no longer has.
///
/// # Panics
/// If the allocations aren't of this problem's size.
#[must_use]
pub fn preemptions(problem: &Problem, before: &Allocation, after: &Allocation) -> Vec<Preemption> {
    // BEGIN SOLUTION stage 4: a loss that was wished for is none
    let mut found = Vec::new();
    for service in 0..problem.services() {
        let demand = problem.demands().row(service);
        for (kind, wanted) in demand.iter().enumerate() {
            let amount = before.of(service)[kind].min(*wanted) - after.of(service)[kind];
            if amount > problem.capacities()[kind] * crate::quantities::TOLERANCE {
                found.push(Preemption {
                    service,
                    kind,
                    amount,
                });
            }
        }
    }
    found
    // END SOLUTION
}
