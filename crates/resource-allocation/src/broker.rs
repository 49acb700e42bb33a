//! The loop itself, one cycle at a time: loads come in, claims follow, the pool is shared anew.
//!
//! The broker is a value that is stepped from outside. It doesn't know whether the loads are simulated,
//! nor whether anybody enforces what it grants: the simulation and the live form drive the same one.

use crate::Error;
use crate::allocator::{Allocation, Policy};
use crate::fairness::{progress, unmet, useful, utilisation};
use crate::priority::preemptions;
use crate::problem::{Pool, Problem, Service};
use crate::quantities::{Quantities, TOLERANCE};
use crate::reclaim::{Hysteresis, Reclaim};

/// What one cycle came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// What everyone got.
    pub allocation: Allocation,
    /// How much of its load each service could carry.
    pub progress: Vec<f64>,
    /// The part of each capacity that was granted.
    pub utilisation: Vec<f64>,
    /// The part of each capacity that was granted and used.
    pub useful: Vec<f64>,
    /// The part of each capacity that services had load for and didn't get.
    pub unmet: Vec<f64>,
    /// How many claims changed.
    pub claims_changed: usize,
    /// How many grants changed.
    pub grants_changed: usize,
    /// How many grants were cut although what was cut was still claimed.
    pub preempted: usize,
}

/// Shares a pool among services, cycle after cycle.
#[derive(Debug)]
pub struct Broker {
    problem: Problem,
    policy: Policy,
    reclaim: Reclaim,
    before: Allocation,
}

impl Broker {
    /// Nobody has anything yet; what the services demand is known from their loads.
    ///
    /// # Errors
    /// Those of [`Problem::new`].
    pub fn new(
        pool: Pool,
        services: Vec<Service>,
        policy: Policy,
        rule: Hysteresis,
    ) -> Result<Self, Error> {
        let problem = Problem::new(pool, services)?;
        let (services, capacities) = (problem.services(), problem.capacities());
        Ok(Broker {
            reclaim: Reclaim::new(rule, services, capacities),
            before: Allocation::new(Quantities::zero(services, capacities.len())),
            problem,
            policy,
        })
    }

    /// What is shared, among whom, and what each claims now.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Takes in everyone's load, and shares anew. A load may be larger than what there is; nobody
    /// claims more than that for it.
    ///
    /// # Errors
    /// [`Error::NotAQuantity`] if a load isn't one, [`Error::WrongKinds`] if there isn't one for each
    /// kind. No claim has changed then.
    ///
    /// # Panics
    /// If these aren't the loads of as many services.
    pub fn step(&mut self, loads: &Quantities) -> Result<Cycle, Error> {
        self.problem.check_loads(loads)?;
        let claims_changed = self.reclaim.observe(loads);
        for (service, claim) in self.reclaim.claims().rows().enumerate() {
            self.problem.set_demand(service, claim)?;
        }
        let allocation = self.policy.allocator().allocate(&self.problem);
        let capacities = self.problem.capacities();
        let cycle = Cycle {
            progress: progress(&allocation, loads),
            utilisation: utilisation(&allocation, capacities),
            useful: useful(&allocation, loads, capacities),
            unmet: unmet(&allocation, loads, capacities),
            claims_changed,
            grants_changed: differing(&self.before, &allocation, capacities),
            preempted: preemptions(&self.problem, &self.before, &allocation).len(),
            allocation: allocation.clone(),
        };
        self.before = allocation;
        Ok(cycle)
    }
}

/// How many grants differ by more than rounding.
fn differing(before: &Allocation, after: &Allocation, capacities: &[f64]) -> usize {
    let rows = before.grants().rows().zip(after.grants().rows());
    rows.map(|(before, after)| {
        let pairs = before.iter().zip(after).zip(capacities);
        pairs
            .filter(|((before, after), capacity)| (*before - *after).abs() > *capacity * TOLERANCE)
            .count()
    })
    .sum()
}
