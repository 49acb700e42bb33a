//! A deterministic simulator for pure nodes: virtual time, a seeded network, crashes and restarts.
//!
//! A protocol is written once, as a [`Node`]: a value that takes events and asks for effects. Here
//! thousands of nodes run it in a [`World`], whose network delays, loses, reorders and duplicates,
//! whose disks lose what wasn't synced, and whose clocks are skewed; a lab's real driver runs the same
//! value over sockets and files. One seed decides everything: the same seed is the same run, event by
//! event, and [`World::digest`] proves it. Tests that [`explore()`] seeds print the command that repeats
//! a failure.
//!
//! ```
//! use std::time::Duration;
//! use labkit::sim::{Context, Digest, Event, Network, Node, NodeId, Payload, World};
//!
//! /// Passes a counter around a ring.
//! struct Ring { next: NodeId, seen: u32 }
//!
//! #[derive(Clone)]
//! struct Token(u32);
//!
//! impl Payload for Token {
//!     fn digest(&self, digest: &mut Digest) { digest.word(self.0.into()); }
//! }
//!
//! impl Node for Ring {
//!     type Address = NodeId;
//!     type Message = Token;
//!     type Timer = ();
//!     type Output = ();
//!     fn handle(&mut self, event: Event<'_, Self>, context: &mut Context<'_, Self>) {
//!         match event {
//!             Event::Start if self.next == NodeId(1) => context.send(self.next, Token(1)),
//!             Event::Message { message: Token(count), .. } => {
//!                 self.seen = count;
//!                 context.send(self.next, Token(count + 1));
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//!
//! let ring = |id: NodeId| Ring { next: NodeId((id.0 + 1) % 3), seen: 0 };
//! let mut world = World::new(7, Network::steady(Duration::from_millis(1)), 3, ring);
//! world.run_until(Duration::from_millis(30));
//! assert_eq!(world.node(NodeId(0)).map(|node| node.seen), Some(30));
//! ```
//!
//! Never runs anything in parallel, never reads a clock, and simulates nothing within one call of
//! [`Node::handle`]: a node's computing takes no virtual time.

mod digest;
mod disk;
mod explore;
mod fault;
mod network;
mod queue;
mod stats;
mod world;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::rng::Stream;

pub use digest::Digest;
pub use explore::explore;
pub use fault::{Chaos, Fault, Schedule, Skew};
pub use network::{Delay, Network};
pub use stats::{Said, Stats};
pub use world::World;

/// A node of a simulated world: its place, counted from zero.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The place as an index into a slice.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A protocol's participant: takes events, asks for effects, and has no socket, clock, thread or
/// chance of its own (what it needs of them is in its [`Context`]).
pub trait Node {
    /// How a node is reached. [`NodeId`] does where nothing else is needed; a protocol that carries
    /// addresses in its messages has its own type, which the simulator converts from and to ids.
    type Address: Copy;
    /// What nodes tell each other.
    type Message: Payload;
    /// What tells a node's timers apart. Each is set at most once at a time.
    type Timer: Copy + Eq;
    /// What a node tells its surroundings: a decision, an answer to a client.
    type Output;

    /// Takes one event.
    fn handle(&mut self, event: Event<'_, Self>, context: &mut Context<'_, Self>);
}

/// What the simulator wants to know about a message.
pub trait Payload: Clone {
    /// Feeds what tells this message from another into a digest.
    fn digest(&self, digest: &mut Digest);

    /// Its size on the wire in bytes, for [`Stats::bytes`].
    fn size(&self) -> usize {
        0
    }

    /// What a trace calls it.
    fn label(&self) -> String {
        String::new()
    }
}

/// What happens to a node.
#[derive(Debug)]
pub enum Event<'a, N: Node + ?Sized> {
    /// It begins, with an empty disk.
    Start,
    /// It begins again after a crash, with nothing but what its disk kept. The end may be torn: what
    /// wasn't synced is there in part, up to any byte.
    Restart {
        /// What the disk holds.
        disk: &'a [u8],
    },
    /// A message arrived.
    Message {
        /// Who sent it.
        from: N::Address,
        /// What it says.
        message: N::Message,
    },
    /// A timer that was set has run out.
    Timer(N::Timer),
}

/// What a node asks for.
#[derive(Debug)]
pub enum Effect<N: Node + ?Sized> {
    /// Send a message; it may be lost.
    Send {
        /// To whom.
        to: N::Address,
        /// What.
        message: N::Message,
    },
    /// Run the timer out after a time, in place of what it was set to before.
    Set {
        /// Which timer.
        timer: N::Timer,
        /// How long from now, by the node's own clock.
        after: Duration,
    },
    /// Forget the timer.
    Cancel(N::Timer),
    /// Write behind the end of the disk's content; durable once synced.
    Append(Vec<u8>),
    /// Write in place of all that the disk holds, as by renaming a new file over the old one: after a
    /// crash there is either the old content or the new. Durable once synced.
    Replace(Vec<u8>),
    /// Make durable what was written.
    Sync,
    /// Tell the surroundings.
    Output(N::Output),
}

/// What a node may use while it handles an event. Drivers make one for each event and then perform
/// the effects in order.
pub struct Context<'a, N: Node + ?Sized> {
    now: Duration,
    chance: &'a mut Stream,
    effects: &'a mut Vec<Effect<N>>,
}

impl<'a, N: Node + ?Sized> Context<'a, N> {
    /// A context at the time `now` of the node's own clock; effects are added behind those that
    /// `effects` holds.
    pub fn new(now: Duration, chance: &'a mut Stream, effects: &'a mut Vec<Effect<N>>) -> Self {
        Context {
            now,
            chance,
            effects,
        }
    }

    /// The time by the node's own clock, which may be wrong.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Where a node's random choices come from.
    pub fn chance(&mut self) -> &mut Stream {
        self.chance
    }

    /// Sends a message.
    pub fn send(&mut self, to: N::Address, message: N::Message) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Sets a timer to run out `after` now; what it was set to before is forgotten.
    pub fn set(&mut self, timer: N::Timer, after: Duration) {
        self.effects.push(Effect::Set { timer, after });
    }

    /// Forgets a timer, if it is set.
    pub fn cancel(&mut self, timer: N::Timer) {
        self.effects.push(Effect::Cancel(timer));
    }

    /// Appends to the disk.
    pub fn append(&mut self, bytes: Vec<u8>) {
        self.effects.push(Effect::Append(bytes));
    }

    /// Replaces the disk's content.
    pub fn replace(&mut self, bytes: Vec<u8>) {
        self.effects.push(Effect::Replace(bytes));
    }

    /// Makes what was written durable, before any effect that follows.
    pub fn sync(&mut self) {
        self.effects.push(Effect::Sync);
    }

    /// Tells the surroundings.
    pub fn output(&mut self, output: N::Output) {
        self.effects.push(Effect::Output(output));
    }
}
