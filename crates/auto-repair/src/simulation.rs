//! Virtual processes under the real supervisor: time is a number, and chance comes from a seed.
//!
//! [`World`] is a driver like the live one: it performs effects, and tells what came of them. Its
//! processes boot, beat, crash, hang and leak as their [`Model`] says.

mod model;

use std::collections::BTreeMap;
use std::time::Duration;

use labkit::rng::Stream;

use crate::ledger::{Fault, Ledger};
use crate::plan::{Liveness, Plan, Ready, ServiceId};
use crate::supervisor::{Effect, Event, Exit, Notice, Outcome, Run, Supervisor};

pub use model::{Model, Timing};

/// How long a poisoned process lives.
const POISONED_LIFE: Duration = Duration::from_millis(10);

/// Something that will happen to the `run`-th process of a service, unless it has ended by then.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Spawned,
    Booted,
    Beat,
    Answer,
    Fault,
    End(Exit),
    /// Its end is noticed.
    Seen(Exit),
}

/// A virtual process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    run: Run,
    serves: bool,
    is_hung: bool,
    leaks_since: Option<Duration>,
}

/// The supervisor, its virtual processes, and the books about them.
#[derive(Debug)]
pub struct World {
    supervisor: Supervisor,
    models: Vec<Model>,
    /// How often the monitor looks for ended processes; none means that it is told at once.
    looks_every: Option<Duration>,
    now: Duration,
    /// By time, and at the same time in the order in which they were queued.
    queue: BTreeMap<(Duration, u64), (ServiceId, Run, Item)>,
    queued: u64,
    processes: Vec<Option<Process>>,
    /// How many of each service's next starts will fail.
    poisoned: Vec<u32>,
    chances: Vec<Stream>,
    /// The books; closed by [`run`](Self::run).
    pub ledger: Ledger,
    /// All that the supervisor said.
    pub notices: Vec<(Duration, Notice)>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
}

impl World {
    /// A world in which nothing has been started; `models` has one for each service of the plan.
    ///
    /// # Panics
    /// If there aren't as many models as services.
    #[must_use]
    pub fn new(plan: Plan, models: Vec<Model>, looks_every: Option<Duration>, seed: u64) -> Self {
        let services = plan.services.len();
        assert_eq!(models.len(), services, "a model for each service");
        let names = plan.services.iter().map(|service| &service.name);
        World {
            chances: names
                .map(|name| Stream::named(seed, &format!("faults of {name}")))
                .collect(),
            supervisor: Supervisor::new(plan, seed),
            models,
            looks_every,
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            queued: 0,
            processes: vec![None; services],
            poisoned: vec![0; services],
            ledger: Ledger::new(services),
            notices: Vec::new(),
            outcome: None,
        }
    }

    /// The supervisor.
    #[must_use]
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Boots everything, lets time pass until `end`, and closes the books.
    pub fn run(&mut self, end: Duration) {
        self.tell(Event::Boot);
        loop {
            let item = self.queue.keys().next().map(|(at, _)| *at);
            let due = self.supervisor.deadline();
            // What happens at the time of a deadline happens before it.
            let is_item = item.is_some_and(|at| due.is_none_or(|due| at <= due));
            let Some(next) = (if is_item { item } else { due }).filter(|at| *at <= end) else {
                break;
            };
            self.now = next;
            if !is_item {
                self.tell(Event::Tick);
            } else if let Some((_, (service, run, item))) = self.queue.pop_first() {
                self.happens(service, run, item);
            }
        }
        self.now = end;
        self.ledger.close(end);
    }

