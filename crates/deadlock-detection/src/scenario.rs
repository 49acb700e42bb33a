//! The stories that the demonstration tells, each a small program that deadlocks unless it is helped.

pub mod bank;
pub mod philosophers;
pub mod ring;
pub mod two_locks;
