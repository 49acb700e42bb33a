//! Counting primes, from trial division to a parallel sieve as fast as the best known program.
//!
//! How many primes lie below 10^10? The obvious program needs hours, threads divide them by the
//! number of processors, and a better algorithm by ten thousand. This lab keeps every step between,
//! each measured, and then shares the fastest one among all processors.
//!
//! # Invariants
//! - Every rung counts the same: a range `[a, b)` holds each prime once, whatever its size, and
//!   ranges that meet add up.
//! - Nothing but the two unsegmented sieves needs memory in proportion to the range.
//! - Nothing overflows up to b = 2^64-1. That number isn't prime, so no 64-bit prime is out of reach.
//!
//! # Modules, in reading order
//! - The ladder: [`trial`], [`eratosthenes`], [`odd_bits`], [`segmented`], [`wheel`]; [`ladder`] sets
//!   them side by side.
//! - [`parallel`]: equal chunks and dynamic distribution; [`scaling`]: the laws of the speed-up.
//! - [`list`] and [`nth`]: the primes themselves.
//! - [`measure`]: the experiments of the demo.
//! - [`cache`], [`number`], [`error`]: what the machine is like, what the user wrote, what went wrong.

#[cfg(not(target_pointer_width = "64"))]
compile_error!("positions in memory are computed as 64-bit numbers");

pub mod cache;
pub mod eratosthenes;
pub mod error;
pub mod ladder;
pub mod list;
pub mod measure;
pub mod nth;
pub mod number;
pub mod odd_bits;
pub mod parallel;
pub mod scaling;
pub mod segmented;
pub mod trial;
pub mod wheel;

pub use error::Error;
