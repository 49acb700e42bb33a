//! Dominant resource fairness (Ghodsi et al., NSDI 2011), for resources that can be divided at will.
//!
//! A service uses all kinds of resource in the proportions of its demand: half its CPU without half
//! its memory is worth nothing to it. So it gets a fraction of its whole demand, and what is made
//! equal is everyone's *dominant share*, the largest part of any capacity that it holds, for each
//! unit of weight.
//!
//! *Progressive filling*: all dominant shares rise together. Who has all it demands stops. When a
//! kind of resource is used up, everyone who needs it stops, and the others go on (services that
//! don't need some kinds at all: Parkes, Dolev and Shah, EC 2012).

use crate::allocator::{Allocation, Allocator};
use crate::problem::Problem;
use crate::quantities::{Quantities, add};

/// Weighted dominant resource fairness: no service gains by saying anything but the truth, none
/// would rather have another's part, none does worse than with its weight's part of everything, and
/// nothing is left that somebody could use.
#[derive(Clone, Copy, Debug)]
pub struct Drf;

impl Allocator for Drf {
    fn allocate(&self, problem: &Problem) -> Allocation {
        // BEGIN SOLUTION stage 3: raise the level from event to event; which events are there?
        let mut grants = Quantities::zero(problem.services(), problem.kinds());
        let mut used = vec![0.0; problem.kinds()];
        let mut rising = by_need(problem);
        // Every turn but the last uses up a kind of resource, and stops all who need it.
        while let Some(stop) = next_exhaustion(problem, &rising, &used) {
            let mut stays = Vec::with_capacity(rising.len());
            for (place, claim) in rising.iter().enumerate() {
                let demand = problem.demands().row(claim.service);
                let satisfied = place < stop.satisfied;
                if !satisfied && demand[stop.kind] == 0.0 {
                    stays.push(*claim);
                    continue;
                }
                let part = if satisfied {
                    1.0
                } else {
                    stop.level / claim.full_at
                };
                let grant = grants.row_mut(claim.service);
                for (granted, wanted) in grant.iter_mut().zip(demand) {
                    *granted = part * wanted;
                }
                add(&mut used, grant);
            }
            rising = stays;
        }
        for claim in rising {
            let demand = problem.demands().row(claim.service);
            grants.row_mut(claim.service).copy_from_slice(demand);
        }
        Allocation::new(grants)
        // END SOLUTION
    }
}

// BEGIN SOLUTION ITEMS stage 3: who is still rising, and what stops whom
/// A service whose share is rising.
#[derive(Clone, Copy, Debug)]
struct Claim {
    service: usize,
    /// The level at which it has all that it demands: its dominant demand by its weight.
    full_at: f64,
}

/// All services that demand anything, those who need the least for their weight first.
fn by_need(problem: &Problem) -> Vec<Claim> {
    let claim = |service| Claim {
        service,
        full_at: problem.dominant_demand(service) / problem.weights()[service],
    };
    let mut claims: Vec<Claim> = (0..problem.services()).map(claim).collect();
    claims.retain(|claim| claim.full_at > 0.0);
    claims.sort_unstable_by(|left, right| left.full_at.total_cmp(&right.full_at));
    claims
}

/// A kind of resource is used up.
#[derive(Clone, Copy, Debug)]
struct Exhaustion {
    kind: usize,
    level: f64,
    /// How many of the rising services had all they demand before.
    satisfied: usize,
}

/// The first kind that is used up as the level rises; none if all can have all.
///
/// At a level L the services before some place are satisfied and use their demands; those from it
/// on use L times their rates. The rates are summed from the end, because subtracting the satisfied
/// from a total would leave nothing but rounding errors once only slow services rise.
fn next_exhaustion(problem: &Problem, rising: &[Claim], used: &[f64]) -> Option<Exhaustion> {
    let kinds = problem.kinds();
    let mut rates = vec![0.0; rising.len() * kinds];
    let mut sums = vec![0.0; kinds];
    for (claim, row) in rising.iter().zip(rates.chunks_exact_mut(kinds)).rev() {
        for (sum, demand) in sums.iter_mut().zip(problem.demands().row(claim.service)) {
            *sum += demand / claim.full_at;
        }
        row.copy_from_slice(&sums);
    }
    let mut used = used.to_vec();
    for (satisfied, (claim, rates)) in rising.iter().zip(rates.chunks_exact(kinds)).enumerate() {
        let level_of = |kind: usize| match rates[kind] {
            0.0 => f64::INFINITY,
            rate => ((problem.capacities()[kind] - used[kind]) / rate).max(0.0),
        };
        let levels = (0..kinds).map(|kind| (kind, level_of(kind)));
        let (kind, level) = levels.min_by(|left, right| left.1.total_cmp(&right.1))?;
        if level < claim.full_at {
            return Some(Exhaustion {
                kind,
                level,
                satisfied,
            });
        }
        add(&mut used, problem.demands().row(claim.service));
    }
    None
}
// END SOLUTION
