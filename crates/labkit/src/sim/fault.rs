//! Faults, and schedules of them: written by hand for one story, or drawn for many.

use std::time::Duration;

use super::NodeId;
use super::network::{Network, nanos};
use crate::rng::Stream;

/// How a node's clock differs from the world's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Skew {
    /// How far it is ahead (behind, if negative), in nanoseconds.
    pub offset_ns: i64,
    /// How many millionths it runs too fast (too slow, if negative).
    pub drift_ppm: i32,
}

impl Skew {
    /// The node's clock at a time of the world, in nanoseconds; it never shows less than zero.
    pub(super) fn local(self, world: u64) -> u64 {
        let ahead = i128::from(world) * i128::from(self.drift_ppm) / 1_000_000;
        let local = i128::from(world) + ahead + i128::from(self.offset_ns);
        u64::try_from(local.max(0)).unwrap_or(u64::MAX)
    }

    /// How long the world waits while the node's clock counts `local` nanoseconds.
    pub(super) fn wait(self, local: u64) -> u64 {
        let rate = 1_000_000 + i128::from(self.drift_ppm);
        let world = i128::from(local) * 1_000_000 / rate.max(1);
        u64::try_from(world).unwrap_or(u64::MAX)
    }
}

/// Something that goes wrong, or gets well again.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The node is gone at once: memory, timers, and what its disk hasn't synced.
    Crash(NodeId),
    /// The node crashes within the next event that it handles, after any number of its effects: what
    /// it asked for first has happened, the rest hasn't.
    CrashMidway(NodeId),
    /// The node comes back with what its disk kept. Does nothing if it is up.
    Restart(NodeId),
    /// Groups of nodes can't reach each other; nodes in no group form another one.
    Partition(Vec<Vec<NodeId>>),
    /// Nothing gets from some nodes to others; the way back is open.
    OneWay {
        /// Whose messages are lost.
        from: Vec<NodeId>,
        /// To whom.
        to: Vec<NodeId>,
    },
    /// All partitions end.
    Heal,
    /// The network becomes another one for what is sent from now on.
    Conditions(Network),
    /// A node's clock is set wrong, or right. Timers that run already keep their time.
    Clock(NodeId, Skew),
}

/// Faults at their times.
#[derive(Clone, Debug, Default)]
pub struct Schedule(pub(super) Vec<(u64, Fault)>);

impl Schedule {
    /// Nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault at a time of the world.
    #[must_use]
    pub fn at(mut self, time: Duration, fault: Fault) -> Self {
        self.0.push((nanos(time), fault));
        self
    }

    /// Draws a schedule that keeps to the bounds of `chaos` and leaves everything well at its end:
    /// every node is up, every partition over, every clock right.
    #[must_use]
    pub fn chaos(seed: u64, chaos: &Chaos) -> Self {
        let mut chance = Stream::named(seed, "sim-chaos");
        let mut schedule = Self::new();
        let slot = chaos.until / (chaos.rounds.max(1));
        for round in 0..chaos.rounds {
            // One trouble a round, which is over before the next one: so the bound on how many nodes
            // are down at once holds without bookkeeping.
            let start = slot * round + slot.mul_f64(0.4 * chance.unit());
            let end = start + slot.mul_f64(0.1 + 0.4 * chance.unit());
            schedule = schedule.trouble(chaos, start, end, &mut chance);
        }
        schedule
    }

    fn trouble(self, chaos: &Chaos, start: Duration, end: Duration, chance: &mut Stream) -> Self {
        let mut some = |most: u32| -> Vec<NodeId> {
            let count = 1 + chance.index(most.max(1) as usize);
            let mut picked: Vec<u32> = (0..chaos.nodes).collect();
            for at in 0..count.min(picked.len()) {
                let other = at + chance.index(picked.len() - at);
                picked.swap(at, other);
            }
            picked.truncate(count);
            picked.into_iter().map(NodeId).collect()
        };
        let victims = some(chaos.most_down);
        let group = some(chaos.nodes / 2);
        let others = some(chaos.nodes / 2);
        let midway = chance.below(2) == 0;
        let skew = Skew {
            // A minute either way, and clocks as bad as 1 in 1000.
            offset_ns: i64::try_from(chance.below(120_000_000_000)).unwrap_or(0) - 60_000_000_000,
            drift_ppm: i32::try_from(chance.below(2_001)).unwrap_or(0) - 1_000,
        };
        match chance.below(4) {
            0 | 1 => victims.into_iter().fold(self, |schedule, id| {
                let crash = if midway {
                    Fault::CrashMidway(id)
                } else {
                    Fault::Crash(id)
                };
                schedule.at(start, crash).at(end, Fault::Restart(id))
            }),
            2 if midway => self
                .at(start, Fault::Partition(vec![group]))
                .at(end, Fault::Heal),
            2 => self
                .at(
                    start,
                    Fault::OneWay {
                        from: group,
                        to: others,
                    },
                )
                .at(end, Fault::Heal),
            _ => victims.into_iter().fold(self, |schedule, id| {
                schedule
                    .at(start, Fault::Clock(id, skew))
                    .at(end, Fault::Clock(id, Skew::default()))
            }),
        }
    }
}

/// The bounds of a drawn [`Schedule`].
#[derive(Clone, Copy, Debug)]
pub struct Chaos {
    /// How many nodes there are.
    pub nodes: u32,
    /// By when everything is well again.
    pub until: Duration,
    /// How many troubles there are, one after the other.
    pub rounds: u32,
    /// How many nodes are down at once at most.
    pub most_down: u32,
}
