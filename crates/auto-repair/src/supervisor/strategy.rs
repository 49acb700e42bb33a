//! What follows from a failure: who is restarted with whom, when, and when it is enough.
//!
//! The semantics are those of Erlang's `supervisor` behaviour. What Erlang doesn't have: a restart may
//! wait, a root may give up one child instead of itself, and a child that fails again and again without
//! ever having been ready is counted however slowly it does so.

use std::collections::VecDeque;
use std::time::Duration;

use labkit::backoff::Backoff;
use labkit::rng::Stream;

use super::{Goal, Notice, Supervisor};
use crate::plan::{Child, Exceeded, GroupId, Limit, Plan, ROOT, Restart, ServiceId, Strategy};

/// What is remembered of a child's failures.
#[derive(Debug)]
pub(super) struct History {
    /// When it failed, as far as its group's period reaches.
    failures: VecDeque<Duration>,
    last: Option<Duration>,
    backoff: Option<Backoff>,
}

impl History {
    pub(super) fn new(plan: &Plan, child: Child, seed: u64) -> Self {
        let waits = plan.above(child).and_then(|group| plan.groups[group].waits);
        let name = match child {
            Child::Service(service) => &plan.services[service].name,
            Child::Group(group) => &plan.groups[group].name,
        };
        History {
            failures: VecDeque::new(),
            last: None,
            backoff: waits
                .map(|waits| Backoff::new(waits.first, waits.most, Stream::named(seed, name))),
        }
    }

    /// As if it had never failed.
    pub(super) fn forget(&mut self) {
        self.failures.clear();
        self.last = None;
        if let Some(backoff) = &mut self.backoff {
            backoff.reset();
        }
    }
}

/// A group's state.
#[derive(Debug)]
pub(super) struct GroupState {
    /// It had too many restarts: it ends, and then it fails in its parent.
    pub(super) is_collapsing: bool,
    /// When its children were restarted, as far as its period reaches.
    restarts: VecDeque<Duration>,
    /// Its own failures, as its parent's child.
    history: History,
}

impl GroupState {
    pub(super) fn new(history: History) -> Self {
        GroupState {
            is_collapsing: false,
            restarts: VecDeque::new(),
            history,
        }
    }
}

impl Supervisor {
    /// A child has failed; its group decides.
    pub(super) fn child_failed(&mut self, child: Child) {
        let Some(group) = self.plan.above(child) else {
            return self.give_up_everything();
        };
        let is_moot = |at: GroupId| self.groups[at].is_collapsing;
        if self.ending.is_some() || self.plan.all_above(child).any(is_moot) {
            return;
        }
        if let Some(limit) = self.plan.groups[group].limit
            && self.is_exceeded(group, child, limit)
        {
            match self.plan.groups[group].exceeded {
                Exceeded::Isolate => self.give_up(child),
                Exceeded::Escalate => self.collapse(group),
            }
            return;
        }
        let wait = self.wait_before(group, child);
        for affected in self.affected(group, child) {
            let as_new = matches!(affected, Child::Group(_));
            if let Child::Group(renewed) = affected {
                self.renew(renewed);
            }
            for service in self.plan.services_below(affected) {
                self.restart(service, as_new, wait);
            }
        }
    }

    /// The children that are restarted when one has failed.
    fn affected(&self, group: GroupId, failed: Child) -> Vec<Child> {
        let strategy = self.plan.groups[group].strategy;
        if strategy == Strategy::OneForOne {
            return vec![failed];
        }
        // BEGIN SOLUTION stage 3: all of them, or those from the failed one on
        let children = &self.plan.children[group];
        let first = match strategy {
            Strategy::RestForOne => children.iter().position(|child| *child == failed),
            _ => None,
        };
        children[first.unwrap_or(0)..].to_vec()
        // END SOLUTION
    }

