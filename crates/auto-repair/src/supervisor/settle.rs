//! Bringing services to where they are to be, in an order that nobody has to suffer from.
//!
//! A service starts when all that it needs is ready; it stops when all that can't do without it, and
//! is to stop as well, has ended. With every service at its goal there is nothing left to do.

use super::{Effect, Goal, Instance, Notice, Outcome, Phase, Supervisor};
use crate::plan::{Child, GroupId, ROOT, ServiceId};

impl Supervisor {
    /// Does whatever can be done now.
    pub(super) fn settle(&mut self) {
        loop {
            let mut is_settled = true;
            for at in (0..self.plan.order.len()).rev() {
                let service = self.plan.order[at];
                if self.may_stop(service) {
                    self.terminate(service);
                    is_settled = false;
                }
            }
            for at in 0..self.plan.order.len() {
                let service = self.plan.order[at];
                if self.may_start(service) {
                    self.start(service);
                    is_settled = false;
                }
            }
            for group in 0..self.groups.len() {
                if self.groups[group].is_collapsing && self.is_down(group) {
                    self.collapsed(group);
                    is_settled = false;
                }
            }
            if is_settled {
                break;
            }
        }
        if let Some(outcome) = self.ending
            && !self.has_ended
            && self.is_down(ROOT)
        {
            self.has_ended = true;
            self.effects.push(Effect::Ended(outcome));
        }
    }

    fn start(&mut self, service: ServiceId) {
        // BEGIN SOLUTION stage 1: a new run, starting; say so
        let ready_by = self.now + self.plan.services[service].ready_within;
        let instance = &mut self.services[service];
        instance.run += 1;
        instance.phase = Phase::Starting { ready_by };
        let run = instance.run;
        self.tell(Notice::Starting(service));
        self.effects.push(Effect::Start(service, run));
        self.begin_start_watch(service);
        // END SOLUTION
    }

    /// Asks a process to end, and sets the deadline by which it has to.
    pub(super) fn terminate(&mut self, service: ServiceId) {
        // BEGIN SOLUTION stage 2: ask, and remember when the patience ends
        let kill_at = self.now + self.plan.services[service].grace;
        let instance = &mut self.services[service];
        instance.phase = Phase::Stopping {
            kill_at: Some(kill_at),
        };
        instance.unwatch();
        self.effects.push(Effect::Terminate(service, instance.run));
        // END SOLUTION
    }

    /// Ends a process that can't be asked.
    pub(super) fn kill(&mut self, service: ServiceId) {
        let instance = &mut self.services[service];
        instance.phase = Phase::Stopping { kill_at: None };
        instance.unwatch();
        self.effects.push(Effect::Kill(service, instance.run));
    }

    /// Whether a process that is to end can be told so now.
    fn may_stop(&self, service: ServiceId) -> bool {
        let instance = &self.services[service];
        let is_told = matches!(instance.phase, Phase::Stopping { .. });
        instance.must_stop && !is_told && !self.is_leaned_on(service)
    }

    /// Whether something that can't do without it is still to end before it.
    fn is_leaned_on(&self, service: ServiceId) -> bool {
        let dependants = &self.plan.dependants[service];
        if dependants.is_empty() {
            return false;
        }
        // BEGIN SOLUTION stage 2: those that stay don't matter, only those that leave as well
        dependants
            .iter()
            .any(|dependant| self.services[*dependant].is_leaving())
        // END SOLUTION
    }

    fn may_start(&self, service: ServiceId) -> bool {
        let instance = &self.services[service];
        let is_due = match instance.goal {
            Goal::Up { not_before } => not_before <= self.now,
            _ => false,
        };
        is_due
            && !instance.has_process()
            && self.ending.is_none()
            && !self.is_held(service)
            && self.waits_for(service).is_none()
    }

    /// The first service that has to be ready before this one starts, and isn't.
    pub(super) fn waits_for(&self, service: ServiceId) -> Option<ServiceId> {
        let needs = &self.plan.needs[service];
        if needs.is_empty() {
            return None;
        }
        // BEGIN SOLUTION stage 2: ready and not about to leave, or finished for good
        let serves = |needed: &Instance| match needed.phase {
            Phase::Ready { .. } => !needed.must_stop,
            Phase::Down => needed.goal == Goal::Finished,
            _ => false,
        };
        let mut missing = needs
            .iter()
            .filter(|needed| !serves(&self.services[**needed]));
        missing.next().copied()
        // END SOLUTION
    }

    /// Whether a group above it is about to end, or hasn't finished stopping what it stops together.
    fn is_held(&self, service: ServiceId) -> bool {
        self.plan.all_above(Child::Service(service)).any(|group| {
            let is_clearing =
                || self.plan.groups[group].strategy.is_ordered() && self.is_leaving(group);
            self.groups[group].is_collapsing || is_clearing()
        })
    }

    /// Whether something of an ordered group is still to end, before anything of it starts again.
    fn is_leaving(&self, group: GroupId) -> bool {
        let services = self.plan.services_below(Child::Group(group));
        services.iter().any(|at| self.services[*at].is_leaving())
    }

    fn is_down(&self, group: GroupId) -> bool {
        let services = self.plan.services_below(Child::Group(group));
        !services.iter().any(|at| self.services[*at].has_process())
    }

    /// The root's own end, if it is the one that had too many restarts.
    pub(super) fn give_up_everything(&mut self) {
        self.end(Outcome::GaveUp);
    }
}
