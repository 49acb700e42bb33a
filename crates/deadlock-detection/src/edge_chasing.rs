//! Deadlocks that nobody can see whole: a node of the distributed detector, as a value.
//!
//! Every node keeps some locks and runs one process, which may ask for several locks at once, of any
//! nodes, and is blocked until it has all of them. An edge of the wait-for graph (who waits, for which
//! lock, behind whom) is known to the lock's node alone. When one appears, that node sends a *probe* after
//! it, to the process in the way; if that one is blocked too, the probe goes on to all the locks that it
//! waits for, and from there behind their holders (Chandy, Misra and Haas, 1983). A probe that comes back
//! to the process where it began has found a cycle. The edge that closes a cycle is the last to appear, so
//! its probe finds all the others: no deadlock is missed.
//!
//! But what a probe saw first may be gone before it sees the last: a *phantom*. So a returned probe goes
//! round once more, along the same edges, and asks whether each of them still is *the same* wait. Requests
//! have numbers, so a wait that ended and began anew is another one. If all are the same, then all of them
//! existed at the moment between the two rounds. Only then does someone have to give way: the youngest.
//!
//! Messages between two nodes must arrive in the order in which they were sent, as over TCP; whether some
//! arrive twice doesn't matter.

mod locks;
mod message;
mod probes;
mod process;

use std::collections::BTreeSet;

pub use message::{Cycle, Edge, LockName, Message, NodeId, Probe, Request, Round};

use locks::Locks;
use process::Process;

/// The most locks that a process asks for at once; a probe goes on to each of them.
pub const MAX_LOCKS: usize = 64;

/// What a node does: messages to send, and news for its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this to that node.
    Send(NodeId, Message),
    /// The process has all the locks that it asked for. Those listed were held by a node that died: what
    /// they guard may be half changed.
    Granted {
        /// Locks whose last holder died.
        abandoned: Vec<LockName>,
    },
    /// A cycle was found and confirmed here; its victim has been told.
    Found(Cycle),
    /// The process is in a deadlock and has to give way: it holds nothing any more, and may begin again.
    Aborted(Cycle),
    /// The node that keeps this lock is gone. If the process waited for it, it waits for nothing now; what
    /// it has of other nodes, it still has.
    Lost(LockName),
}

/// Why a process can't do what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is blocked already.
    #[error("the process waits already; it can ask again when it has been answered")]
    Blocked,
    /// It holds one of the locks, or names one twice.
    #[error("the process has one of these locks, or asks for it twice; it would wait for itself")]
    Relock,
    /// It asks for nothing, or for too much.
    #[error("a process asks for 1 to {MAX_LOCKS} locks at once")]
    Number,
    /// The node that keeps the lock is gone.
    #[error("the node that keeps one of these locks is gone")]
    Lost,
}

/// A node: the locks that it keeps, and its process.
#[derive(Clone, Debug)]
pub struct Node {
    id: NodeId,
    locks: Locks,
    process: Process,
    /// Nodes that are gone.
    gone: BTreeSet<NodeId>,
    /// Numbers the probes that begin here.
    next_probe: u64,
    effects: Vec<Effect>,
}

impl Node {
    /// A node whose locks are free and whose process holds none.
    #[must_use]
    pub fn new(id: NodeId) -> Self {
        Node {
            id,
            locks: Locks::default(),
            process: Process::new(id),
            gone: BTreeSet::new(),
            next_probe: 0,
            effects: Vec::new(),
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Whether its process waits.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.process.is_blocked()
    }

    /// The requests of its process that haven't been granted.
    pub fn pending(&self) -> impl Iterator<Item = Request> {
        self.process.pending()
    }

    /// The edges that this node knows of: those behind its own locks.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.locks.edges()
    }

    /// The locks that its process holds.
    pub fn holds(&self) -> impl Iterator<Item = LockName> {
        self.process.holds()
    }

    /// The process asks for locks. `age` says when it began; it keeps it when it has to begin again.
    ///
    /// # Errors
    /// [`Refused`]; nothing has changed then.
    pub fn acquire(&mut self, age: u64, wanted: &[LockName]) -> Result<Vec<Effect>, Refused> {
        if wanted.iter().any(|lock| self.gone.contains(&lock.home)) {
            return Err(Refused::Lost);
        }
        for request in self.process.ask(age, wanted)? {
            self.send(request.lock.home, Message::Request(request));
        }
        Ok(self.flush())
    }

    /// The process gives back all that it holds, and takes back what it asked for.
    pub fn release_all(&mut self) -> Vec<Effect> {
        self.let_go();
        self.flush()
    }

    /// A message arrives.
    pub fn receive(&mut self, from: NodeId, message: Message) -> Vec<Effect> {
        // What the dead sent before, their locks no longer know.
        if !self.gone.contains(&from) {
            self.handle(message);
        }
        self.flush()
    }

    /// A node is gone: its process holds and wants nothing any more, and its locks are lost.
    pub fn peer_gone(&mut self, peer: NodeId) -> Vec<Effect> {
        // BEGIN SOLUTION stage 5: what it held here goes to the next; what it kept is lost
        if peer != self.id && self.gone.insert(peer) {
            let changed = self.locks.holder_died(peer);
            self.announce(changed);
            let (lost, withdrawn) = self.process.lose(peer);
            for request in withdrawn {
                self.send(request.lock.home, Message::Release(request));
            }
            self.effects.extend(lost.into_iter().map(Effect::Lost));
            // A probe that went through the dead has ended there, and may have hidden another.
            for edge in self.edges().collect::<Vec<_>>() {
                self.begin_probe(edge);
            }
        }
        self.flush()
        // END SOLUTION
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Request(request) => {
                if let Some(changed) = self.locks.request(request) {
                    self.announce(vec![changed]);
                }
            }
            Message::Release(request) => {
                let changed = self.locks.release(request);
                self.announce(changed.into_iter().collect());
            }
            Message::Grant { request, abandoned } => {
                if let Some(abandoned) = self.process.granted(request, abandoned) {
                    self.effects.push(Effect::Granted { abandoned });
                }
            }
            Message::Chase(probe) => self.chase(probe),
            Message::Arrive { request, probe } => self.arrive(request, probe),
            Message::Again(edge) => self.again(edge),
            Message::Abort(cycle) => self.abort(cycle),
        }
    }

    /// The process has to give way, unless that wait has ended already.
    fn abort(&mut self, cycle: Cycle) {
        // BEGIN SOLUTION stage 5: is it still that wait? and what did this cycle hide?
        let (Some(first), Some(victim)) = (cycle.0.first().copied(), cycle.victim()) else {
            return;
        };
        if self.process.still_waits(victim.waiter) {
            self.let_go();
            self.effects.push(Effect::Aborted(cycle));
        }
        // The probe passes each process once, so a second cycle through the first edge may be hidden behind
        // the one that it found, and outlive it.
        self.send(first.waiter.lock.home, Message::Again(first));
        // END SOLUTION
    }

    /// Tells new holders, and sends a probe after every edge that is new.
    fn announce(&mut self, changes: Vec<locks::Change>) {
        for change in changes {
            if let Some((request, abandoned)) = change.granted {
                self.send(request.process, Message::Grant { request, abandoned });
            }
            for edge in change.new_edges {
                self.begin_probe(edge);
            }
        }
    }

    fn let_go(&mut self) {
        for request in self.process.let_go() {
            self.send(request.lock.home, Message::Release(request));
        }
    }

    fn send(&mut self, to: NodeId, message: Message) {
        if !self.gone.contains(&to) {
            self.effects.push(Effect::Send(to, message));
        }
    }

    fn flush(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}
