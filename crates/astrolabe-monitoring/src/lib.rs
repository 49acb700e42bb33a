//! A monitoring system without a centre, after Astrolabe (van Renesse, Birman, Vogels, 2003).
//!
//! How are ten thousand machines? If all report to one, that one hears ten thousand times as much as any
//! other, and when it is gone nobody knows anything. Here every machine tells a random other one what it
//! knows, zones sum up what is in them, and whichever is asked answers for all.
//!
//! # Invariants
//! - What a node knows is the newest of what it was told, in whatever order, however often.
//! - A row is written by its node alone; a zone's row is computed from its children's, by each node in it.
//! - The version of a zone's row never falls: it is the sum of all versions below, even of those gone.
//! - Whom a node hasn't heard of for too long it doesn't count and doesn't pass on.
//! - Nothing that isn't signed with the tree's key changes anything.
//!
//! # Modules, in reading order
//! - [`central`]: the collector, as it is built first.
//! - [`value`], [`query`], [`aggregate`]: what is asked, and partial results that can be merged.
//! - [`zone`], [`row`], [`table`], [`catalogue`]: what a node knows.
//! - [`agent`], [`message`]: what it does with it; [`detector`]: who is silent for too long.
//! - [`wire`]: messages as signed datagrams; [`live`]: nodes as processes.
//! - [`simulation`]: the same nodes by the thousand.
//! - [`error`]: what can go wrong.

pub mod agent;
pub mod aggregate;
pub mod catalogue;
pub mod central;
pub mod detector;
pub mod error;
pub mod live;
pub mod message;
pub mod query;
pub mod row;
pub mod simulation;
pub mod table;
pub mod value;
pub mod wire;
pub mod zone;

pub use error::Error;
