//! First come, first served: everyone in turn takes what it wants, until nothing is left.

use crate::allocator::{Allocation, Allocator};
use crate::problem::Problem;
use crate::quantities::Quantities;

/// The rule of the brief. Who asks last pays for what the others take: nothing bounds how little
/// that is, whatever its demand or weight.
#[derive(Clone, Copy, Debug)]
pub struct Greedy;

impl Allocator for Greedy {
    fn allocate(&self, problem: &Problem) -> Allocation {
        // BEGIN SOLUTION stage 1: serve everyone in turn; what is there when the pool runs dry?
        let mut left = problem.capacities().to_vec();
        let mut grants = Quantities::zero(problem.services(), problem.kinds());
        for (service, demand) in problem.demands().rows().enumerate() {
            let cells = grants.row_mut(service).iter_mut();
            for ((grant, wanted), left) in cells.zip(demand).zip(&mut left) {
                *grant = wanted.min(*left);
                *left -= *grant;
            }
        }
        Allocation::new(grants)
        // END SOLUTION
    }
}
