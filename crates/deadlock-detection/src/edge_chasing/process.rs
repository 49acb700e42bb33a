//! The process of a node: what it has asked for, and what it has.

use std::collections::BTreeSet;

use super::message::{LockName, NodeId, Request};
use super::{MAX_LOCKS, Refused};

#[derive(Clone, Debug)]
pub(super) struct Process {
    id: NodeId,
    /// How many requests it has made.
    requests: u64,
    pending: BTreeSet<Request>,
    held: BTreeSet<Request>,
    abandoned: Vec<LockName>,
    /// Probes that have passed through this wait: a second one of the same brings nothing new.
    passed: BTreeSet<(NodeId, u64)>,
}

impl Process {
    pub(super) fn new(id: NodeId) -> Self {
        Process {
            id,
            requests: 0,
            pending: BTreeSet::new(),
            held: BTreeSet::new(),
            abandoned: Vec::new(),
            passed: BTreeSet::new(),
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = Request> {
        self.pending.iter().copied()
    }

    pub(super) fn holds(&self) -> impl Iterator<Item = LockName> {
        self.held.iter().map(|request| request.lock)
    }

    /// Asks for locks, if it may.
    pub(super) fn ask(&mut self, age: u64, wanted: &[LockName]) -> Result<Vec<Request>, Refused> {
        if self.is_blocked() {
            return Err(Refused::Blocked);
        }
        if wanted.is_empty() || wanted.len() > MAX_LOCKS {
            return Err(Refused::Number);
        }
        let distinct: BTreeSet<LockName> = wanted.iter().copied().chain(self.holds()).collect();
        if distinct.len() < wanted.len() + self.held.len() {
            return Err(Refused::Relock);
        }
        for lock in wanted {
            self.requests += 1;
            self.pending.insert(Request {
                process: self.id,
                number: self.requests,
                lock: *lock,
                age,
            });
        }
        Ok(self.pending().collect())
    }

    /// A request was granted. If it was the last, says which of the locks were abandoned. What isn't
    /// pending is an echo, or was given back while the grant was on its way.
    pub(super) fn granted(&mut self, request: Request, abandoned: bool) -> Option<Vec<LockName>> {
        if !self.pending.remove(&request) {
            return None;
        }
        self.held.insert(request);
        if abandoned {
            self.abandoned.push(request.lock);
        }
        if self.is_blocked() {
            return None;
        }
        self.passed.clear();
        Some(std::mem::take(&mut self.abandoned))
    }

    /// Gives back everything; returns what there was.
    pub(super) fn let_go(&mut self) -> Vec<Request> {
        self.passed.clear();
        self.abandoned.clear();
        let mut all = std::mem::take(&mut self.pending);
        all.append(&mut self.held);
        all.into_iter().collect()
    }

    /// A node is gone, and with it the locks that it kept; returns them. Who waited for one of them waits no
    /// more: the other requests that it waited for are to be withdrawn, and are returned as well.
    pub(super) fn lose(&mut self, home: NodeId) -> (Vec<LockName>, Vec<Request>) {
        let lost = self
            .pending
            .iter()
            .chain(&self.held)
            .map(|request| request.lock);
        let lost: Vec<LockName> = lost.filter(|lock| lock.home == home).collect();
        self.held.retain(|request| request.lock.home != home);
        let mut withdrawn = Vec::new();
        if self.pending.iter().any(|request| request.lock.home == home) {
            self.passed.clear();
            withdrawn.extend(std::mem::take(&mut self.pending));
        }
        (lost, withdrawn)
    }

    /// Whether this very request is still waited for.
    pub(super) fn still_waits(&self, request: Request) -> bool {
        self.pending.contains(&request)
    }

    /// Whether this very request was granted and is still held; the news of it may be on its way.
    pub(super) fn has(&self, request: Request) -> bool {
        self.held.contains(&request) || self.pending.contains(&request)
    }

    /// Whether a probe comes through this wait for the first time.
    pub(super) fn lets_pass(&mut self, origin: (NodeId, u64)) -> bool {
        self.passed.insert(origin)
    }
}
