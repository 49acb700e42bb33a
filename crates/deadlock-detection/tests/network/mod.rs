//! A network of nodes under chance, with an eye that sees everything at once.
//!
//! Messages between two nodes arrive in order; between different pairs in any order; some arrive twice, the
//! second time as late as it likes. The eye notes when every wait began and ended, which no node can know,
//! and so tells a deadlock from a phantom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use deadlock_detection::edge_chasing::{Cycle, Edge, Effect, LockName, Message, Node, NodeId};
use labkit::rng::Stream;

/// What travels from one node to another.
#[derive(Clone)]
enum Parcel {
    Message(Message),
    /// The connection has ended: the last that comes.
    End,
}

/// One node's program: so many transactions, each taking locks in a few steps.
#[derive(Default)]
struct Program {
    transactions_left: usize,
    steps: Vec<Vec<LockName>>,
    next_step: usize,
    age: u64,
    aborts: u64,
}

pub(crate) struct Network {
    nodes: Vec<Node>,
    programs: Vec<Program>,
    alive: BTreeSet<usize>,
    channels: BTreeMap<(usize, usize), VecDeque<Parcel>>,
    /// When each edge was seen first and last.
    seen: BTreeMap<Edge, (u64, u64)>,
    now: u64,
    next_age: u64,
    locks_each: u32,
    duplicates: bool,
    pub(crate) found: u64,
    pub(crate) aborted: u64,
    pub(crate) abandoned: u64,
}

impl Network {
    pub(crate) fn new(size: u32, locks_each: u32, transactions: usize, duplicates: bool) -> Self {
        Network {
            nodes: (0..size).map(|id| Node::new(NodeId(id))).collect(),
            programs: (0..size)
                .map(|_| Program {
                    transactions_left: transactions,
                    ..Program::default()
                })
                .collect(),
            alive: (0..size as usize).collect(),
            channels: BTreeMap::new(),
            seen: BTreeMap::new(),
            now: 0,
            next_age: 0,
            locks_each,
            duplicates,
            found: 0,
            aborted: 0,
            abandoned: 0,
        }
    }

    /// Runs until everybody is done; the node `killed` dies after so many steps.
    pub(crate) fn run(&mut self, chance: &mut Stream, killed: Option<(usize, u64)>) {
        while self.step(chance) {
            if let Some((node, at)) = killed
                && self.now == at
            {
                self.kill(node);
            }
            assert!(self.now < 200_000, "it never ends");
        }
        for node in &self.alive {
            let left = self.programs[*node].transactions_left;
            assert_eq!(left, 0, "node {node} waits for ever: a deadlock was missed");
        }
    }

    /// Delivers a message, or lets a process that isn't blocked go on; false if nothing is left to do.
    fn step(&mut self, chance: &mut Stream) -> bool {
        let full = self
            .channels
            .iter()
            .filter(|(_, parcels)| !parcels.is_empty());
        let full: Vec<(usize, usize)> = full.map(|(channel, _)| *channel).collect();
        let able = self.alive.iter().copied().filter(|node| {
            self.programs[*node].transactions_left > 0 && !self.nodes[*node].is_blocked()
        });
        let able: Vec<usize> = able.collect();
        if full.is_empty() && able.is_empty() {
            return false;
        }
        let choice = chance.index(full.len() + able.len());
        match full.get(choice) {
            Some(channel) => self.deliver(*channel, chance),
            None => self.act(able[choice - full.len()], chance),
        }
        self.now += 1;
        self.look();
        true
    }

    fn deliver(&mut self, (from, to): (usize, usize), chance: &mut Stream) {
        let channel = self.channels.get_mut(&(from, to)).expect("it was full");
        let parcel = channel.pop_front().expect("it was full");
        if !self.alive.contains(&to) {
            return;
        }
        let effects = match parcel {
            Parcel::Message(message) => {
                if self.duplicates && chance.below(8) == 0 {
                    channel.push_back(Parcel::Message(message.clone()));
                }
                self.nodes[to].receive(NodeId(u32::try_from(from).unwrap()), message)
            }
            Parcel::End => self.nodes[to].peer_gone(NodeId(u32::try_from(from).unwrap())),
        };
        self.carry_out(to, effects);
    }

