//! Target tracking: the rule of the Kubernetes HorizontalPodAutoscaler.
//!
//! desired = ⌈current × metric / target⌉, except that nothing happens within a tolerance, that
//! servers which don't work yet count as idle when there is to be more, that a step is limited in
//! size, and that the number falls only to the largest that was recommended within a window.

use std::collections::VecDeque;

use super::{Controller, Observation};
use crate::config::Limits;

/// How far one step may go: the larger of a share of the servers (rounded up) and a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Velocity {
    /// A share of the present servers: 1 may double them, or drop them all.
    pub share: f64,
    /// A number of servers.
    pub servers: usize,
}

/// How the rule holds back.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// Within this share of the target the number stays.
    pub tolerance: f64,
    /// For how many cycles a recommendation keeps the number from falling below it.
    pub window: usize,
    /// How far one step up may go.
    pub up: Velocity,
    /// How far one step down may go.
    pub down: Velocity,
}

impl Default for Behaviour {
    /// The defaults of Kubernetes, with its 300 s of stabilisation as 20 cycles of 15 s.
    fn default() -> Self {
        Behaviour {
            tolerance: 0.1,
            window: 20,
            up: Velocity {
                share: 1.0,
                servers: 4,
            },
            down: Velocity {
                share: 1.0,
                servers: 0,
            },
        }
    }
}

/// Keeps the CPU at a target.
#[derive(Clone, Debug)]
pub struct TargetTracking {
    limits: Limits,
    target: f64,
    behaviour: Behaviour,
    /// The latest recommendations, the oldest first.
    recommended: VecDeque<usize>,
}

/// The rule itself, before velocity and window: how many servers the metric asks for.
#[must_use]
pub fn recommend(seen: &Observation, target: f64, tolerance: f64, limits: Limits) -> usize {
    let ordered = seen.ordered();
    // BEGIN SOLUTION stage 3: the ratio; the tolerance; what do servers count that don't work yet?
    // A bound of the tolerance that arithmetic can't miss by its last digit.
    let tolerance = tolerance + 1e-9;
    let ratio = seen.cpu / target;
    if (ratio - 1.0).abs() <= tolerance {
        return limits.clamp(ordered);
    }
    if ratio < 1.0 || seen.starting == 0 {
        // On the way down those that start are left out of the account.
        return limits.ceil(ratio * seen.ready as f64);
    }
    // On the way up they count as idle; if that turns the verdict, nothing happens.
    let diluted = ratio * seen.ready as f64 / ordered as f64;
    if diluted <= 1.0 + tolerance {
        return limits.clamp(ordered);
    }
    limits.ceil(diluted * ordered as f64)
    // END SOLUTION
}

impl Velocity {
    /// The largest change from `servers`.
    #[must_use]
    pub fn most(&self, servers: usize) -> usize {
        // BEGIN SOLUTION stage 3: the policy that allows more wins
        let share = (self.share * servers as f64 - 1e-9).ceil().max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number that isn't negative; casts saturate"
        )]
        let share = share as usize;
        share.max(self.servers)
        // END SOLUTION
    }
}

impl TargetTracking {
    /// A controller that keeps the CPU at `target`, a share between 0 and 1.
    #[must_use]
    pub fn new(limits: Limits, target: f64, behaviour: Behaviour) -> Self {
        TargetTracking {
            limits,
            target,
            behaviour,
            recommended: VecDeque::new(),
        }
    }

    /// The largest of the recommendations of the window, this one included.
    fn stabilised(&mut self, recommended: usize) -> usize {
        // BEGIN SOLUTION stage 3: remember it, forget what is older than the window, take the largest
        self.recommended.push_back(recommended);
        while self.recommended.len() > self.behaviour.window.max(1) {
            self.recommended.pop_front();
        }
        self.recommended
            .iter()
            .copied()
            .max()
            .unwrap_or(recommended)
        // END SOLUTION
    }
}

impl Controller for TargetTracking {
    fn desired(&mut self, seen: &Observation) -> usize {
        let servers = seen.ordered();
        let tolerance = self.behaviour.tolerance;
        let recommended = recommend(seen, self.target, tolerance, self.limits);
        // BEGIN SOLUTION stage 3: up at once, down only as far as the window; both not too fast
        let highest = self.stabilised(recommended);
        let wanted = recommended.max(highest.min(servers));
        let most = servers.saturating_add(self.behaviour.up.most(servers));
        let least = servers.saturating_sub(self.behaviour.down.most(servers));
        self.limits.clamp(wanted.clamp(least, most))
        // END SOLUTION
    }
}
