//! What the labs share, and nothing that belongs to one of them.
//!
//! labkit knows no lab. A module enters when a third lab needs what it holds, and each says in its
//! header what it is for and what it never does. In reading order:
//!
//! - [`run`], [`args`], [`shutdown`], [`progress`]: from the command line to the exit code.
//! - [`report`], [`chart`]: what a run found, for a terminal, a program and a browser.
//! - [`stats`]: distributions and honest intervals.
//! - [`clock`], [`wait`], [`rng`]: time, patience and chance, all of them repeatable.
//! - [`skip`]: tests that can't run here say so.
//! - behind features: [`backoff`], [`browser`], [`net`], [`process`], [`sandbox`], [`services`], [`sim`],
//!   [`sync`], [`trace`], [`versus`].

pub mod args;
pub mod chart;
pub mod clock;
mod nan;
pub mod progress;
pub mod report;
pub mod rng;
pub mod run;
pub mod shutdown;
pub mod skip;
pub mod stats;
pub mod wait;

#[cfg(feature = "backoff")]
pub mod backoff;
#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "services")]
pub mod services;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "sync")]
pub mod sync;
#[cfg(feature = "trace")]
pub mod trace;
#[cfg(feature = "versus")]
pub mod versus;
