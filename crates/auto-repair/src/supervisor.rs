//! The supervisor itself: events and the time go in, effects come out.
//!
//! It knows no process, no clock and no thread: whoever drives it performs its [`Effect`]s, tells it
//! what came of them, and calls it again at its [`deadline`](Supervisor::deadline) at the latest. The
//! same plan, seed and events give the same effects, which is what makes it the same supervisor over
//! real processes and over simulated ones.

mod instance;
mod settle;
mod status;
mod strategy;
mod watch;

use std::fmt;
use std::time::Duration;

use crate::plan::{Child, GroupId, Plan, Ready, Restart, ServiceId};

use instance::{Goal, Instance, Phase};
pub use status::{State, Status, tree};
use strategy::{GroupState, History};

/// The how-many-th process of its service: what is said of an earlier one is no longer true.
pub type Run = u64;

/// What the supervisor is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything is to be started.
    Boot,
    /// A process runs.
    Spawned(ServiceId, Run),
    /// A process has ended, or couldn't be started.
    Exited(ServiceId, Run, Exit),
    /// The line by which it is known to be ready was seen.
    Announced(ServiceId, Run),
    /// A heartbeat, or a good answer to a probe.
    Alive(ServiceId, Run),
    /// A process has so many bytes of resident memory.
    Memory(ServiceId, Run, u64),
    /// Time has passed; what else is known was told before.
    Tick,
    /// An operator wants these to be started again, whatever they do.
    Restart(Vec<ServiceId>),
    /// An operator wants these to stop, and to stay so.
    Stop(Vec<ServiceId>),
    /// Everything is to stop, for good.
    Shutdown,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It never began: the program can't be started.
    NotStarted(String),
}

/// What the supervisor wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start a process; answer with [`Event::Spawned`] or [`Event::Exited`].
    Start(ServiceId, Run),
    /// Ask it to end (SIGTERM).
    Terminate(ServiceId, Run),
    /// End it (SIGKILL).
    Kill(ServiceId, Run),
    /// Ask whether it lives; a good answer is an [`Event::Alive`], a bad one is none.
    Probe(ServiceId, Run),
    /// Look how much memory it has; the answer is an [`Event::Memory`].
    Measure(ServiceId, Run),
    /// Something that people want to know.
    Tell(Notice),
    /// All processes have ended, and none will be started again.
    Ended(Outcome),
}

/// What happened, for logs, reports and whoever subscribes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A process is being started.
    Starting(ServiceId),
    /// A service serves.
    Ready(ServiceId),
    /// A service has failed.
    Failed(ServiceId, Cause),
    /// It will be started again after so long.
    Restarting(ServiceId, Duration),
    /// A process that was to stop has stopped.
    Stopped(ServiceId),
    /// A service has ended as it may.
    Finished(ServiceId),
    /// A service failed too often and is left alone.
    GivenUp(ServiceId),
    /// A group had too many restarts: it ends and fails as a whole.
    Escalated(GroupId),
}

/// In which way a service failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It ended, though it was to run.
    Exited(Exit),
    /// It gave no sign of life.
    Hung,
    /// It had so many bytes of memory, more than it may.
    Leaked(u64),
    /// It didn't become ready in time.
    NeverReady,
}

/// How it all ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told to.
    Stopped,
    /// The root had more restarts than its limit allows.
    GaveUp,
}

/// The state of all services, and what to do about it.
#[derive(Debug)]
pub struct Supervisor {
    plan: Plan,
    seed: u64,
    /// The latest time that it was told.
    now: Duration,
    services: Vec<Instance>,
    groups: Vec<GroupState>,
    /// How it will end, once it is to end.
    ending: Option<Outcome>,
    has_ended: bool,
    effects: Vec<Effect>,
}

impl Supervisor {
    /// A supervisor of a plan, with nothing started; the jitter of its waits comes from the seed.
    #[must_use]
    pub fn new(plan: Plan, seed: u64) -> Self {
        let mut supervisor = Supervisor {
            services: Vec::new(),
            groups: Vec::new(),
            plan,
            seed,
            now: Duration::ZERO,
            ending: None,
            has_ended: false,
            effects: Vec::new(),
        };
        supervisor.make_room();
        supervisor
    }

    /// What it supervises.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes in a plan that has more services, at the end of the old ones, and starts them.
    ///
    /// # Panics
    /// If the plan has fewer services or groups than the old one.
    pub fn extend(&mut self, now: Duration, plan: Plan) -> Vec<Effect> {
        assert!(
            plan.services.len() >= self.services.len() && plan.groups.len() >= self.groups.len()
        );
        let known = self.services.len();
        self.plan = plan;
        self.make_room();
        self.handle(now, Event::Restart((known..self.services.len()).collect()))
    }

    fn make_room(&mut self) {
        let (plan, seed) = (&self.plan, self.seed);
        for id in self.services.len()..plan.services.len() {
            let history = History::new(plan, Child::Service(id), seed);
            self.services.push(Instance::new(history));
        }
        for id in self.groups.len()..plan.groups.len() {
            let history = History::new(plan, Child::Group(id), seed);
            self.groups.push(GroupState::new(history));
        }
    }