    fn tell(&mut self, event: Event) {
        for effect in self.supervisor.handle(self.now, event) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Start(service, run) => self.start(service, run),
            Effect::Terminate(service, run) => {
                self.ledger.serves(self.now, service, false);
                if let Some(process) = self.process(service, run) {
                    process.serves = false;
                    // One that hangs hears nothing.
                    if !process.is_hung {
                        self.queue(
                            self.models[service].stop,
                            service,
                            run,
                            Item::End(Exit::Signal(15)),
                        );
                    }
                }
            }
            Effect::Kill(service, run) => {
                self.queue(Duration::ZERO, service, run, Item::End(Exit::Signal(9)))
            }
            Effect::Probe(service, run) => {
                if self
                    .process(service, run)
                    .is_some_and(|p| p.serves && !p.is_hung)
                {
                    self.queue(Duration::from_millis(1), service, run, Item::Answer);
                }
            }
            Effect::Measure(service, run) => {
                let (now, model) = (self.now, self.models[service]);
                if let Some(process) = self.process(service, run) {
                    let leaks_for = process
                        .leaks_since
                        .map_or(Duration::ZERO, |since| now - since);
                    self.tell(Event::Memory(service, run, model.memory_after(leaks_for)));
                }
            }
            Effect::Tell(notice) => {
                self.ledger.told(self.now, &notice);
                self.notices.push((self.now, notice));
            }
            Effect::Ended(outcome) => self.outcome = Some(outcome),
        }
    }

    fn start(&mut self, service: ServiceId, run: Run) {
        self.processes[service] = Some(Process {
            run,
            serves: false,
            is_hung: false,
            leaks_since: None,
        });
        self.queue(Duration::ZERO, service, run, Item::Spawned);
        if self.poisoned[service] > 0 {
            self.poisoned[service] -= 1;
            self.queue(POISONED_LIFE, service, run, Item::End(Exit::Code(1)));
        } else {
            self.queue(self.models[service].boot, service, run, Item::Booted);
        }
    }

    /// The process that is meant, unless it has ended.
    fn process(&mut self, service: ServiceId, run: Run) -> Option<&mut Process> {
        self.processes[service]
            .as_mut()
            .filter(|process| process.run == run)
    }

    fn queue(&mut self, after: Duration, service: ServiceId, run: Run, item: Item) {
        self.queued += 1;
        let key = (self.now + after, self.queued);
        self.queue.insert(key, (service, run, item));
    }

    fn happens(&mut self, service: ServiceId, run: Run, item: Item) {
        if let Item::Seen(exit) = item {
            return self.tell(Event::Exited(service, run, exit));
        }
        let Some(process) = self.process(service, run) else {
            return;
        };
        match item {
            Item::Spawned => self.tell(Event::Spawned(service, run)),
            Item::Booted => {
                process.serves = true;
                self.booted(service, run);
            }
            Item::Beat if !process.is_hung => {
                self.queue(self.models[service].beat, service, run, Item::Beat);
                self.tell(Event::Alive(service, run));
            }
            Item::Answer => self.tell(Event::Alive(service, run)),
            Item::Fault if process.serves => self.inject(service, run),
            Item::End(exit) => self.ends(service, run, exit),
            Item::Beat | Item::Fault | Item::Seen(_) => {}
        }
    }

    fn booted(&mut self, service: ServiceId, run: Run) {
        self.ledger.serves(self.now, service, true);
        if let Some(after) = self.models[service].timing.next(&mut self.chances[service]) {
            self.queue(after, service, run, Item::Fault);
        }
        let declared = &self.supervisor.plan().services[service];
        let (ready, liveness) = (declared.ready.clone(), declared.liveness.clone());
        if let Ready::Line(_) = ready {
            self.tell(Event::Announced(service, run));
        }
        if let Some(Liveness::Heartbeat { .. }) = liveness {
            self.queue(Duration::ZERO, service, run, Item::Beat);
        }
    }

    /// The process ends now, and somebody sees it: at once, or at the monitor's next look.
    fn ends(&mut self, service: ServiceId, run: Run, exit: Exit) {
        self.processes[service] = None;
        self.ledger.serves(self.now, service, false);
        let until_seen = self.looks_every.map_or(Duration::ZERO, |every| {
            let past = self.now.as_nanos() % every.as_nanos();
            let past = Duration::from_nanos(u64::try_from(past).unwrap_or(0));
            if past.is_zero() { past } else { every - past }
        });
        self.queue(until_seen, service, run, Item::Seen(exit));
    }

    /// One of the faults that the model has, by their weights.
    fn inject(&mut self, service: ServiceId, run: Run) {
        let fault = self.models[service].draw(&mut self.chances[service]);
        let now = self.now;
        self.ledger.inject(now, service, fault);
        if fault == Fault::Poison {
            self.poisoned[service] = self.models[service].poisoned_starts;
        }
        match fault {
            Fault::Crash | Fault::Poison => self.ends(service, run, Exit::Code(1)),
            Fault::Hang => {
                self.ledger.serves(now, service, false);
                if let Some(process) = self.process(service, run) {
                    (process.is_hung, process.serves) = (true, false);
                }
            }
            Fault::Leak => {
                if let Some(process) = self.process(service, run) {
                    process.leaks_since = Some(now);
                }
            }
        }
    }
}
