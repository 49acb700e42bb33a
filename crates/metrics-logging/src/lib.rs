//! Metrics logging: a time-series database, and what to see in what it holds.
//!
//! Services say every few seconds how they are. Two numbers a second from a thousand services are a
//! hundred and seventy million points a day: sixteen bytes each would be too many, and nobody looks at
//! them all. So they are compressed to little more than a byte, logged so that none is lost, summed up
//! for whoever asks, and watched by detectors that say when one doesn't look like the others.
//!
//! # Invariants
//! - What is acknowledged survives a crash: the log is synced before.
//! - A sample is read back bit by bit as it was written; of two with the same time, the later written.
//! - A batch's good lines are kept, its bad ones named with line and reason.
//! - No input makes memory grow without bound: series, batches, lines and answers have limits.
//! - Everything but the drivers (files, sockets, clocks) is a pure function of what it is given.
//!
//! # Modules, in reading order
//! - [`point`], [`line`](mod@line): what is measured, and how it is written down.
//! - [`gorilla`], [`column`](mod@column), [`index`]: samples compressed, in order, and found again.
//! - [`varint`], [`wal`], [`segment`], [`engine`]: on disk, and after a crash.
//! - [`query`], [`instant`]: questions and answers.
//! - [`store`]: this engine and InfluxDB behind one trait.
//! - [`fleet`], [`detect`]: services with known anomalies, and who finds them.
//! - [`server`]: what others speak: line protocol, InfluxQL, Prometheus; and a page.
//! - [`config`], [`error`]: what is allowed, what can go wrong.

pub mod column;
pub mod config;
pub mod detect;
pub mod engine;
pub mod error;
pub mod fleet;
pub mod gorilla;
pub mod index;
pub mod instant;
pub mod line;
pub mod point;
pub mod query;
pub mod segment;
pub mod server;
pub mod store;
pub mod varint;
pub mod wal;

pub use engine::Engine;
pub use error::Error;
