//! The world: nodes, network and faults under one virtual clock.

mod traffic;

use std::collections::VecDeque;
use std::time::Duration;

use super::disk::Disk;
use super::network::{Cut, nanos};
use super::queue::{Queue, Ticket};
use super::stats::{Said, Stats};
use super::{Context, Digest, Effect, Event, Fault, Network, Node, NodeId, Schedule, Skew};
use crate::rng::Stream;
use crate::trace::{MarkKind, Sent, Trace};

/// A simulated world of nodes.
pub struct World<N: Node> {
    now: u64,
    queue: Queue<Pending<N>>,
    hosts: Vec<Host<N>>,
    make: Box<dyn FnMut(NodeId) -> N>,
    network: Network,
    cuts: Vec<Cut>,
    /// Separate streams, so that a node's choices don't change what the network does.
    weather: Stream,
    chance: Stream,
    /// Kept between events only to be used again.
    effects: Vec<Effect<N>>,
    said: VecDeque<Said<N::Output>>,
    stats: Stats,
    digest: Digest,
    trace: Option<Trace>,
}

/// Where a node lives.
struct Host<N: Node> {
    /// None while it is down.
    node: Option<N>,
    disk: Disk,
    /// The timers that are set: few, so that searching them is fastest.
    timers: Vec<(N::Timer, Ticket)>,
    skew: Skew,
    /// Whether it crashes within the next event.
    doomed: bool,
}

/// What waits to happen.
enum Pending<N: Node> {
    Start(NodeId),
    Message {
        from: NodeId,
        to: NodeId,
        /// Its place in the trace, if there is one.
        sent: Option<Sent>,
        message: N::Message,
    },
    Timer(NodeId, N::Timer),
    Fault(Box<Fault>),
}

