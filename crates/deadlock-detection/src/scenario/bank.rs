//! A bank: rows with balances, transfers that lock two of them in whatever order they come, and a sum that
//! must not change.
//!
//! A transfer takes the money off the first row before it asks for the second, as a transaction that reads
//! and writes as it goes does. Who has to give way then must undo that, or money is gone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::rng::Stream;

use crate::detector::{Counts, Detector};
use crate::error::{Error, LockError};
use crate::retry::retry;
use crate::tracked::TrackedMutex;
use crate::victim::Policy;

/// The least and the most rows.
pub const ROWS: (u64, u64) = (2, 100_000);
/// The least and the most tellers, each of which is a thread.
pub const TELLERS: (u64, u64) = (1, 1_000);
/// The least and the most transfers of each teller.
pub const TRANSFERS: (u64, u64) = (1, 10_000_000);
/// What every row has at first.
const START: i64 = 1_000;

/// What a bank is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many rows.
    pub rows: usize,
    /// How many tellers work at once.
    pub tellers: usize,
    /// How many transfers each makes.
    pub transfers: usize,
    /// Who gives way.
    pub policy: Policy,
    /// Repeats the transfers, though not their interleaving.
    pub seed: u64,
}

/// What became of a bank's day.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Transfers that were made.
    pub transfers: u64,
    /// The sum of all balances before and after.
    pub sums: [i64; 2],
    /// What the detector counted.
    pub counts: Counts,
    /// The most attempts that one transfer took.
    pub most_attempts: u32,
    /// How long it lasted.
    pub took: Duration,
}

/// Lets a day pass.
///
/// # Errors
/// [`Error::OutOfRange`] if there is too little or too much of something.
///
/// # Panics
/// If the system has no threads left.
pub fn open(plan: Plan) -> Result<Day, Error> {
    let rows = Error::within("the number of rows", plan.rows, ROWS)?;
    let tellers = Error::within("the number of tellers", plan.tellers, TELLERS)?;
    let transfers = Error::within("the number of transfers", plan.transfers, TRANSFERS)?;
    let detector = Detector::new(plan.policy);
    let accounts: Vec<TrackedMutex<i64>> = (0..rows)
        .map(|row| TrackedMutex::named(&detector, format!("row {row}"), START))
        .collect();
    let before = START * i64::try_from(rows).unwrap_or(i64::MAX);
    let most_attempts = AtomicU32::new(0);
    let watch = Stopwatch::start();
    let made = thread::scope(|scope| {
        let working: Vec<_> = (0..tellers)
            .map(|teller| {
                let mut chance = Stream::named(plan.seed, &format!("teller {teller}"));
                let (accounts, most) = (&accounts, &most_attempts);
                let work = move || -> Result<u64, LockError> {
                    for _ in 0..transfers {
                        let attempts = transfer(accounts, teller, &mut chance)?;
                        most.fetch_max(attempts, Ordering::Relaxed);
                    }
                    Ok(transfers as u64)
                };
                thread::Builder::new()
                    .name(format!("teller {teller}"))
                    .spawn_scoped(scope, work)
                    .expect("the system has threads left")
            })
            .collect();
        let ends = working
            .into_iter()
            .map(|one| one.join().expect("no teller panics"));
        ends.sum::<Result<u64, LockError>>()
    })?;
    let took = watch.elapsed();
    let counts = detector.counts();
    let balances = accounts.into_iter().map(TrackedMutex::into_inner);
    Ok(Day {
        transfers: made,
        sums: [before, balances.sum::<Result<i64, LockError>>()?],
        counts,
        most_attempts: most_attempts.into_inner(),
        took,
    })
}

/// Moves some money from one row to another; returns the attempts that it took.
fn transfer(
    accounts: &[TrackedMutex<i64>],
    teller: usize,
    chance: &mut Stream,
) -> Result<u32, LockError> {
    let from = chance.index(accounts.len());
    let to = (from + 1 + chance.index(accounts.len() - 1)) % accounts.len();
    let amount = i64::try_from(chance.below(100)).unwrap_or(0);
    // Tellers are of unlike importance, or the policy by priority would have nothing to choose by.
    retry(i32::try_from(teller).unwrap_or(0), |attempt| {
        let mut source = accounts[from].lock()?;
        *source -= amount;
        attempt.worked(1);
        // What a real transaction does between its two rows; here it lets the others come.
        thread::yield_now();
        match accounts[to].lock() {
            Ok(mut target) => {
                *target += amount;
                Ok(attempt.number())
            }
            Err(gave_way) => {
                *source += amount;
                Err(gave_way)
            }
        }
    })
}
