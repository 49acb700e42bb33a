//! Fair shares that move with load: who gets how much of a machine that is too small for all?
//!
//! Services with changing loads share CPU, memory and whatever else there is. What they don't use
//! is taken from them and given to the busy, by one of five rules: from first come, first served,
//! which starves whoever asks last, to dominant resource fairness, under which nobody gains by
//! asking for more than it needs. The rules are pure functions; the same functions drive a
//! simulation and real processes, whose limits the kernel enforces.
//!
//! # Invariants
//! - No allocation grants more than there is, nor anyone more than it demands.
//! - A promised minimum is kept whatever the others demand; promises beyond the capacity are refused.
//! - On a constant load claims change once and then rest.
//! - On real processes limits that shrink are set, and seen to be kept, before others grow.
//! - Whatever ends the program, SIGKILL included, no process and no control group is left behind.
//!
//! # Modules, in reading order
//! - What is shared: [`quantities`], [`problem`]; [`spec`], how it is written on a command line.
//! - The rules: [`allocator`], then [`greedy`], [`max_min`], [`proportional`], [`drf`] (and [`tasks`],
//!   the same in whole tasks), [`priority`].
//! - What is made of them: [`fairness`], [`theorems`].
//! - Over time: [`reclaim`], [`broker`], [`workload`], [`simulation`].
//! - On real processes: `live` (on Linux).
//! - [`error`]: what can go wrong.

pub mod allocator;
pub mod broker;
pub mod drf;
pub mod error;
pub mod fairness;
pub mod greedy;
#[cfg(target_os = "linux")]
pub mod live;
pub mod max_min;
pub mod priority;
pub mod problem;
pub mod proportional;
pub mod quantities;
pub mod reclaim;
pub mod simulation;
pub mod spec;
pub mod tasks;
pub mod theorems;
pub mod workload;

pub use allocator::{Allocation, Allocator, Policy};
pub use error::Error;
pub use problem::{Pool, Problem, Service};
