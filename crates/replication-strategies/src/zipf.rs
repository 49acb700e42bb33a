//! Zipf's law: the object of rank r is asked for in proportion to 1 / r^skew.

use crate::error::{Error, within};

/// The steepest skew: beyond it nobody asks for anything but the first object.
pub const MOST_SKEW: f64 = 10.0;

/// A sampler with a constant price for each draw: the alias method (Walker 1977, built as in Vose 1991).
/// Every column holds two ranks and how much of the column belongs to the first.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// Below which coin (of 2^32) a column's own rank is meant.
    thresholds: Vec<u32>,
    aliases: Vec<u32>,
    weights: Vec<f64>,
}

impl Zipf {
    /// Ranks 0 to `ranks - 1`; with a skew of 0 all are equally likely.
    ///
    /// # Errors
    /// If there are no ranks, or the skew is negative, too large, or no number.
    pub fn new(ranks: usize, skew: f64) -> Result<Self, Error> {
        if ranks == 0 {
            return Err(Error::EmptyCatalogue);
        }
        within("--skew", skew, (0.0, MOST_SKEW), "a number from 0 to 10")?;
        let weights = weigh(ranks, skew);
        let (thresholds, aliases) = columns(&weights);
        Ok(Zipf {
            thresholds,
            aliases,
            weights,
        })
    }

    /// How likely a rank is.
    #[must_use]
    pub fn probability(&self, rank: usize) -> f64 {
        self.weights[rank]
    }

    /// The rank that 64 random bits stand for.
    #[must_use]
    pub fn rank(&self, bits: u64) -> usize {
        // BEGIN SOLUTION stage 2: the upper half chooses a column, the lower one is the coin
        let column = (((bits >> 32) * self.thresholds.len() as u64) >> 32) as usize;
        let coin = bits & 0xffff_ffff;
        if coin < u64::from(self.thresholds[column]) {
            column
        } else {
            self.aliases[column] as usize
        }
        // END SOLUTION
    }
}

/// The weight of every rank; all of them together are 1.
fn weigh(ranks: usize, skew: f64) -> Vec<f64> {
    // BEGIN SOLUTION stage 2: in proportion to 1 / rank^skew, counted from 1
    let raw: Vec<f64> = (1..=ranks).map(|rank| (rank as f64).powf(-skew)).collect();
    let total: f64 = raw.iter().sum();
    raw.iter().map(|weight| weight / total).collect()
    // END SOLUTION
}

/// Fills the columns, each as high as the mean: a rank that is too small for its column shares it with
/// one that is too large for its own.
fn columns(weights: &[f64]) -> (Vec<u32>, Vec<u32>) {
    let ranks = weights.len();
    let index = |rank: usize| u32::try_from(rank).expect("at most a million ranks");
    let mut left: Vec<f64> = weights.iter().map(|weight| weight * ranks as f64).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..ranks).partition(|rank| left[*rank] < 1.0);
    // What stays full by rounding belongs to its own rank alone.
    let mut thresholds = vec![u32::MAX; ranks];
    let mut aliases: Vec<u32> = (0..ranks).map(index).collect();
    // BEGIN SOLUTION stage 2: pair a small one with a large one until one kind is used up
    while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
        thresholds[poor] = coin(left[poor]);
        aliases[poor] = index(rich);
        left[rich] -= 1.0 - left[poor];
        if left[rich] < 1.0 {
            large.pop();
            small.push(rich);
        }
    }
    // END SOLUTION
    (thresholds, aliases)
}

/// A share of a column as a threshold.
fn coin(share: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 0 to 1; casting a float saturates"
    )]
    let threshold = (share * 4_294_967_296.0) as u32;
    threshold
}