impl<N: Node> World<N>
where
    N::Address: From<NodeId> + Into<NodeId>,
{
    /// A world of `nodes` nodes, each made by `make` when it starts and again when it restarts. They
    /// start at time zero, in order.
    pub fn new(
        seed: u64,
        network: Network,
        nodes: u32,
        make: impl FnMut(NodeId) -> N + 'static,
    ) -> Self {
        let mut queue = Queue::new();
        let host = |id| {
            queue.push(0, Pending::Start(NodeId(id)));
            Host {
                node: None,
                disk: Disk::default(),
                timers: Vec::new(),
                skew: Skew::default(),
                doomed: false,
            }
        };
        let hosts = (0..nodes).map(host).collect();
        World {
            now: 0,
            queue,
            hosts,
            make: Box::new(make),
            network,
            cuts: Vec::new(),
            weather: Stream::named(seed, "sim-network"),
            chance: Stream::named(seed, "sim-nodes"),
            effects: Vec::new(),
            said: VecDeque::new(),
            stats: Stats::default(),
            digest: Digest::new(),
            trace: None,
        }
    }

    /// Adds faults to come; those whose time has passed happen at once.
    pub fn schedule(&mut self, schedule: Schedule) {
        for (at, fault) in schedule.0 {
            self.queue
                .push(at.max(self.now), Pending::Fault(Box::new(fault)));
        }
    }

    /// Records from now on what happens between nodes.
    pub fn record(&mut self, trace: Trace) {
        self.trace = Some(trace);
    }

    /// Ends the recording.
    pub fn take_trace(&mut self) -> Option<Trace> {
        self.trace.take()
    }

    /// Lets one thing happen; says whether there was any.
    pub fn step(&mut self) -> bool {
        let Some((at, ticket, pending)) = self.queue.pop() else {
            return false;
        };
        self.now = at;
        match pending {
            Pending::Start(id) => self.start(id),
            Pending::Message {
                from,
                to,
                sent,
                message,
            } => self.deliver(from, to, sent, message),
            Pending::Timer(id, timer) => self.expire(id, timer, ticket),
            Pending::Fault(fault) => {
                self.happened(4, u32::MAX, 0);
                self.inflict(*fault);
            }
        }
        true
    }

    /// Lets everything happen up to a time, which then is the present.
    pub fn run_until(&mut self, time: Duration) {
        let end = nanos(time);
        while self.queue.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = self.now.max(end);
    }

    /// Lets things happen until `enough` says so, looking after each, or until `deadline`; says
    /// whether it was enough.
    pub fn run_while_not(
        &mut self,
        deadline: Duration,
        mut enough: impl FnMut(&Self) -> bool,
    ) -> bool {
        let end = nanos(deadline);
        while !enough(self) {
            if self.queue.next_at().is_none_or(|at| at > end) {
                self.now = self.now.max(end);
                return enough(self);
            }
            self.step();
        }
        true
    }

    /// Sends a message to a node as if another had sent it: a client's request. It travels through
    /// the network.
    pub fn inject(&mut self, from: NodeId, to: NodeId, message: N::Message) {
        self.send(from, to, message);
    }

    /// Gives a node a message at once, as if from itself: what its own surroundings say to it (a
    /// measurement, a command) travels through no network.
    pub fn tell(&mut self, to: NodeId, message: N::Message) {
        self.deliver(to, to, None, message);
    }

    /// Does something wrong now.
    pub fn inflict(&mut self, fault: Fault) {
        let nodes = self.hosts.len();
        match fault {
            Fault::Crash(id) => self.crash(id),
            Fault::CrashMidway(id) => self.hosts[id.index()].doomed = true,
            Fault::Restart(id) => self.restart(id),
            Fault::Partition(groups) => {
                self.mark(None, MarkKind::Partition, "partition");
                self.cuts.push(Cut::groups(nodes, &groups));
            }
            Fault::OneWay { from, to } => {
                self.mark(None, MarkKind::Partition, "one way");
                self.cuts.push(Cut::one_way(nodes, &from, &to));
            }
            Fault::Heal => {
                self.mark(None, MarkKind::Heal, "healed");
                self.cuts.clear();
            }
            Fault::Conditions(network) => self.network = network,
            Fault::Clock(id, skew) => self.hosts[id.index()].skew = skew,
        }
    }

    fn start(&mut self, id: NodeId) {
        self.happened(1, id.0, 0);
        self.hosts[id.index()].node = Some((self.make)(id));
        self.handle(id, Event::Start);
    }

    fn restart(&mut self, id: NodeId) {
        if self.hosts[id.index()].node.is_some() {
            // It was to crash and never had an event to do so in: then it doesn't any more.
            self.hosts[id.index()].doomed = false;
            return;
        }
        self.mark(Some(id), MarkKind::Restart, "restart");
        self.hosts[id.index()].node = Some((self.make)(id));
        // The disk is lent to the node while that handles the event, and nothing writes meanwhile.
        let disk = std::mem::take(&mut self.hosts[id.index()].disk);
        self.call(
            id,
            Event::Restart {
                disk: disk.content(),
            },
        );
        self.hosts[id.index()].disk = disk;
        self.perform_all(id);
    }

    fn crash(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.index()];
        host.doomed = false;
        if host.node.take().is_none() {
            return;
        }
        // Their tickets are in no list any more, so what is in the queue of them is void.
        host.timers.clear();
        host.disk.crash(&mut self.weather);
        self.mark(Some(id), MarkKind::Crash, "crash");
    }

    fn expire(&mut self, id: NodeId, timer: N::Timer, ticket: Ticket) {
        let timers = &mut self.hosts[id.index()].timers;
        // A timer that was cancelled, set anew or lost in a crash has another ticket or none.
        if let Some(at) = timers.iter().position(|set| set.1 == ticket) {
            timers.swap_remove(at);
            self.happened(3, id.0, 0);
            self.handle(id, Event::Timer(timer));
        }
    }

    /// Gives a node an event and performs what it asks for.
    fn handle(&mut self, id: NodeId, event: Event<'_, N>) {
        self.call(id, event);
        self.perform_all(id);
    }

    fn call(&mut self, id: NodeId, event: Event<'_, N>) {
        let host = &mut self.hosts[id.index()];
        let local = Duration::from_nanos(host.skew.local(self.now));
        if let Some(node) = &mut host.node {
            let mut context = Context::new(local, &mut self.chance, &mut self.effects);
            node.handle(event, &mut context);
        }
    }

    fn perform_all(&mut self, id: NodeId) {
        let mut effects = std::mem::take(&mut self.effects);
        let doomed = self.hosts[id.index()].doomed;
        let count = if doomed {
            self.weather.index(effects.len() + 1)
        } else {
            effects.len()
        };
        for effect in effects.drain(..).take(count) {
            self.perform(id, effect);
        }
        self.effects = effects;
        if doomed {
            self.crash(id);
        }
    }

    fn perform(&mut self, id: NodeId, effect: Effect<N>) {
        let host = &mut self.hosts[id.index()];
        match effect {
            Effect::Send { to, message } => self.send(id, to.into(), message),
            Effect::Set { timer, after } => {
                let at = self.now.saturating_add(host.skew.wait(nanos(after)));
                let ticket = self.queue.push(at, Pending::Timer(id, timer));
                match host.timers.iter_mut().find(|set| set.0 == timer) {
                    Some(set) => set.1 = ticket,
                    None => host.timers.push((timer, ticket)),
                }
            }
            Effect::Cancel(timer) => host.timers.retain(|set| set.0 != timer),
            Effect::Append(bytes) => host.disk.append(&bytes),
            Effect::Replace(bytes) => host.disk.replace(bytes),
            Effect::Sync => host.disk.sync(),
            Effect::Output(what) => self.said.push_back(Said {
                at: Duration::from_nanos(self.now),
                node: id,
                what,
            }),
        }
    }

    fn mark(&mut self, node: Option<NodeId>, kind: MarkKind, label: &str) {
        if let Some(trace) = &mut self.trace {
            trace.mark(self.now, node.map(NodeId::index), kind, label);
        }
    }

    /// Every event leaves its trace in the digest: when, what, where, and what it carried.
    fn happened(&mut self, what: u64, node: u32, content: u64) {
        self.stats.events += 1;
        self.digest.word(self.now);
        self.digest.word(what << 32 | u64::from(node));
        self.digest.word(content);
    }
}

impl<N: Node> World<N> {
    /// The present.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    /// A node, if it is up.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&N> {
        self.hosts[id.index()].node.as_ref()
    }

    /// The nodes that are up.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &N)> {
        let hosts = (0..).map(NodeId).zip(&self.hosts);
        hosts.filter_map(|(id, host)| Some((id, host.node.as_ref()?)))
    }

    /// What the nodes have told their surroundings since the last call, in order.
    pub fn take_said(&mut self) -> VecDeque<Said<N::Output>> {
        std::mem::take(&mut self.said)
    }

    /// What happened so far, in numbers.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The digest of all that happened: equal in two runs if these were the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest.value()
    }
}
