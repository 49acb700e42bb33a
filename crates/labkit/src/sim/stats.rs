//! What a world says about itself: its nodes' words, and its counts.

use std::time::Duration;

use super::NodeId;

/// Something that a node told its surroundings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said<O> {
    /// When, by the world's clock.
    pub at: Duration,
    /// Which node.
    pub node: NodeId,
    /// What.
    pub what: O,
}

/// What happened in a world, in numbers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Events: starts, messages that arrived, timers that ran out, faults.
    pub events: u64,
    /// Messages that were sent.
    pub sent: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that arrived, copies included.
    pub delivered: u64,
    /// Messages lost by chance.
    pub lost: u64,
    /// Copies that the network made.
    pub duplicated: u64,
    /// Messages that a partition stopped.
    pub cut: u64,
    /// Messages that arrived where nobody was up, or that had no such address.
    pub unreachable: u64,
}
