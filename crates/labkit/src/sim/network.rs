//! The network: what it does to a message, and who is cut off from whom.

use std::sync::Arc;
use std::time::Duration;

use super::NodeId;
use crate::rng::Stream;

/// How long messages take on their way. Each draws its own delay, so that with any but a fixed one
/// they overtake each other.
#[derive(Clone, Debug)]
pub enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Evenly between the two.
    Uniform(Duration, Duration),
    /// At least `least`, and on top of it an exponentially distributed time with this mean: few
    /// messages are very late. (Its logarithm is the platform's: other machines may round otherwise.)
    Exponential {
        /// What every message takes.
        least: Duration,
        /// The mean of what comes on top.
        mean: Duration,
    },
    /// By where the two nodes are, as in a network over continents.
    Regions {
        /// The region of every node.
        region: Arc<[usize]>,
        /// One way between regions: row by row, from a region to each.
        one_way: Arc<[Vec<Duration>]>,
        /// Up to this share comes on top, evenly: 0.1 is ten per cent.
        jitter: f64,
    },
}

impl Delay {
    /// One message's delay in nanoseconds.
    fn draw(&self, from: NodeId, to: NodeId, chance: &mut Stream) -> u64 {
        match self {
            Delay::Fixed(delay) => nanos(*delay),
            Delay::Uniform(least, most) => {
                let least = nanos(*least);
                least + chance.below(nanos(*most).saturating_sub(least) + 1)
            }
            Delay::Exponential { least, mean } => {
                // 1 - u is never zero.
                nanos(*least) + nanos(mean.mul_f64(-(1.0 - chance.unit()).ln()))
            }
            Delay::Regions {
                region,
                one_way,
                jitter,
            } => {
                let delay = one_way[region[from.index()]][region[to.index()]];
                nanos(delay.mul_f64(1.0 + jitter * chance.unit()))
            }
        }
    }
}

/// The conditions on all ways between nodes. Shares are between 0 and 1.
#[derive(Clone, Debug)]
pub struct Network {
    /// How long a message takes.
    pub delay: Delay,
    /// The share of messages that are lost.
    pub loss: f64,
    /// The share of messages that arrive twice.
    pub duplicate: f64,
    /// The share of messages that are held up on top of their delay, so that later ones overtake them.
    pub reorder: f64,
    /// How long such a message is held up at most.
    pub held_up: Duration,
}

impl Network {
    /// A network that does nothing but take its time.
    #[must_use]
    pub fn steady(delay: Duration) -> Self {
        Network {
            delay: Delay::Fixed(delay),
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            held_up: Duration::ZERO,
        }
    }

    /// A bad network: delays between 1 and 10 ms, a share `loss` is lost, 2 % come twice, 5 % are held
    /// up for as long as 50 ms.
    #[must_use]
    pub fn lossy(loss: f64) -> Self {
        Network {
            delay: Delay::Uniform(Duration::from_millis(1), Duration::from_millis(10)),
            loss,
            duplicate: 0.02,
            reorder: 0.05,
            held_up: Duration::from_millis(50),
        }
    }

    /// The same network with another delay.
    #[must_use]
    pub fn with_delay(mut self, delay: Delay) -> Self {
        self.delay = delay;
        self
    }

    /// The same network that loses a share of all messages.
    #[must_use]
    pub fn with_loss(mut self, loss: f64) -> Self {
        self.loss = loss;
        self
    }

    /// How many copies of a message arrive.
    pub(super) fn copies(&self, chance: &mut Stream) -> u32 {
        if happens(self.loss, chance) {
            return 0;
        }
        1 + u32::from(happens(self.duplicate, chance))
    }

    /// How long one copy takes, in nanoseconds.
    pub(super) fn delay(&self, from: NodeId, to: NodeId, chance: &mut Stream) -> u64 {
        let mut delay = self.delay.draw(from, to, chance);
        if happens(self.reorder, chance) {
            delay += chance.below(nanos(self.held_up) + 1);
        }
        delay
    }
}

/// Draws only where there is something to decide: most networks are without most troubles.
fn happens(share: f64, chance: &mut Stream) -> bool {
    share > 0.0 && chance.unit() < share
}

/// A duration in nanoseconds; what is longer than 584 years is that long.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Ways that are closed.
#[derive(Clone, Debug)]
pub(super) enum Cut {
    /// Between nodes of different groups, both ways.
    Groups(Vec<usize>),
    /// From the first nodes to the second, not back.
    OneWay(Vec<bool>, Vec<bool>),
}

impl Cut {
    /// Groups that can't reach each other; nodes in none of them form another one.
    pub(super) fn groups(nodes: usize, groups: &[Vec<NodeId>]) -> Self {
        let mut group_of = vec![groups.len(); nodes];
        for (group, members) in groups.iter().enumerate() {
            for member in members {
                group_of[member.index()] = group;
            }
        }
        Cut::Groups(group_of)
    }

    pub(super) fn one_way(nodes: usize, from: &[NodeId], to: &[NodeId]) -> Self {
        let set = |members: &[NodeId]| {
            let mut set = vec![false; nodes];
            members.iter().for_each(|id| set[id.index()] = true);
            set
        };
        Cut::OneWay(set(from), set(to))
    }

    pub(super) fn closes(&self, from: NodeId, to: NodeId) -> bool {
        let (from, to) = (from.index(), to.index());
        match self {
            Cut::Groups(group_of) => group_of[from] != group_of[to],
            Cut::OneWay(froms, tos) => froms[from] && tos[to],
        }
    }
}
