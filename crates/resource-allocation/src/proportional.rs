//! Weighted proportional share: to each by its weight, and what it can't use to the others.
//!
//! The rule of lottery and stride scheduling (Waldspurger 1995) and of `cpu.weight` in control
//! groups. With equal weights it is max-min fairness.

use crate::allocator::{Allocation, Allocator};
use crate::max_min::kind_by_kind;
use crate::problem::Problem;

/// Shares in proportion to weights, each kind of resource by itself.
#[derive(Clone, Copy, Debug)]
pub struct Proportional;

impl Allocator for Proportional {
    fn allocate(&self, problem: &Problem) -> Allocation {
        // BEGIN SOLUTION stage 2: the same water, in basins of different widths
        kind_by_kind(problem, problem.weights())
        // END SOLUTION
    }
}
