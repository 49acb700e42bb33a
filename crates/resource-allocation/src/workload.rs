//! Services whose load nobody can foresee, but anybody can repeat from its seed.

use labkit::rng::Stream;

use crate::problem::{Pool, Service};
use crate::quantities::Quantities;

/// The chance, per cycle, that an idle service becomes busy, and that a busy one becomes idle: over
/// time 60 % are busy, for a dozen cycles each time.
const WAKES: f64 = 0.12;
const RESTS: f64 = 0.08;
/// What an idle service still uses of its peak.
const IDLE: f64 = 0.1;
/// The peak in units of an equal part of the capacity, for the kind that a service uses most of, and
/// for the others: busy services together ask for more than there is.
const HEAVY: f64 = 3.4;
const LIGHT: f64 = 1.0;
/// The promised minimum in the same unit.
const PROMISED: f64 = 0.4;

/// Random services and their loads, cycle by cycle.
#[derive(Debug)]
pub struct Workload {
    services: Vec<Service>,
    peaks: Quantities,
    busy: Vec<bool>,
    chance: Stream,
}

impl Workload {
    /// So many services for this pool. Each uses most of one kind of resource, in turn; every fourth
    /// has twice the weight; classes 0, 1 and 2 take turns.
    #[must_use]
    pub fn random(pool: &Pool, services: usize, mut chance: Stream) -> Self {
        let part = |kind: usize| pool.capacities()[kind] / services as f64;
        let kinds = pool.kinds();
        let mut peaks = Quantities::zero(services, kinds);
        for service in 0..services {
            for (kind, peak) in peaks.row_mut(service).iter_mut().enumerate() {
                let size = if service % kinds == kind {
                    HEAVY
                } else {
                    LIGHT
                };
                let peak_of = size * (0.8 + 0.4 * chance.unit()) * part(kind);
                *peak = peak_of.min(pool.capacities()[kind]);
            }
        }
        let minimum: Vec<f64> = (0..kinds).map(|kind| PROMISED * part(kind)).collect();
        let service = |at: usize| {
            Service::new(format!("s{}", at + 1), vec![0.0; kinds])
                .weight(if at % 4 == 3 { 2.0 } else { 1.0 })
                .priority([0, 1, 2][at % 3])
                .minimum(minimum.clone())
        };
        Workload {
            services: (0..services).map(service).collect(),
            busy: (0..services).map(|_| chance.unit() < 0.6).collect(),
            peaks,
            chance,
        }
    }

    /// The services; they demand nothing yet.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Everyone's load in the next cycle.
    pub fn next_loads(&mut self) -> Quantities {
        let mut loads = self.peaks.clone();
        for (service, busy) in self.busy.iter_mut().enumerate() {
            let turns = self.chance.unit() < if *busy { RESTS } else { WAKES };
            *busy ^= turns;
            let level = if *busy { 1.0 } else { IDLE } * (0.85 + 0.15 * self.chance.unit());
            for load in loads.row_mut(service) {
                *load *= level;
            }
        }
        loads
    }

    /// The loads of so many cycles.
    pub fn trace(&mut self, cycles: usize) -> Vec<Quantities> {
        (0..cycles).map(|_| self.next_loads()).collect()
    }
}
