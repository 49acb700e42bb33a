//! Replication strategies: what the problem is, in two sentences that a reader remembers.
//!
//! # Invariants
//! - The counts of a tally add up to the words that were recorded.
//!
//! # Modules, in reading order
//! - [`tally`]: the mechanism.
//! - [`demo`]: its story, told by a run; [`error`]: what can go wrong.

pub mod demo;
pub mod error;
pub mod tally;

pub use error::Error;
pub use tally::Tally;
