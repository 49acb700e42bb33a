//! The thread that hears everything and performs what the supervisor wants.

mod requests;

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use labkit::clock::{Clock, RealClock};
use nix::poll::PollFlags;
use nix::sys::signal::Signal;

use super::children::Children;
use super::control::Control;
use super::logs::Log;
use super::polling::{Polling, Source};
use super::probe::{Probe, Question, announced};
use super::process::Process;
use super::{Asked, Happening, Options, memory};
use crate::error::Error;
use crate::plan::{Liveness, Plan, Ready, ServiceId};
use crate::supervisor::{Effect, Event, Exit, Outcome, Run, Supervisor};

/// The driver of real processes.
#[derive(Debug)]
pub(super) struct Machine {
    supervisor: Supervisor,
    clock: Arc<RealClock>,
    processes: Vec<Option<Process>>,
    logs: Vec<Log>,
    asked: Receiver<Asked>,
    woken: UnixStream,
    children: Children,
    control: Option<Control>,
    events: Option<Sender<Happening>>,
    /// What the performing of effects led to.
    pending: VecDeque<Event>,
    outcome: Option<Outcome>,
}

impl Machine {
    pub(super) fn new(
        plan: Plan,
        options: Options,
        clock: Arc<RealClock>,
        asked: Receiver<Asked>,
        woken: UnixStream,
    ) -> Result<Self, Error> {
        woken
            .set_nonblocking(true)
            .map_err(Error::system("a pipe"))?;
        let services = plan.services.len();
        Ok(Machine {
            supervisor: Supervisor::new(plan, options.seed),
            clock,
            processes: (0..services).map(|_| None).collect(),
            logs: (0..services).map(|_| Log::default()).collect(),
            asked,
            woken,
            children: Children::watch().map_err(Error::system("to hear of ended processes"))?,
            control: options.socket.map(Control::listen).transpose()?,
            events: options.events,
            pending: VecDeque::new(),
            outcome: None,
        })
    }

    /// Runs until all has ended.
    pub(super) fn run(mut self) -> Outcome {
        self.tell(Event::Boot);
        loop {
            if let Some(outcome) = self.outcome {
                return outcome;
            }
            if let Some(control) = &mut self.control {
                control.let_go();
            }
            match self.wait() {
                // What was heard comes first: a beat that came in time counts, however late it is read.
                Ok(heard) => heard.into_iter().for_each(|source| self.hear(source)),
                Err(error) => {
                    tracing::error!("the supervisor can't wait any more: {error}");
                    self.tell(Event::Shutdown);
                }
            }
            self.tell(Event::Tick);
        }
    }

    fn wait(&self) -> Result<Vec<Source>, nix::errno::Errno> {
        let mut polling = Polling::default();
        polling.add(Source::Requests, self.woken.as_fd(), PollFlags::POLLIN);
        for (id, process) in self.processes.iter().enumerate() {
            let Some(process) = process else { continue };
            for is_error in [false, true] {
                if let Some(output) = &process.outputs[usize::from(is_error)] {
                    polling.add(
                        Source::Output(id, is_error),
                        output.as_fd(),
                        PollFlags::POLLIN,
                    );
                }
            }
            if let Some(beats) = &process.beats {
                polling.add(Source::Beats(id), beats.as_fd(), PollFlags::POLLIN);
            }
            if let Some(probe) = &process.probe {
                let (file, flags) = probe.waits_for();
                polling.add(Source::Probe(id), file, flags);
            }
        }
        // After what processes wrote, so that their last words are heard while they are known.
        polling.add(
            Source::Children,
            self.children.told.as_fd(),
            PollFlags::POLLIN,
        );
        if let Some(control) = &self.control {
            control.poll(&mut polling);
        }
        let due = self
            .supervisor
            .deadline()
            .map(|at| at.saturating_sub(self.clock.now()));
        let patience = self.control.as_ref().and_then(Control::patience);
        polling.wait([due, patience].into_iter().flatten().min())
    }

    fn hear(&mut self, source: Source) {
        match source {
            Source::Children => self.reap(),
            Source::Requests => self.answer_requests(),
            Source::Output(service, is_error) => {
                if let Some(process) = &mut self.processes[service] {
                    let bytes = process.read(is_error);
                    self.wrote(service, is_error, &bytes);
                }
            }
            Source::Beats(service) => {
                if let Some(process) = &mut self.processes[service]
                    && process.has_beaten()
                {
                    let run = process.run;
                    self.tell(Event::Alive(service, run));
                }
            }
            Source::Probe(service) => self.go_on_asking(service),
            Source::Operators | Source::Operator(_) => {
                let Some(mut control) = self.control.take() else {
                    return;
                };
                control.hear(source, |request| self.answer(request));
                self.control = Some(control);
            }
        }
    }