    /// Has a service stop, if it runs, and start again, if it is to run at all.
    fn restart(&mut self, service: ServiceId, as_new: bool, wait: Duration) {
        let not_before = self.now + wait;
        let is_temporary = self.plan.services[service].restart == Restart::Temporary;
        let instance = &mut self.services[service];
        instance.must_stop = instance.has_process();
        instance.goal = match instance.goal {
            Goal::Down => Goal::Down,
            // A group that starts anew starts all that it has.
            _ if as_new => Goal::Up { not_before },
            Goal::GivenUp => Goal::GivenUp,
            _ if is_temporary => Goal::Finished,
            Goal::Up { .. } | Goal::Finished => Goal::Up { not_before },
        };
        if let Goal::Up { .. } = instance.goal {
            self.tell(Notice::Restarting(service, wait));
        }
    }

    /// Whether one more failure is one too many; it is counted.
    fn is_exceeded(&mut self, group: GroupId, child: Child, limit: Limit) -> bool {
        // BEGIN SOLUTION stage 3: count this one, forget what is older than the period, compare
        let now = self.now;
        let failed_starts = match child {
            Child::Service(service) => self.services[service].failed_starts,
            Child::Group(_) => 0,
        };
        let counted = match self.plan.groups[group].exceeded {
            Exceeded::Escalate => &mut self.groups[group].restarts,
            Exceeded::Isolate => &mut self.history(child).failures,
        };
        counted.push_back(now);
        while counted.front().is_some_and(|at| *at + limit.period < now) {
            counted.pop_front();
        }
        let most = limit.restarts;
        u32::try_from(counted.len()).unwrap_or(u32::MAX) > most || failed_starts > most
        // END SOLUTION
    }

    /// How long the restart of a child has to wait: not at all after a good time, then longer and longer.
    fn wait_before(&mut self, group: GroupId, child: Child) -> Duration {
        let Some(waits) = self.plan.groups[group].waits else {
            return Duration::ZERO;
        };
        // BEGIN SOLUTION stage 3: has it been well for long enough? then forget; is it the first failure?
        let now = self.now;
        let well_since = match child {
            Child::Service(service) => self.services[service].well_since.take(),
            Child::Group(group) => self.groups[group].history.last,
        };
        let history = self.history(child);
        let was_well = well_since.is_some_and(|since| now.saturating_sub(since) >= waits.stable);
        let is_first = history.last.replace(now).is_none() || was_well;
        match &mut history.backoff {
            Some(backoff) if is_first => {
                backoff.reset();
                Duration::ZERO
            }
            Some(backoff) => backoff.next_wait(),
            None => Duration::ZERO,
        }
        // END SOLUTION
    }

    fn history(&mut self, child: Child) -> &mut History {
        match child {
            Child::Service(service) => &mut self.services[service].history,
            Child::Group(group) => &mut self.groups[group].history,
        }
    }

    /// Leaves a child alone, for good.
    fn give_up(&mut self, child: Child) {
        for service in self.plan.services_below(child) {
            let instance = &mut self.services[service];
            instance.must_stop = instance.has_process();
            if !instance.goal.is_settled() {
                instance.goal = Goal::GivenUp;
                self.tell(Notice::GivenUp(service));
            }
        }
    }

    /// A group ends because it had too many restarts; it fails once all of it is down.
    fn collapse(&mut self, group: GroupId) {
        // BEGIN SOLUTION stage 3: nothing of it may start again, everything of it has to stop
        self.groups[group].is_collapsing = true;
        self.tell(Notice::Escalated(group));
        for service in self.plan.services_below(Child::Group(group)) {
            let instance = &mut self.services[service];
            instance.must_stop = instance.has_process();
        }
        // END SOLUTION
    }

    /// All of a group that had too many restarts is down: now it is its parent's turn.
    pub(super) fn collapsed(&mut self, group: GroupId) {
        // BEGIN SOLUTION stage 3: the group starts without memory, if it starts again; who decides that?
        self.renew(group);
        match group {
            ROOT => self.give_up_everything(),
            _ => self.child_failed(Child::Group(group)),
        }
        // END SOLUTION
    }

    /// Forgets what happened in a group: a supervisor that is started again has no memory.
    fn renew(&mut self, group: GroupId) {
        self.groups[group].is_collapsing = false;
        self.groups[group].restarts.clear();
        for at in 0..self.plan.children[group].len() {
            let child = self.plan.children[group][at];
            self.history(child).forget();
            match child {
                Child::Group(below) => self.renew(below),
                Child::Service(service) => self.services[service].failed_starts = 0,
            }
        }
    }
}
