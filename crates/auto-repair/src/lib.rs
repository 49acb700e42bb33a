//! Auto repair: who notices that a service has died, and what else has to die with it?
//!
//! A supervisor starts processes, watches them, and starts them again: after a crash, a hang or a leak,
//! in the right order, neither too late nor over and over. Erlang's strategies say what a failure of one
//! does to the others; a limit says when repairing is of no use.
//!
//! # Invariants
//! - At every moment a service has at most one process, and what is said of an earlier one is ignored.
//! - A service is started only when all that it needs is ready.
//! - A group is never restarted more often than its limit allows: a crash loop ends.
//! - No process outlives the supervisor, however that one ends, and none is left as a zombie.
//! - The [`supervisor`] reads no clock and draws no surprise: the same plan, seed and events give the
//!   same effects, over virtual processes and over real ones.
//!
//! # Modules, in reading order
//! - [`plan`]: what is declared, and checked once.
//! - [`supervisor`]: the decisions.
//! - [`simulation`]: virtual processes that fail by the seed; [`ledger`]: what failing cost.
//! - [`live`]: real processes, and an operator's socket; [`child`], [`injection`]: processes to try it on,
//!   and ways to make them fail.
//! - [`error`]: what can go wrong.

pub mod child;
pub mod error;
pub mod injection;
pub mod ledger;
pub mod live;
pub mod plan;
pub mod simulation;
pub mod supervisor;

pub use error::Error;
pub use live::Supervisor;
pub use plan::{Group, Plan, Service, Strategy};
