//! What several tests of this lab share: plans of small trees, and a hand that drives the supervisor.

#![expect(dead_code, reason = "no test file uses all of it")]

pub(crate) mod real;

use std::collections::VecDeque;
use std::time::Duration;

use auto_repair::plan::{Group, Plan, Service, ServiceId, Strategy};
use auto_repair::supervisor::{Effect, Event, Exit, Notice, Run, Supervisor};

/// A group without limit and waits.
pub(crate) fn free(name: &str, strategy: Strategy) -> Group {
    Group {
        limit: None,
        waits: None,
        ..Group::new(name, strategy)
    }
}

/// Services whose names are the words of a text.
pub(crate) fn services(names: &str) -> Vec<Service> {
    let names = names.split_whitespace();
    names.map(|name| Service::new(name, ["true"])).collect()
}

/// A plan with one group.
pub(crate) fn flat(strategy: Strategy, names: &str) -> Plan {
    let root = free("root", strategy).with(names.split_whitespace());
    Plan::new(vec![root], services(names)).expect("a plan")
}

/// Drives a supervisor by hand, and plays processes that do at once what they are told.
#[derive(Debug)]
pub(crate) struct Hand {
    pub(crate) supervisor: Supervisor,
    pub(crate) now: Duration,
    /// The latest process of each service, while it runs.
    pub(crate) running: Vec<Option<Run>>,
    /// What was done: `+name` for a start, `-name` for an end that was asked for.
    pub(crate) done: Vec<String>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) other: Vec<Effect>,
    /// Whether processes run and end at once when they are told to.
    pub(crate) obeys: bool,
}

impl Hand {
    pub(crate) fn new(plan: Plan) -> Self {
        Hand {
            running: vec![None; plan.services().len()],
            supervisor: Supervisor::new(plan, 7),
            now: Duration::ZERO,
            done: Vec::new(),
            notices: Vec::new(),
            other: Vec::new(),
            obeys: true,
        }
    }

    /// A supervisor whose services all run.
    pub(crate) fn booted(plan: Plan) -> Self {
        let mut hand = Hand::new(plan);
        hand.tell(Event::Boot);
        hand.done.clear();
        hand.notices.clear();
        hand
    }

    /// Tells an event and whatever follows from it, with processes that do as they are told.
    pub(crate) fn tell(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.supervisor.handle(self.now, event) {
                match effect {
                    Effect::Start(service, run) => {
                        assert_eq!(self.running[service], None, "one process at a time");
                        self.running[service] = Some(run);
                        self.done.push(format!("+{}", self.name(service)));
                        if self.obeys {
                            events.push_back(Event::Spawned(service, run));
                        }
                    }
                    Effect::Terminate(service, run) if self.obeys => {
                        self.done.push(format!("-{}", self.name(service)));
                        self.running[service] = None;
                        events.push_back(Event::Exited(service, run, Exit::Signal(15)));
                    }
                    Effect::Tell(notice) => self.notices.push(notice),
                    other => self.other.push(other),
                }
            }
        }
    }

    /// The process of a service ends by itself.
    pub(crate) fn ends(&mut self, service: ServiceId, exit: Exit) {
        let run = self.running[service].take().expect("it runs");
        self.tell(Event::Exited(service, run, exit));
    }

    pub(crate) fn crashes(&mut self, service: ServiceId) {
        self.ends(service, Exit::Code(1));
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.supervisor.deadline().filter(|at| *at <= end) {
            assert!(at > self.now, "a deadline that is over is none: {at:?}");
            self.now = at;
            self.tell(Event::Tick);
        }
        self.now = end;
    }

    pub(crate) fn name(&self, service: ServiceId) -> String {
        self.supervisor.plan().services()[service].name.clone()
    }

    /// What was done since the last look, in one line.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.done).join(" ")
    }

    /// The states of all services.
    pub(crate) fn states(&self) -> String {
        let rows = self.supervisor.status().into_iter();
        rows.map(|row| format!("{}: {}", row.name, row.state))
            .collect::<Vec<_>>()
            .join(", ")
    }
}
