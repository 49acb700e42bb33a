//! Replication strategies: where should copies be, if each makes reads cheaper and writes dearer?
//!
//! Seven strategies place copies of a thousand objects in ten regions. A simulated network and real
//! processes carry their orders out, and can't be told apart by them.
//!
//! # Invariants
//! - The home of an object always holds it, and alone puts its writes in order.
//! - A strategy hears [`strategy::Event`]s and the books, and nothing else: no clock, no wire, no chance.
//! - Every byte received was sent, link by link; once all is quiet the two are equal.
//! - No node goes back to an older version than the newest that it has heard of.
//! - The same seed makes the same simulated run, bit by bit.
//!
//! # Modules, in reading order
//! - [`topology`], [`catalogue`], [`placement`]: where, what, and who holds it; [`asked`]: full against
//!   random, as simply as can be.
//! - [`zipf`], [`exponential`], [`workload`]: who asks for what, and when; [`config`]: what can be chosen.
//! - [`network`]: links that queue; [`simulator`]: what happens on them.
//! - [`strategy`]: the seven; [`directory`], [`director`]: their books and the hand that obeys.
//! - [`outcome`], [`price`], [`comparison`]: what a run was worth, and which strategy wins where.
//! - [`live`]: the same strategies over real processes and real files.
//! - [`error`]: what can go wrong.

pub mod asked;
pub mod catalogue;
pub mod comparison;
pub mod config;
pub mod director;
pub mod directory;
pub mod error;
pub mod exponential;
pub mod live;
pub mod network;
pub mod outcome;
pub mod placement;
pub mod price;
pub mod simulator;
pub mod strategy;
pub mod topology;
pub mod workload;
pub mod zipf;

pub use error::Error;
