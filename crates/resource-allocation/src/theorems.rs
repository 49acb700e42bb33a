//! What dominant resource fairness promises, as questions that can be asked of any allocation.
//!
//! A service is as well off as the scarcest of its resources lets it be
//! ([`part_of`]). The fourth promise, that nobody gains by a lie, is about
//! two allocations, and is asked in the tests.

use crate::allocator::Allocation;
use crate::fairness::part_of;
use crate::problem::Problem;
use crate::quantities::{TOLERANCE, add};

/// How much better off someone must be for it to count; more than rounding.
const MARGIN: f64 = 1e-6;

/// *Sharing incentive*: the services that would be better off alone with their weight's part of
/// every resource.
#[must_use]
pub fn better_alone(problem: &Problem, allocation: &Allocation) -> Vec<usize> {
    let all: f64 = problem.weights().iter().sum();
    let alone = |service: &usize| {
        let part = problem.weights()[*service] / all;
        let own: Vec<f64> = problem.capacities().iter().map(|it| it * part).collect();
        let demand = problem.demands().row(*service);
        part_of(&own, demand) > part_of(allocation.of(*service), demand) + MARGIN
    };
    (0..problem.services()).filter(alone).collect()
}

/// *Envy*: the pairs of a service and another whose grant, scaled by their weights, it would rather
/// have.
#[must_use]
pub fn envies(problem: &Problem, allocation: &Allocation) -> Vec<(usize, usize)> {
    let weights = problem.weights();
    let mut found = Vec::new();
    for service in 0..problem.services() {
        let demand = problem.demands().row(service);
        let own = part_of(allocation.of(service), demand);
        for other in 0..problem.services() {
            let scale = weights[service] / weights[other];
            let theirs: Vec<f64> = allocation.of(other).iter().map(|it| it * scale).collect();
            if part_of(&theirs, demand) > own + MARGIN {
                found.push((service, other));
            }
        }
    }
    found
}

/// *Pareto efficiency*: the services that could be better off without anyone being worse off,
/// because of everything they need something is free, or granted to someone whom it doesn't help.
#[must_use]
pub fn could_grow(problem: &Problem, allocation: &Allocation) -> Vec<usize> {
    let part = |service: usize| part_of(allocation.of(service), problem.demands().row(service));
    let mut useful = vec![0.0; problem.kinds()];
    for (service, demand) in problem.demands().rows().enumerate() {
        let part = part(service);
        let used: Vec<f64> = demand.iter().map(|demand| demand * part).collect();
        add(&mut useful, &used);
    }
    let pairs = useful.iter().zip(problem.capacities());
    let is_free: Vec<bool> = pairs
        .map(|(used, capacity)| *used < capacity * (1.0 - TOLERANCE))
        .collect();
    let grows = |service: &usize| {
        let demand = problem.demands().row(*service).iter();
        part(*service) < 1.0 - MARGIN && demand.zip(&is_free).all(|(it, free)| *it == 0.0 || *free)
    };
    (0..problem.services()).filter(grows).collect()
}