    /// Takes one event at a time that never goes back, and says what is to be done about it, in order.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Effect> {
        self.now = self.now.max(now);
        match event {
            Event::Boot => (0..self.services.len()).for_each(|service| self.want(service)),
            Event::Spawned(service, run) if self.is_current(service, run) => {
                if self.plan.services[service].ready == Ready::Spawned {
                    self.becomes_ready(service);
                }
            }
            Event::Exited(service, run, exit) if self.is_current(service, run) => {
                self.exited(service, exit);
            }
            Event::Announced(service, run) if self.is_current(service, run) => {
                self.becomes_ready(service);
            }
            Event::Alive(service, run) if self.is_current(service, run) => self.is_alive(service),
            Event::Memory(service, run, bytes) if self.is_current(service, run) => {
                self.has_memory(service, bytes);
            }
            Event::Tick => self.expire(),
            Event::Restart(services) => {
                for service in services {
                    self.services[service].must_stop = self.services[service].has_process();
                    self.services[service].history.forget();
                    self.services[service].failed_starts = 0;
                    self.want(service);
                }
            }
            Event::Stop(services) => services.into_iter().for_each(|service| {
                self.services[service].goal = Goal::Down;
                self.services[service].must_stop = self.services[service].has_process();
            }),
            Event::Shutdown => self.end(Outcome::Stopped),
            // Said of a process that has been replaced.
            _ => return Vec::new(),
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// When it has to be called again, with [`Event::Tick`] if with nothing else; never, if none.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let of_service = |service: &Instance| service.next_deadline(self.now);
        self.services.iter().filter_map(of_service).min()
    }

    /// Whether nothing runs and nothing will, unless an operator asks for it.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let waits = |service: &Instance| service.next_deadline(self.now).is_some();
        !self.services.iter().any(|s| s.has_process() || waits(s))
    }

    /// A notice as a sentence.
    #[must_use]
    pub fn describe(&self, notice: &Notice) -> String {
        let name = |service: &ServiceId| &self.plan.services[*service].name;
        match notice {
            Notice::Starting(service) => format!("{} starts", name(service)),
            Notice::Ready(service) => format!("{} is ready", name(service)),
            Notice::Failed(service, cause) => format!("{} failed: {cause}", name(service)),
            Notice::Restarting(service, wait) if wait.is_zero() => {
                format!("{} is restarted at once", name(service))
            }
            Notice::Restarting(service, wait) => {
                format!("{} is restarted in {:.0?}", name(service), wait)
            }
            Notice::Stopped(service) => format!("{} has stopped", name(service)),
            Notice::Finished(service) => format!("{} has finished", name(service)),
            Notice::GivenUp(service) => {
                format!("{} failed too often and is given up", name(service))
            }
            Notice::Escalated(group) => format!(
                "group {} had too many restarts and fails as a whole",
                self.plan.groups[*group].name
            ),
        }
    }

    fn is_current(&self, service: ServiceId, run: Run) -> bool {
        let known = self.services.get(service);
        known.is_some_and(|known| known.run == run && known.has_process())
    }

    fn want(&mut self, service: ServiceId) {
        self.services[service].goal = Goal::Up {
            not_before: self.now,
        };
    }

    fn end(&mut self, outcome: Outcome) {
        self.ending.get_or_insert(outcome);
        for service in &mut self.services {
            service.must_stop = service.has_process();
        }
    }

    /// A process has ended: as it was told, as it may, or as a failure.
    fn exited(&mut self, service: ServiceId, exit: Exit) {
        // BEGIN SOLUTION stage 1: which ends were wanted? which of the others are failures?
        let instance = &mut self.services[service];
        let was_to_end = instance.is_leaving() || instance.goal.is_settled();
        let failed_start = matches!(instance.phase, Phase::Starting { .. });
        instance.down();
        if was_to_end {
            self.tell(Notice::Stopped(service));
            return;
        }
        match self.plan.services[service].restart {
            Restart::Transient | Restart::Temporary if exit == Exit::Code(0) => {
                self.services[service].goal = Goal::Finished;
                self.tell(Notice::Finished(service));
            }
            _ => self.fail(service, Cause::Exited(exit), failed_start),
        }
        // END SOLUTION
    }

    /// Takes note of a failure and has the group decide what follows from it.
    fn fail(&mut self, service: ServiceId, cause: Cause, failed_start: bool) {
        let instance = &mut self.services[service];
        instance.failures += 1;
        instance.failed_starts += u32::from(failed_start);
        instance.last_cause = Some(cause.clone());
        self.tell(Notice::Failed(service, cause));
        if self.plan.services[service].restart == Restart::Temporary {
            self.services[service].goal = Goal::Finished;
            self.tell(Notice::Finished(service));
        } else {
            self.child_failed(Child::Service(service));
        }
    }

    fn becomes_ready(&mut self, service: ServiceId) {
        let now = self.now;
        let instance = &mut self.services[service];
        if !matches!(instance.phase, Phase::Starting { .. }) {
            return;
        }
        instance.phase = Phase::Ready { since: now };
        instance.failed_starts = 0;
        instance.well_since = Some(now);
        self.begin_watch(service);
        self.tell(Notice::Ready(service));
    }

    fn tell(&mut self, notice: Notice) {
        self.effects.push(Effect::Tell(notice));
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(signal) => write!(f, "signal {signal}"),
            Exit::NotStarted(why) => write!(f, "it can't be started ({why})"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Exited(exit) => exit.fmt(f),
            Cause::Hung => f.write_str("no sign of life"),
            Cause::Leaked(bytes) => write!(f, "{} MiB of memory", bytes >> 20),
            Cause::NeverReady => f.write_str("not ready in time"),
        }
    }
}
