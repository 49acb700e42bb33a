//! How good an allocation is: for everyone, for the machine, for those who went short.

use crate::allocator::Allocation;
use crate::quantities::{Quantities, TOLERANCE, add};

/// Jain's fairness index (Jain, Chiu, Hawe 1984): `(Σx)² / (n Σx²)`. 1 if all have the same, `k/n`
/// if `k` of `n` have the same and the others nothing. 1 if nobody has anything.
#[must_use]
pub fn jain(parts: &[f64]) -> f64 {
    // BEGIN SOLUTION stage 1: the square of the sum by n times the sum of squares; when is that 0/0?
    let sum: f64 = parts.iter().sum();
    let squares: f64 = parts.iter().map(|part| part * part).sum();
    if squares == 0.0 {
        return 1.0;
    }
    sum * sum / (parts.len() as f64 * squares)
    // END SOLUTION
}

/// How much of its load each service can carry, from 0 to 1: the scarcest of its resources decides,
/// since one without the others is worth nothing. 1 for a service without load.
///
/// # Panics
/// If the allocation is of other services.
#[must_use]
pub fn progress(allocation: &Allocation, loads: &Quantities) -> Vec<f64> {
    let scarcest = |(service, load): (usize, &[f64])| part_of(allocation.of(service), load);
    loads.rows().enumerate().map(scarcest).collect()
}

/// The largest part of a load that a grant carries, at most 1.
#[must_use]
pub fn part_of(grant: &[f64], load: &[f64]) -> f64 {
    // BEGIN SOLUTION stage 1: which kind of resource runs out first?
    grant
        .iter()
        .zip(load)
        .filter(|(_, load)| **load > 0.0)
        .map(|(grant, load)| grant / load)
        .fold(1.0, f64::min)
    // END SOLUTION
}

/// The part of each capacity that is granted, by kind.
#[must_use]
pub fn utilisation(allocation: &Allocation, capacities: &[f64]) -> Vec<f64> {
    let totals = allocation.grants().totals();
    by_capacity(&totals, capacities)
}

/// The part of each capacity that is granted *and* does any good: what each service's
/// [`progress`] needs of it.
///
/// # Panics
/// If the allocation is of other services.
#[must_use]
pub fn useful(allocation: &Allocation, loads: &Quantities, capacities: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; capacities.len()];
    for (load, part) in loads.rows().zip(progress(allocation, loads)) {
        let used: Vec<f64> = load.iter().map(|load| part * load).collect();
        add(&mut sums, &used);
    }
    by_capacity(&sums, capacities)
}

/// The part of each capacity that services had load for and didn't get, by kind.
///
/// # Panics
/// If the allocation is of other services.
#[must_use]
pub fn unmet(allocation: &Allocation, loads: &Quantities, capacities: &[f64]) -> Vec<f64> {
    // BEGIN SOLUTION stage 1: what one has too much doesn't help who has too little
    let mut sums = vec![0.0; capacities.len()];
    for (service, load) in loads.rows().enumerate() {
        let pairs = load.iter().zip(allocation.of(service));
        let missing: Vec<f64> = pairs.map(|(load, got)| (load - got).max(0.0)).collect();
        add(&mut sums, &missing);
    }
    by_capacity(&sums, capacities)
    // END SOLUTION
}

fn by_capacity(sums: &[f64], capacities: &[f64]) -> Vec<f64> {
    let pairs = sums.iter().zip(capacities);
    pairs.map(|(sum, capacity)| sum / capacity).collect()
}

/// Whether an allocation grants only what there is, and nobody more than it demands.
///
/// # Panics
/// If the allocation is of other services.
#[must_use]
pub fn conserves(allocation: &Allocation, demands: &Quantities, capacities: &[f64]) -> bool {
    let within = |value: f64, limit: f64| value <= limit * (1.0 + TOLERANCE);
    let rows = allocation.grants().rows().zip(demands.rows());
    let asked = rows
        .flat_map(|(grant, demand)| grant.iter().zip(demand))
        .all(|(grant, demand)| *grant >= 0.0 && within(*grant, *demand));
    let totals = allocation.grants().totals();
    asked
        && totals
            .iter()
            .zip(capacities)
            .all(|(sum, capacity)| within(*sum, *capacity))
}
