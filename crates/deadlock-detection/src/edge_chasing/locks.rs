//! The locks that one node keeps: one holder each, and a queue.

use std::collections::{BTreeMap, VecDeque};

use super::message::{Edge, LockName, NodeId, Request};

#[derive(Clone, Debug, Default)]
struct Lock {
    holder: Option<Request>,
    queue: VecDeque<Request>,
    /// Whether a holder died and nobody has been told yet.
    abandoned: bool,
}

/// What a change of one lock means for others.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// Who holds it now and didn't before, and whether the one before died.
    pub(super) granted: Option<(Request, bool)>,
    /// Waits that have someone new in their way.
    pub(super) new_edges: Vec<Edge>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Locks {
    locks: BTreeMap<LockName, Lock>,
    /// The largest number of a request seen of each process. Anything up to it is an echo.
    seen: BTreeMap<(NodeId, LockName), u64>,
}

impl Locks {
    /// Somebody wants a lock; nothing if it has been heard before.
    pub(super) fn request(&mut self, request: Request) -> Option<Change> {
        let seen = self
            .seen
            .entry((request.process, request.lock))
            .or_default();
        if request.number <= *seen {
            return None;
        }
        *seen = request.number;
        let lock = self.locks.entry(request.lock).or_default();
        lock.queue.push_back(request);
        Some(match lock.holder {
            None => lock.next(),
            Some(holder) => Change {
                granted: None,
                new_edges: vec![Edge {
                    waiter: request,
                    holder,
                }],
            },
        })
    }

    /// Somebody gives a lock back, or leaves its queue.
    pub(super) fn release(&mut self, request: Request) -> Option<Change> {
        let lock = self.locks.get_mut(&request.lock)?;
        lock.queue.retain(|waiter| *waiter != request);
        if lock.holder != Some(request) {
            return None;
        }
        lock.holder = None;
        Some(lock.next())
    }

    /// A process is gone: what it held goes to the next, and it waits nowhere.
    pub(super) fn holder_died(&mut self, process: NodeId) -> Vec<Change> {
        let mut changes = Vec::new();
        for lock in self.locks.values_mut() {
            lock.queue.retain(|waiter| waiter.process != process);
            if lock.holder.is_some_and(|holder| holder.process == process) {
                lock.holder = None;
                lock.abandoned = true;
                changes.push(lock.next());
            }
        }
        changes
    }

    /// The edge behind which a request waits, if it does.
    pub(super) fn edge_of(&self, waiter: Request) -> Option<Edge> {
        let lock = self.locks.get(&waiter.lock)?;
        let holder = lock.holder?;
        lock.queue
            .contains(&waiter)
            .then_some(Edge { waiter, holder })
    }

    /// All edges.
    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> {
        self.locks.values().flat_map(Lock::edges)
    }
}

impl Lock {
    /// Grants a free lock to the first of its queue; all others wait behind that one now.
    fn next(&mut self) -> Change {
        let Some(next) = self.queue.pop_front() else {
            return Change::default();
        };
        self.holder = Some(next);
        Change {
            granted: Some((next, std::mem::take(&mut self.abandoned))),
            new_edges: self.edges().collect(),
        }
    }

    /// Everyone in the queue waits behind the holder. Those in between are in the way as well, but each
    /// of them waits for this lock and so behind the same holder: no cycle goes only through the queue.
    fn edges(&self) -> impl Iterator<Item = Edge> {
        let waiters = self.queue.iter();
        let pairs = waiters.filter_map(|waiter| self.holder.map(|holder| (*waiter, holder)));
        pairs.map(|(waiter, holder)| Edge { waiter, holder })
    }
}
