//! Dominant resource fairness task by task, as the paper has it: resources come in whole tasks.
//!
//! Whoever has the lowest dominant share launches its next task. A heap keeps the order, so a task
//! costs O(log n).

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::problem::{Problem, dominant, fits};
use crate::quantities::{Quantities, add};

/// The launches of all tasks that fit, in order. A service's demand is that of *one* task here, and
/// it always has another one to launch.
///
/// The paper's algorithm ends when the next in turn doesn't fit. Here only that service is done, and
/// smaller tasks of others may still fit.
#[derive(Debug)]
pub struct Launches<'a> {
    problem: &'a Problem,
    turns: BinaryHeap<Reverse<Turn>>,
    used: Vec<f64>,
    held: Quantities,
}

/// One task was launched.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// Whose task it is.
    pub service: usize,
    /// The service's dominant share with it, not divided by its weight.
    pub share: f64,
    /// What all tasks use now, by kind.
    pub used: Vec<f64>,
}

/// Who is next: the lowest dominant share for its weight; of several, the first in the list.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    level: f64,
    service: usize,
}

impl Eq for Turn {}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        let levels = self.level.total_cmp(&other.level);
        levels.then(self.service.cmp(&other.service))
    }
}

impl<'a> Launches<'a> {
    /// Nothing is launched yet. Services whose task takes nothing never launch: there would be no
    /// end.
    #[must_use]
    pub fn of(problem: &'a Problem) -> Self {
        let turn = |service| {
            Reverse(Turn {
                level: 0.0,
                service,
            })
        };
        let busy =
            (0..problem.services()).filter(|service| problem.dominant_demand(*service) > 0.0);
        Launches {
            problem,
            turns: busy.map(turn).collect(),
            used: vec![0.0; problem.kinds()],
            held: Quantities::zero(problem.services(), problem.kinds()),
        }
    }
}

impl Iterator for Launches<'_> {
    type Item = Launch;

    fn next(&mut self) -> Option<Launch> {
        // BEGIN SOLUTION stage 3: the lowest share launches; what if its task doesn't fit?
        let capacities = self.problem.capacities();
        while let Some(Reverse(Turn { service, .. })) = self.turns.pop() {
            let task = self.problem.demands().row(service);
            if !fits(&self.used, task, capacities) {
                continue;
            }
            add(&mut self.used, task);
            add(self.held.row_mut(service), task);
            let share = dominant(self.held.row(service), capacities);
            let level = share / self.problem.weights()[service];
            self.turns.push(Reverse(Turn { level, service }));
            return Some(Launch {
                service,
                share,
                used: self.used.clone(),
            });
        }
        None
        // END SOLUTION
    }
}

/// How many tasks of each service run once no more fits.
#[must_use]
pub fn task_counts(problem: &Problem) -> Vec<usize> {
    let mut counts = vec![0; problem.services()];
    for launch in Launches::of(problem) {
        counts[launch.service] += 1;
    }
    counts
}
