//! What nodes say to each other.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A node's number; its process has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

/// A lock, by the node that keeps it and its number there; written `home/number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct LockName {
    /// The node that keeps it.
    pub home: NodeId,
    /// Its number there.
    pub number: u32,
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.home.0, self.number)
    }
}

impl std::str::FromStr for LockName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parsed =
            parts.and_then(|(home, number)| Some((home.parse().ok()?, number.parse().ok()?)));
        let (home, number) =
            parsed.ok_or_else(|| format!("`{text}` is no lock; write NODE/NUMBER, such as 0/1"))?;
        Ok(LockName {
            home: NodeId(home),
            number,
        })
    }
}

/// A process's request for one lock. Its number is the process's own count, so no two waits are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct Request {
    /// Who asks.
    pub process: NodeId,
    /// Which of its requests this is, from 1.
    pub number: u64,
    /// For which lock.
    pub lock: LockName,
    /// When the process began, by its own word; smaller is older.
    pub age: u64,
}

/// One wait behind one holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct Edge {
    /// The request that waits.
    pub waiter: Request,
    /// The request that was granted the lock.
    pub holder: Request,
}

/// Edges, each of whose holders is the next one's waiting process; the last one's is the first waiter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Cycle(pub Vec<Edge>);

impl Cycle {
    /// The wait that has to end: the youngest process's; of several, the one with the largest number. All
    /// who find this cycle choose the same.
    #[must_use]
    pub fn victim(&self) -> Option<&Edge> {
        let age = |edge: &&Edge| (edge.waiter.age, edge.waiter.process);
        self.0.iter().max_by_key(age)
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for edge in &self.0 {
            write!(f, "{} -[{}]-> ", edge.waiter.process, edge.waiter.lock)?;
        }
        match self.0.first() {
            Some(first) => write!(f, "{}", first.waiter.process),
            None => Ok(()),
        }
    }
}

/// Which of its two rounds a probe makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Round {
    /// It looks for a way back, and goes on to wherever there is one.
    Chase,
    /// It has found one, and asks along it whether it is still there; so many edges it has seen again.
    Confirm(usize),
}

/// A probe on its way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Probe {
    /// The node where it began, which numbered it.
    pub origin: (NodeId, u64),
    /// The edges that it has followed.
    pub path: Vec<Edge>,
    /// Which round it makes.
    pub round: Round,
}

/// What one node says to another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Message {
    /// To a lock's node: the process wants it.
    Request(Request),
    /// To a lock's node: the process gives it back, or no longer wants it.
    Release(Request),
    /// To a process's node: it has the lock; whether the one before died with it.
    Grant {
        /// The request that is granted.
        request: Request,
        /// Whether the last holder died while it held the lock.
        abandoned: bool,
    },
    /// To a process's node: someone waits behind it, who perhaps waits for itself.
    Chase(Probe),
    /// To a lock's node: who waits for it by this request is in somebody's way.
    Arrive {
        /// The request.
        request: Request,
        /// The probe that came to the process that waits.
        probe: Probe,
    },
    /// To a lock's node: send another probe after this edge, if it is still there.
    Again(Edge),
    /// To the victim's node: it has to give way.
    Abort(Cycle),
}
