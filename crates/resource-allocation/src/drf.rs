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
        let mut rising = claims(problem);
        // Every turn uses up a kind of resource, and stops all who need it.
        while let Some(Exhaustion { kind, level }) = next_exhaustion(problem, &rising, &used) {
            rising.retain(|claim| {
                let demand = problem.demands().row(claim.service);
                let satisfied = claim.full_at <= level;
                let goes_on = !satisfied && demand[kind] == 0.0;
                if !goes_on {
                    let part = if satisfied { 1.0 } else { level * claim.speed };
                    let grant = grants.row_mut(claim.service);
                    for (granted, wanted) in grant.iter_mut().zip(demand) {
                        *granted = part.min(1.0) * wanted;
                    }
                    add(&mut used, grant);
                }
                goes_on
            });
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
    /// The part of its demand that it gets for each unit of the level.
    speed: f64,
}

/// All services that demand anything.
fn claims(problem: &Problem) -> Vec<Claim> {
    let claim = |service| {
        let full_at = problem.dominant_demand(service) / problem.weights()[service];
        Claim {
            service,
            full_at,
            speed: 1.0 / full_at,
        }
    };
    let claims = (0..problem.services()).map(claim);
    claims.filter(|claim| claim.full_at > 0.0).collect()
}

/// What rounding may add to a sum that is exactly a capacity.
const SLACK: f64 = 1e-12;

/// A kind of resource is used up.
#[derive(Clone, Copy, Debug)]
struct Exhaustion {
    kind: usize,
    level: f64,
}

/// The first kind that is used up as the level rises; none if all can have all.
///
/// Looks for the level by bisection, between the levels at which services are satisfied. A service
/// is looked at once more only while the level may lie on its side, and the middle is found by
/// selection, so all of it takes O(n), where a sort would take O(n log n). Services stay in their
/// order, so that memory is read from one end to the other. Sums are only ever added to: subtracting
/// the satisfied from a total would leave nothing but rounding errors once only slow services rise.
fn next_exhaustion(problem: &Problem, rising: &[Claim], used: &[f64]) -> Option<Exhaustion> {
    let demand = |claim: &Claim| problem.demands().row(claim.service);
    let mut found = None;
    let mut open = rising.to_vec();
    let mut levels = Vec::with_capacity(open.len());
    // What those use that are sure to be satisfied before, and what those take for each unit of level
    // that are sure not to be.
    let (mut used, mut rates) = (used.to_vec(), vec![0.0; problem.kinds()]);
    while !open.is_empty() {
        levels.clear();
        levels.extend(open.iter().map(|claim| claim.full_at));
        let middle = levels.len() / 2;
        let middle = *levels.select_nth_unstable_by(middle, f64::total_cmp).1;
        let mut sums = [used.clone(), rates.clone()];
        for claim in &open {
            // An index where a branch would be: half of all guesses at it would be wrong.
            let is_above = usize::from(claim.full_at >= middle);
            let factor = [1.0, claim.speed][is_above];
            for (sum, demand) in sums[is_above].iter_mut().zip(demand(claim)) {
                *sum += factor * demand;
            }
        }
        let [below, above] = sums;
        let stop = lowest_level(problem.capacities(), &below, &above)?;
        if stop.level < middle {
            found = Some(stop);
            rates = above;
            keep(&mut open, |claim| claim.full_at < middle);
        } else {
            used = below;
            for claim in open.iter().filter(|claim| claim.full_at == middle) {
                add(&mut used, demand(claim));
            }
            keep(&mut open, |claim| claim.full_at > middle);
        }
    }
    found
}

/// As `retain`, but without a branch on the answer, which nobody could guess.
fn keep(open: &mut Vec<Claim>, passes: impl Fn(&Claim) -> bool) {
    let mut kept = 0;
    for at in 0..open.len() {
        let claim = open[at];
        open[kept] = claim;
        kept += usize::from(passes(&claim));
    }
    open.truncate(kept);
}

/// The kind that is used up at the lowest level, with what is used already and what each unit of
/// level takes.
fn lowest_level(capacities: &[f64], used: &[f64], rates: &[f64]) -> Option<Exhaustion> {
    let level = |kind: usize| match (rates[kind], capacities[kind]) {
        // Nobody takes any from here on; but those before may have taken more than there is.
        (0.0, capacity) if used[kind] <= capacity * (1.0 + SLACK) => f64::INFINITY,
        (0.0, _) => 0.0,
        (rate, capacity) => ((capacity - used[kind]) / rate).max(0.0),
    };
    let stops = (0..capacities.len()).map(|kind| Exhaustion {
        kind,
        level: level(kind),
    });
    stops.min_by(|left, right| left.level.total_cmp(&right.level))
}
// END SOLUTION