    /// The next step of a process: begin, ask for more, or give all back and be done.
    fn act(&mut self, at: usize, chance: &mut Stream) {
        if self.programs[at].steps.is_empty() {
            self.begin(at, chance);
        }
        let program = &mut self.programs[at];
        let Some(wanted) = program.steps.get(program.next_step).cloned() else {
            program.transactions_left -= 1;
            program.steps.clear();
            let effects = self.nodes[at].release_all();
            return self.carry_out(at, effects);
        };
        program.next_step += 1;
        match self.nodes[at].acquire(program.age, &wanted) {
            Ok(effects) => self.carry_out(at, effects),
            // A lock of the program is gone with its node: give all back, and draw another program.
            Err(_) => self.give_up(at),
        }
    }

    fn begin(&mut self, at: usize, chance: &mut Stream) {
        let homes: Vec<usize> = self.alive.iter().copied().collect();
        let mut locks: Vec<LockName> = homes
            .into_iter()
            .flat_map(|home| {
                let home = NodeId(u32::try_from(home).unwrap());
                (0..self.locks_each).map(move |number| LockName { home, number })
            })
            .collect();
        (1..locks.len()).for_each(|place| locks.swap(place, chance.index(place + 1)));
        let first = 1 + chance.index(2);
        let second = 1 + chance.index(2);
        let mut wanted = locks.into_iter();
        let steps = [first, second].map(|count| wanted.by_ref().take(count).collect::<Vec<_>>());
        self.next_age += 1;
        let program = &mut self.programs[at];
        program.steps = steps.into_iter().filter(|step| !step.is_empty()).collect();
        program.next_step = 0;
        program.age = self.next_age;
        program.aborts = 0;
    }

    fn give_up(&mut self, at: usize) {
        self.programs[at].steps.clear();
        let effects = self.nodes[at].release_all();
        self.carry_out(at, effects);
    }

    fn carry_out(&mut self, at: usize, effects: Vec<Effect>) {
        let mut lost = false;
        for effect in effects {
            match effect {
                Effect::Send(to, message) => {
                    let to = usize::try_from(to.0).unwrap();
                    let channel = self.channels.entry((at, to)).or_default();
                    channel.push_back(Parcel::Message(message));
                }
                Effect::Granted { abandoned } => self.abandoned += abandoned.len() as u64,
                Effect::Found(cycle) => self.judge(&cycle),
                Effect::Aborted(cycle) => {
                    assert_eq!(
                        cycle.victim().map(|edge| edge.waiter.process),
                        Some(self.nodes[at].id())
                    );
                    self.aborted += 1;
                    // Begins again with the age that it has.
                    self.programs[at].next_step = 0;
                    self.programs[at].aborts += 1;
                    assert!(self.programs[at].aborts < 1_000, "it starves");
                }
                Effect::Lost(_) => lost = true,
            }
        }
        if lost {
            self.give_up(at);
        }
    }

    /// The claim itself: the edges are a cycle, and there was a moment at which all of them existed.
    fn judge(&mut self, cycle: &Cycle) {
        self.found += 1;
        let edges = &cycle.0;
        for (place, edge) in edges.iter().enumerate() {
            let next = &edges[(place + 1) % edges.len()];
            assert_eq!(edge.holder.process, next.waiter.process, "{cycle}");
        }
        let spans: Vec<(u64, u64)> = edges.iter().map(|edge| self.seen[edge]).collect();
        let all_began = spans.iter().map(|span| span.0).max();
        let first_ended = spans.iter().map(|span| span.1).min();
        assert!(all_began <= first_ended, "a phantom: {cycle}, {spans:?}");
    }

    /// Notes which edges exist now: the lock's node, the waiter and the holder all say so.
    fn look(&mut self) {
        for home in &self.alive {
            for edge in self.nodes[*home].edges() {
                let [waiter, holder] = [edge.waiter, edge.holder]
                    .map(|request| usize::try_from(request.process.0).unwrap());
                let waits = self.nodes[waiter]
                    .pending()
                    .any(|request| request == edge.waiter);
                // A grant on its way makes a holder as well.
                let holds = self.nodes[holder]
                    .holds()
                    .any(|lock| lock == edge.holder.lock)
                    || self.nodes[holder]
                        .pending()
                        .any(|request| request == edge.holder);
                let there = self.alive.contains(&waiter) && self.alive.contains(&holder);
                if waits && holds && there {
                    let now = self.now;
                    self.seen.entry(edge).or_insert((now, now)).1 = now;
                }
            }
        }
    }

    /// A node dies: what it sent still arrives, and then the end.
    fn kill(&mut self, node: usize) {
        if self.alive.len() > 1 && self.alive.remove(&node) {
            for other in self.alive.clone() {
                self.channels
                    .entry((node, other))
                    .or_default()
                    .push_back(Parcel::End);
            }
        }
    }
}
