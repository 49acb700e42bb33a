//! Dining philosophers: each needs the forks at both hands, and all begin with the left one.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;

use crate::deadlock::{Deadlock, Event};
use crate::detector::Detector;
use crate::error::{Error, LockError};
use crate::ordered::lock_both;
use crate::retry::retry;
use crate::tracked::TrackedMutex;
use crate::victim::Policy;

/// The least and the most philosophers: one has only one fork, and each is a thread.
pub const PHILOSOPHERS: (u64, u64) = (2, 500);
/// The least and the most meals of each.
pub const MEALS: (u64, u64) = (1, 1_000_000);

/// How they get along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Left fork, right fork; who is in a deadlock and gives way puts the left one back.
    Detect,
    /// The fork with the smaller number first: no cycle can close.
    Ordered,
}

/// What became of a dinner.
#[derive(Debug)]
pub struct Dinner {
    /// Meals eaten, as counted by the forks: each meal uses two.
    pub meals: u64,
    /// Cycles that were broken.
    pub deadlocks: u64,
    /// The first of them.
    pub first: Option<Arc<Deadlock>>,
    /// The most attempts that one meal took.
    pub most_attempts: u32,
    /// How long the dinner lasted.
    pub took: Duration,
}

/// Has so many philosophers eat so many meals each.
///
/// # Errors
/// [`Error::OutOfRange`] if there are too few or too many of either.
///
/// # Panics
/// If the system has no threads left.
pub fn dine(
    philosophers: usize,
    meals: usize,
    manners: Manners,
    policy: Policy,
) -> Result<Dinner, Error> {
    let philosophers = Error::within("the number of philosophers", philosophers, PHILOSOPHERS)?;
    let meals = Error::within("the number of meals", meals, MEALS)?;
    let detector = Detector::new(policy);
    let events = detector.subscribe();
    let forks: Vec<TrackedMutex<u64>> = (0..philosophers)
        .map(|place| TrackedMutex::named(&detector, format!("fork {place}"), 0))
        .collect();
    let table = Barrier::new(philosophers);
    let watch = Stopwatch::start();
    let attempts = thread::scope(|scope| {
        let seated: Vec<_> = (0..philosophers)
            .map(|place| {
                let (left, right) = (&forks[place], &forks[(place + 1) % philosophers]);
                let table = &table;
                thread::Builder::new()
                    .name(format!("diner {place}"))
                    .spawn_scoped(scope, move || eat(left, right, meals, manners, table))
                    .expect("the system has threads left")
            })
            .collect();
        let ends = seated
            .into_iter()
            .map(|one| one.join().expect("nobody chokes"));
        ends.collect::<Result<Vec<u32>, LockError>>()
    })?;
    let took = watch.elapsed();
    let uses = forks.into_iter().map(TrackedMutex::into_inner);
    let uses: u64 = uses.sum::<Result<u64, LockError>>()?;
    Ok(Dinner {
        meals: uses / 2,
        deadlocks: detector.counts().deadlocks,
        first: events.try_iter().find_map(Event::into_deadlock),
        most_attempts: attempts.into_iter().max().unwrap_or(0),
        took,
    })
}

/// Eats so many meals; returns the most attempts that one took.
fn eat(
    left: &TrackedMutex<u64>,
    right: &TrackedMutex<u64>,
    meals: usize,
    manners: Manners,
    table: &Barrier,
) -> Result<u32, LockError> {
    let mut most = 0;
    for meal in 0..meals {
        let attempts = retry(0, |attempt| {
            match manners {
                Manners::Detect => {
                    let mut left = left.lock()?;
                    // At the first meal all have their left fork before anyone reaches for the right one:
                    // the cycle is certain, not a matter of luck.
                    if meal == 0 && attempt.number() == 1 {
                        table.wait();
                    }
                    let mut right = right.lock()?;
                    (*left, *right) = (*left + 1, *right + 1);
                }
                Manners::Ordered => {
                    let (mut left, mut right) = lock_both(left, right)?;
                    (*left, *right) = (*left + 1, *right + 1);
                }
            }
            Ok::<u32, LockError>(attempt.number())
        })?;
        most = most.max(attempts);
    }
    Ok(most)
}