    /// Tells the supervisor, and does what it wants, until it wants nothing more.
    fn tell(&mut self, event: Event) {
        self.pending.push_back(event);
        while let Some(event) = self.pending.pop_front() {
            let effects = self.supervisor.handle(self.clock.now(), event);
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Start(service, run) => self.start(service, run),
            Effect::Terminate(service, run) => self.signal(service, run, Signal::SIGTERM),
            Effect::Kill(service, run) => self.signal(service, run, Signal::SIGKILL),
            Effect::Probe(service, run) => self.ask_service(service, run),
            Effect::Measure(service, run) => {
                let process = self.processes[service].as_ref();
                if let Some(bytes) = process.and_then(|process| memory::resident(process.id())) {
                    self.pending.push_back(Event::Memory(service, run, bytes));
                }
            }
            Effect::Tell(notice) => {
                let text = self.supervisor.describe(&notice);
                tracing::debug!("{text}");
                let at = self.clock.now();
                // Whoever wanted to know may have gone.
                let _ = self
                    .events
                    .as_ref()
                    .map(|events| events.send(Happening { at, notice, text }));
            }
            Effect::Ended(outcome) => self.outcome = Some(outcome),
        }
    }

    fn start(&mut self, service: ServiceId, run: Run) {
        let declared = &self.supervisor.plan().services[service];
        let event = match Process::start(declared, run) {
            Ok(process) => {
                self.processes[service] = Some(process);
                Event::Spawned(service, run)
            }
            Err(error) => Event::Exited(service, run, Exit::NotStarted(error.to_string())),
        };
        self.pending.push_back(event);
    }

    fn signal(&self, service: ServiceId, run: Run, signal: Signal) {
        let process = self.processes[service].as_ref();
        if let Some(process) = process.filter(|process| process.run == run) {
            process.signal(signal);
        }
    }

    /// Sees which processes have ended.
    fn reap(&mut self) {
        self.children.drain();
        for service in 0..self.processes.len() {
            let process = self.processes[service].as_mut();
            let Some(exit) = process.and_then(Process::exit) else {
                continue;
            };
            let Some(mut process) = self.processes[service].take() else {
                continue;
            };
            for is_error in [false, true] {
                let rest = process.read_rest(is_error);
                self.logs[service].push(is_error, &rest);
            }
            self.logs[service].end();
            self.tell(Event::Exited(service, process.run, exit));
        }
    }

    /// A service wrote something: it may announce that it is ready, or where it listens.
    fn wrote(&mut self, service: ServiceId, is_error: bool, bytes: &[u8]) {
        let lines = self.logs[service].push(is_error, bytes);
        let Some(process) = &mut self.processes[service] else {
            return;
        };
        let run = process.run;
        let is_new = process.address.is_none();
        process.address = process
            .address
            .or_else(|| lines.iter().find_map(|line| announced(line)));
        let has_address = is_new && process.address.is_some();
        let declared = &self.supervisor.plan().services[service];
        match &declared.ready {
            Ready::Line(part) if lines.iter().any(|line| line.contains(part)) => {
                self.tell(Event::Announced(service, run));
            }
            // Who waits for its answer needn't wait for the next probe.
            Ready::Alive if has_address => self.ask_service(service, run),
            _ => {}
        }
    }

    /// Begins a probe, unless one is on its way already, or nobody knows where to.
    fn ask_service(&mut self, service: ServiceId, run: Run) {
        let declared = &self.supervisor.plan().services[service];
        let (Some(Liveness::Http { target, .. }), Some(process)) =
            (&declared.liveness, &mut self.processes[service])
        else {
            return;
        };
        if process.run == run
            && process.probe.is_none()
            && let Some(question) = Question::new(target, process.address)
        {
            // A refusal is no answer.
            process.probe = Probe::begin(&question).ok();
            // On the loopback it is connected by now: what is sent at once can be answered even while
            // this process is held up.
            self.go_on_asking(service);
        }
    }

    fn go_on_asking(&mut self, service: ServiceId) {
        let Some(process) = &mut self.processes[service] else {
            return;
        };
        let Some(is_good) = process.probe.as_mut().and_then(Probe::advance) else {
            return;
        };
        process.probe = None;
        let run = process.run;
        if is_good {
            self.tell(Event::Alive(service, run));
        }
    }
}
