//! Deadlocks: see the cycle the moment it closes, break it, or never make it.
//!
//! Two threads take two locks in opposite orders, and both wait for ever. Nothing crashes, nothing is
//! logged; a part of the program is gone. This crate has the four answers that are known:
//!
//! - **Detect.** The wait that would close a cycle is known before it begins. A report names the threads,
//!   the locks, the places in the code. No cycle is missed, and none is seen that isn't there.
//! - **Resolve.** One of the cycle gives way: its acquisition fails, it undoes what it did and tries again.
//!   Nobody gives way for ever.
//! - **Warn.** Two orders of locks that contradict each other are a deadlock that hasn't happened yet.
//! - **Avoid.** Take locks in one order; or let a banker refuse what isn't safe.
//!
//! And where nobody sees the whole graph, since the locks live in several processes, probes chase its
//! edges, and what they find is confirmed before anybody has to give way.
//!
//! In reading order: [`graph`] is the wait-for graph, [`victim`] chooses, [`order`] warns, [`banker`]
//! refuses: values without threads. [`tracked`] are the locks that a program uses; below them [`raw`] is the
//! lock word and [`detector`] where threads wait; `party` is what a thread knows about itself. [`deadlock`]
//! is what a detector says, [`drawing`] shows it. [`retry`](mod@retry) rolls back, [`ordered`] never has to.
//! [`edge_chasing`] is the distributed detector's node as a value, [`node`] and [`cluster`] run it in
//! processes. [`scenario`] are the stories that the demonstration tells.

pub mod banker;
pub mod cluster;
pub mod deadlock;
pub mod detector;
pub mod drawing;
pub mod edge_chasing;
pub mod error;
pub mod graph;
pub mod node;
pub mod order;
pub mod ordered;
pub mod raw;
pub mod retry;
pub mod scenario;
pub mod tracked;
pub mod victim;

mod party;
mod since;

pub use deadlock::{Deadlock, Event, OrderWarning, Waited};
pub use detector::Detector;
pub use error::{Error, LockError};
pub use retry::retry;
pub use tracked::{Off, On, TrackedMutex, TrackedRwLock};
pub use victim::Policy;
