//! The mechanism: how often each word was recorded.

use std::collections::BTreeMap;

/// Counts of words.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
}

impl Tally {
    /// An empty tally.
    #[must_use]
    pub fn new() -> Self {
        Tally::default()
    }

    /// Counts one word.
    pub fn record(&mut self, word: &str) {
        // BEGIN SOLUTION stage 1: count it; what if it was never seen before?
        *self.counts.entry(word.to_owned()).or_default() += 1;
        // END SOLUTION
    }

    /// How many words were recorded.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The word recorded most often, and how often; the first in the alphabet of several.
    #[must_use]
    pub fn most_frequent(&self) -> Option<(&str, u64)> {
        // BEGIN SOLUTION stage 1: find the largest count; which word wins a tie?
        let largest = *self.counts.values().max()?;
        let mut words = self.counts.iter();
        words
            .find(|(_, count)| **count == largest)
            .map(|(word, count)| (word.as_str(), *count))
        // END SOLUTION
    }
}
