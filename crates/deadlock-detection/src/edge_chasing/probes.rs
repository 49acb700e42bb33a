//! Probes: after an edge, on behind it, back to where it began, and round again to be sure.

use super::message::{Cycle, Edge, Message, Probe, Request, Round};
use super::{Effect, Node};

impl Node {
    /// An edge has appeared behind one of this node's locks: a probe goes after it.
    pub(super) fn begin_probe(&mut self, edge: Edge) {
        self.next_probe += 1;
        let probe = Probe {
            origin: (self.id, self.next_probe),
            path: vec![edge],
            round: Round::Chase,
        };
        self.send(edge.holder.process, Message::Chase(probe));
    }

    /// A probe comes to the process that is in the way of the last edge.
    pub(super) fn chase(&mut self, probe: Probe) {
        // BEGIN SOLUTION stage 5: has it what it is said to have? is this where the probe began?
        let followed = match probe.round {
            Round::Chase => probe.path.len(),
            Round::Confirm(edges) => edges,
        };
        let (Some(first), Some(last)) =
            (probe.path.first(), probe.path.get(followed.wrapping_sub(1)))
        else {
            return;
        };
        if !self.process.has(last.holder) {
            return self.refute(&probe);
        }
        match probe.round {
            Round::Chase if first.waiter.process == self.id => self.confirm_from(0, probe),
            Round::Chase if self.process.is_blocked() && self.process.lets_pass(probe.origin) => {
                for request in self.process.pending().collect::<Vec<_>>() {
                    self.pass_on(request, probe.clone());
                }
            }
            Round::Chase => {}
            Round::Confirm(edges) if edges < probe.path.len() => self.confirm_from(edges, probe),
            Round::Confirm(_) if self.process.still_waits(first.waiter) => self.declare(probe.path),
            Round::Confirm(_) => {}
        }
        // END SOLUTION
    }

    /// A probe comes to a lock, along a request that waits for it.
    pub(super) fn arrive(&mut self, request: Request, mut probe: Probe) {
        // BEGIN SOLUTION stage 5: behind whom does the request wait, and is it still the same?
        let Some(edge) = self.locks.edge_of(request) else {
            return self.refute(&probe);
        };
        match probe.round {
            Round::Chase => probe.path.push(edge),
            Round::Confirm(edges) if probe.path.get(edges) == Some(&edge) => {
                probe.round = Round::Confirm(edges + 1);
            }
            Round::Confirm(_) => return self.refute(&probe),
        }
        self.send(edge.holder.process, Message::Chase(probe));
        // END SOLUTION
    }

    /// An edge whose cycle was refuted may be part of another one.
    pub(super) fn again(&mut self, edge: Edge) {
        if self.locks.edge_of(edge.waiter) == Some(edge) {
            self.begin_probe(edge);
        }
    }

    /// Asks whether the wait at this place of the path is still there, and all that follow.
    fn confirm_from(&mut self, place: usize, mut probe: Probe) {
        let waiter = probe.path[place].waiter;
        probe.round = Round::Confirm(place);
        if self.process.still_waits(waiter) {
            self.pass_on(waiter, probe);
        } else {
            self.refute(&probe);
        }
    }

    /// A cycle that was to be confirmed isn't one any more. The probe may have come to some process by a
    /// way that is gone, and hidden another that isn't: so it has to be sent again.
    fn refute(&mut self, probe: &Probe) {
        if let (Round::Confirm(_), Some(first)) = (probe.round, probe.path.first()) {
            self.send(first.waiter.lock.home, Message::Again(*first));
        }
    }

    fn pass_on(&mut self, request: Request, probe: Probe) {
        self.send(request.lock.home, Message::Arrive { request, probe });
    }

    fn declare(&mut self, path: Vec<Edge>) {
        let cycle = Cycle(path);
        if let Some(victim) = cycle.victim() {
            let node = victim.waiter.process;
            self.effects.push(Effect::Found(cycle.clone()));
            self.send(node, Message::Abort(cycle));
        }
    }
}
