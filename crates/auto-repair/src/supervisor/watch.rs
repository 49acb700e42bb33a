//! What is expected of a running service, and by when.

use std::time::Duration;

use super::{Cause, Effect, Phase, Supervisor};
use crate::plan::{Liveness, Ready, ServiceId};

/// How often memory is looked at: a process that takes a gigabyte a second is caught within 100 MiB.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// A service that starts is asked at least this often: its dependants wait for the answer.
const PROBE_START_EVERY: Duration = Duration::from_millis(20);

impl Supervisor {
    /// Does what is due now.
    pub(super) fn expire(&mut self) {
        for service in 0..self.services.len() {
            let (instance, now) = (&self.services[service], self.now);
            match instance.phase {
                Phase::Stopping { kill_at } if kill_at.is_some_and(|at| at <= now) => {
                    self.kill(service);
                }
                // It ends anyway, only not yet: others are to end before it.
                _ if instance.must_stop => {}
                Phase::Starting { ready_by } if ready_by <= now => self.never_became_ready(service),
                Phase::Starting { .. } | Phase::Ready { .. } => self.look_after(service),
                _ => {}
            }
        }
    }

    /// A service has had all the time it may take to become ready.
    fn never_became_ready(&mut self, service: ServiceId) {
        // BEGIN SOLUTION stage 2: it is asked to end, and has failed
        self.terminate(service);
        self.fail(service, Cause::NeverReady, true);
        // END SOLUTION
    }

    /// Signs of life and memory, of a service that is watched.
    fn look_after(&mut self, service: ServiceId) {
        let now = self.now;
        let instance = &self.services[service];
        let watched = [instance.alive_by, instance.probe_at, instance.measure_at];
        if !watched.into_iter().flatten().any(|at| at <= now) {
            return;
        }
        // BEGIN SOLUTION stage 4: the sign of life is late, a probe is due, or a look at its memory
        let run = instance.run;
        let is_due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        if is_due(instance.alive_by) {
            // It may not even hear SIGTERM.
            self.kill(service);
            self.fail(service, Cause::Hung, false);
            return;
        }
        if is_due(instance.probe_at) {
            self.effects.push(Effect::Probe(service, run));
            self.plan_next_probe(service);
        }
        if is_due(self.services[service].measure_at) {
            self.services[service].measure_at = Some(now + MEASURE_EVERY);
            self.effects.push(Effect::Measure(service, run));
        }
        // END SOLUTION
    }

    // BEGIN SOLUTION ITEMS stage 4: when to ask again, and until when to wait for an answer
    /// The patience for an answer begins with the first question that isn't answered: a supervisor that
    /// itself was held up has asked nothing, and blames nobody.
    fn plan_next_probe(&mut self, service: ServiceId) {
        let Some(Liveness::Http { every, within, .. }) = self.plan.services[service].liveness
        else {
            return;
        };
        let (now, instance) = (self.now, &mut self.services[service]);
        if let Phase::Ready { .. } = instance.phase {
            instance.alive_by.get_or_insert(now + within);
            instance.probe_at = Some(now + every);
        } else {
            instance.probe_at = Some(now + every.min(PROBE_START_EVERY));
        }
    }
    // END SOLUTION

    /// A process has been started; if it shows that it is ready by an answer, it has to be asked.
    pub(super) fn begin_start_watch(&mut self, service: ServiceId) {
        let declared = &self.plan.services[service];
        if declared.ready == Ready::Alive
            && let Some(Liveness::Http { every, .. }) = declared.liveness
        {
            let first = self.now + every.min(PROBE_START_EVERY);
            self.services[service].probe_at = Some(first);
        }
    }

    /// A service has become ready; from now on it is watched.
    pub(super) fn begin_watch(&mut self, service: ServiceId) {
        let (now, declared) = (self.now, &self.plan.services[service]);
        let instance = &mut self.services[service];
        instance.unwatch();
        match declared.liveness {
            Some(Liveness::Heartbeat { within }) => instance.alive_by = Some(now + within),
            Some(Liveness::Http { every, .. }) => instance.probe_at = Some(now + every),
            None => {}
        }
        instance.measure_at = declared.memory.map(|_| now + MEASURE_EVERY);
    }

    /// A sign of life.
    pub(super) fn is_alive(&mut self, service: ServiceId) {
        // BEGIN SOLUTION stage 4: the first may make it ready; the next is due when?
        let declared = &self.plan.services[service];
        match self.services[service].phase {
            Phase::Starting { .. } if declared.ready == Ready::Alive => self.becomes_ready(service),
            Phase::Ready { .. } => {
                self.services[service].alive_by = match declared.liveness {
                    Some(Liveness::Heartbeat { within }) => Some(self.now + within),
                    // It has answered; the next question sets the next deadline.
                    _ => None,
                };
            }
            _ => {}
        }
        // END SOLUTION
    }

    /// How much memory a process has.
    pub(super) fn has_memory(&mut self, service: ServiceId, bytes: u64) {
        // BEGIN SOLUTION stage 4: too much is a failure; it still hears SIGTERM
        let instance = &self.services[service];
        let is_watched = matches!(instance.phase, Phase::Ready { .. }) && !instance.must_stop;
        let limit = self.plan.services[service].memory;
        if is_watched && limit.is_some_and(|limit| bytes > limit) {
            self.terminate(service);
            self.fail(service, Cause::Leaked(bytes), false);
        }
        // END SOLUTION
    }
}
