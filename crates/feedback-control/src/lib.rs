//! Feedback control: how many servers, when nobody says how much traffic there will be?
//!
//! An autoscaler measures, decides and acts, once a cycle. Too few servers, and requests wait and
//! drop; too many, and money burns; too nervous, and both. Four controllers decide here, over a
//! simulated plant that queues and over real processes, and are compared with one who knew it all.
//!
//! # Invariants
//! - A controller never asks for fewer servers than the least or more than the most.
//! - A controller sees an [`controller::Observation`] and nothing else: not the time, not the traffic
//!   to come, not whether the servers are real.
//! - A simulated run has no chance but its traffic's: the same trace gives the same samples.
//! - No controller is cheaper than the [`optimum`].
//!
//! # Modules, in reading order
//! - [`controller`]: the four of them; [`forecast`]: what the last of them believes.
//! - [`queue`], [`plant`]: what is controlled, simulated; [`traffic`]: what it has to bear.
//! - [`feedback`]: the loop; [`score`]: what a run was worth; [`optimum`]: what it could have cost.
//! - [`comparison`]: all controllers over all traffic.
//! - [`live`]: the same loop over real processes.
//! - [`config`], [`error`]: what is allowed, what can go wrong.

pub mod comparison;
pub mod config;
pub mod controller;
pub mod error;
pub mod feedback;
pub mod forecast;
pub mod live;
pub mod optimum;
pub mod plant;
pub mod queue;
pub mod score;
pub mod traffic;

pub use error::Error;
