//! What all allocators have in common: a problem in, a part for each service out.

use std::fmt;

use crate::drf::Drf;
use crate::greedy::Greedy;
use crate::max_min::MaxMin;
use crate::priority::Priority;
use crate::problem::{Problem, dominant};
use crate::proportional::Proportional;
use crate::quantities::Quantities;

/// A rule by which a pool is shared. A pure function: what it granted before plays no part.
///
/// Whatever the rule, no service gets more than it demands, and all together no more than there is
/// (up to [`TOLERANCE`](crate::quantities::TOLERANCE)).
pub trait Allocator: fmt::Debug {
    /// Shares the pool.
    fn allocate(&self, problem: &Problem) -> Allocation;
}

/// What every service got.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation(Quantities);

impl Allocation {
    /// Wraps the grants, by service and kind.
    #[must_use]
    pub fn new(grants: Quantities) -> Self {
        Allocation(grants)
    }

    /// The grants, by service and kind.
    #[must_use]
    pub fn grants(&self) -> &Quantities {
        &self.0
    }

    /// What one service got, by kind.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn of(&self, service: usize) -> &[f64] {
        self.0.row(service)
    }

    /// The largest part of any capacity that the service got: its dominant share.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn dominant_share(&self, problem: &Problem, service: usize) -> f64 {
        dominant(self.of(service), problem.capacities())
    }
}

/// The rules that this lab compares, in the order in which it builds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// First come, first served.
    Greedy,
    /// Max-min fairness, kind by kind.
    MaxMin,
    /// Proportional to weights, kind by kind.
    Proportional,
    /// Dominant resource fairness.
    Drf,
    /// Guaranteed minima, then class by class.
    Priority,
}

impl Policy {
    /// All of them.
    pub const ALL: [Policy; 5] = [
        Policy::Greedy,
        Policy::MaxMin,
        Policy::Proportional,
        Policy::Drf,
        Policy::Priority,
    ];

    /// Its name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Policy::Greedy => "greedy",
            Policy::MaxMin => "max-min",
            Policy::Proportional => "proportional",
            Policy::Drf => "drf",
            Policy::Priority => "priority",
        }
    }

    /// The allocator that follows this rule.
    #[must_use]
    pub fn allocator(self) -> &'static dyn Allocator {
        match self {
            Policy::Greedy => &Greedy,
            Policy::MaxMin => &MaxMin,
            Policy::Proportional => &Proportional,
            Policy::Drf => &Drf,
            Policy::Priority => &Priority,
        }
    }
}
