//! From what services use to what they claim, with hysteresis: who is idle for long gives back, who
//! is busy gets more at once, and everything between is left alone.
//!
//! Re-allocation isn't free: memory has to be given back before another can have it, caches run
//! cold. A claim that followed every wave of the load would move all the time.

use crate::Error;
use crate::quantities::Quantities;

/// When a claim changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hysteresis {
    /// A service that uses less than this part of its claim is idle.
    low: f64,
    /// A service that uses more than this part of its claim is busy.
    high: f64,
    /// What is claimed for each unit in use, when a claim changes.
    headroom: f64,
    /// For how many cycles in a row a service has to be idle before it gives back.
    patience: u32,
}

impl Hysteresis {
    /// Checks that a claim that was just changed is neither idle nor busy: it is in use by
    /// 1/headroom, which lies between both thresholds. So no claim can oscillate on a constant load.
    ///
    /// # Errors
    /// [`Error::Hysteresis`] unless 0 <= low < 1/headroom <= high <= 1 and patience is at least 1.
    pub fn new(low: f64, high: f64, headroom: f64, patience: u32) -> Result<Self, Error> {
        let steady = 1.0 / headroom;
        let ordered = 0.0 <= low && low < steady && steady <= high && high <= 1.0;
        // A comparison with NaN is false, so that NaN is refused as well.
        if ordered && headroom.is_finite() && patience >= 1 {
            return Ok(Hysteresis {
                low,
                high,
                headroom,
                patience,
            });
        }
        Err(Error::Hysteresis {
            low,
            high,
            headroom,
            patience,
        })
    }

    /// Claims follow the load exactly, up and down, at once.
    #[must_use]
    pub fn none() -> Self {
        Hysteresis {
            low: 1.0,
            high: 1.0,
            headroom: 1.0,
            patience: 1,
        }
    }
}

impl Default for Hysteresis {
    /// Busy above 90 %, idle below 50 % for three cycles, a claim of 1.25 times the use: after a
    /// change a claim is 80 % in use, and its load may move by an eighth up and by three eighths
    /// down before it changes again.
    fn default() -> Self {
        Hysteresis {
            low: 0.5,
            high: 0.9,
            headroom: 1.25,
            patience: 3,
        }
    }
}

/// The claims of all services, as their loads come in.
#[derive(Clone, Debug)]
pub struct Reclaim {
    rule: Hysteresis,
    capacities: Vec<f64>,
    claims: Quantities,
    /// For how many cycles each claim has been idle, in the order of the cells.
    idle_for: Vec<u32>,
}

impl Reclaim {
    /// Nobody claims anything yet.
    ///
    /// # Panics
    /// If there are no kinds of resource.
    #[must_use]
    pub fn new(rule: Hysteresis, services: usize, capacities: &[f64]) -> Self {
        Reclaim {
            rule,
            capacities: capacities.to_vec(),
            claims: Quantities::zero(services, capacities.len()),
            idle_for: vec![0; services * capacities.len()],
        }
    }

    /// Takes in one cycle's loads; says how many claims changed.
    ///
    /// # Panics
    /// If these aren't the loads of as many services and kinds.
    pub fn observe(&mut self, loads: &Quantities) -> usize {
        let kinds = self.capacities.len();
        assert_eq!(loads.services(), self.claims.services(), "everyone's load");
        let mut changed = 0;
        for (service, load) in loads.rows().enumerate() {
            for (kind, load) in load.iter().enumerate() {
                let claim = &mut self.claims.row_mut(service)[kind];
                let idle_for = &mut self.idle_for[service * kinds + kind];
                let next = self.rule.next(*claim, *load, idle_for);
                // No claim is larger than what there is, nor does it change by a bit of rounding.
                let next = next.min(self.capacities[kind]);
                changed += usize::from(next != *claim);
                *claim = next;
            }
        }
        changed
    }

    /// What each service claims now.
    #[must_use]
    pub fn claims(&self) -> &Quantities {
        &self.claims
    }
}

impl Hysteresis {
    /// The claim after a cycle with this load.
    fn next(&self, claim: f64, load: f64, idle_for: &mut u32) -> f64 {
        // BEGIN SOLUTION stage 4: up at once, down only after a while, else as it is
        if load > self.high * claim {
            *idle_for = 0;
            return self.headroom * load;
        }
        if load >= self.low * claim {
            *idle_for = 0;
            return claim;
        }
        *idle_for += 1;
        if *idle_for < self.patience {
            return claim;
        }
        *idle_for = 0;
        self.headroom * load
        // END SOLUTION
    }
}
