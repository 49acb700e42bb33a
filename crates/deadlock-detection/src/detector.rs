//! The detector: where threads meet when one of them is about to wait.
//!
//! Everything here happens under one lock, and only for locks that somebody waits for (or several
//! readers share): see [`crate::raw`]. What is decided, the pure [`LockTable`] and [`victim`] decide; this
//! module puts threads to sleep and wakes them.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use crate::deadlock::{Deadlock, Event, Held, Member, OrderWarning, Site};
use crate::error::LockError;
use crate::graph::{Answer, LockId, LockTable, Mode, Party, Wait};
use crate::order::{Edge, OrderGraph};
use crate::party::{self, Hold};
use crate::raw::{self, RawLock};
use crate::since;
use crate::sync::{self, Condvar, Mutex};
use crate::victim::{self, Claim, Policy};

/// Finds the deadlocks among the locks that were made with it. Clones are the same detector.
#[derive(Clone, Debug)]
pub struct Detector {
    /// Guards all that a detector knows. Taken by who is about to wait, or has someone to wake, or reports
    /// an order; nothing else is ever taken under it.
    state: Arc<Mutex<State>>,
    watches_order: bool,
}

#[derive(Debug, Default)]
struct State {
    table: LockTable,
    /// Those who wait, with what they published about themselves.
    waiting: BTreeMap<Party, Waiting>,
    names: BTreeMap<LockId, String>,
    orders: OrderGraph<Site>,
    policy: Policy,
    subscribers: Vec<mpsc::Sender<Event>>,
    counts: Counts,
}

/// What a detector has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Threads that had to wait for a lock.
    pub waits: u64,
    /// Cycles that were broken, one victim each.
    pub deadlocks: u64,
    /// Orders of locks that contradicted others.
    pub order_warnings: u64,
}

/// A thread that waits.
#[derive(Debug)]
struct Waiting {
    thread: String,
    site: Site,
    holds: Vec<Hold>,
    claim: Claim,
    seat: Arc<Condvar>,
    /// How its wait ended, once it has.
    outcome: Option<Result<(), Arc<Deadlock>>>,
}

impl Detector {
    /// A detector of its own, which breaks cycles by this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let state = State {
            policy,
            ..State::default()
        };
        Detector {
            state: Arc::new(Mutex::new(state)),
            watches_order: false,
        }
    }

    /// The same, for locks made with it from now on, and it warns of orders of locks that contradict each
    /// other. A thread that takes a lock while it holds another then looks up whether that order is new.
    #[must_use]
    pub fn watching_order(mut self) -> Self {
        self.watches_order = true;
        self
    }

    /// The detector of all locks that weren't given another; the youngest gives way, and the order is
    /// watched.
    #[must_use]
    pub fn global() -> &'static Detector {
        static GLOBAL: OnceLock<Detector> = OnceLock::new();
        GLOBAL.get_or_init(|| Detector::new(Policy::Youngest).watching_order())
    }

    /// What happens from now on, as it happens. Events that nobody receives are kept; drop the receiver to
    /// hear no more.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        let (sender, receiver) = mpsc::channel();
        sync::lock(&self.state).subscribers.push(sender);
        receiver
    }

    /// What was seen so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        sync::lock(&self.state).counts
    }

    /// How many threads wait at this moment.
    #[must_use]
    pub fn waiting(&self) -> usize {
        sync::lock(&self.state).waiting.len()
    }

    /// Whether orders are watched.
    #[inline]
    pub(crate) fn watches_order(&self) -> bool {
        self.watches_order
    }

    /// Gives a lock a name.
    pub(crate) fn name(&self, lock: LockId, name: String) {
        sync::lock(&self.state).names.insert(lock, name);
    }

    /// The name of a lock.
    pub(crate) fn name_of(&self, lock: LockId) -> String {
        sync::lock(&self.state).name_of(lock)
    }

    /// Forgets a lock that is gone.
    pub(crate) fn forget(&self, lock: LockId) {
        let mut state = sync::lock(&self.state);
        state.names.remove(&lock);
        state.orders.forget(lock);
    }

    /// Notes that the thread is about to take a lock while it holds others.
    #[cold]
    pub(crate) fn note_order(&self, lock: LockId, site: &'static Location<'static>) {
        let new = party::new_orders(lock);
        if !new.is_empty() {
            sync::lock(&self.state).note_orders(&new, lock, site);
        }
    }

    /// Takes a lock that wasn't free at the first look, or waits for it.
    #[cold]
    pub(crate) fn acquire(
        &self,
        raw: &RawLock,
        me: Party,
        mode: Mode,
        site: &'static Location<'static>,
    ) -> Result<(), LockError> {
        let holds = party::holds();
        if let Some(hold) = holds.iter().find(|hold| hold.lock == raw.id()) {
            return Err(LockError::Relock {
                lock: self.name_of(raw.id()),
                held: hold.site,
                wanted: site,
            });
        }
        let mut state = sync::lock(&self.state);
        if raw.take_or_inflate(&mut state.table, me, mode) {
            return Ok(());
        }
        match state.table.request(me, raw.id(), mode) {
            Ok(Answer::Granted) => return Ok(()),
            Ok(Answer::Waits) => {}
            Err(misuse) => {
                unreachable!("a thread holds what its notes say and waits once: {misuse}")
            }
        }
        let seat = Arc::new(Condvar::new());
        let waiting = Waiting {
            thread: party::name(),
            site,
            holds,
            claim: party::claim(),
            seat: Arc::clone(&seat),
            outcome: None,
        };
        state.waiting.insert(me, waiting);
        state.counts.waits += 1;
        // BEGIN SOLUTION stage 2: look for a cycle before you sleep; sleep until your wait has an outcome
        state.break_cycles(me);
        loop {
            let outcome = state
                .waiting
                .get_mut(&me)
                .and_then(|own| own.outcome.take());
            if let Some(outcome) = outcome {
                state.waiting.remove(&me);
                return outcome.map_err(LockError::Deadlock);
            }
            state = sync::wait(&seat, &self.state, state);
        }
        // END SOLUTION
    }

    /// Gives back a lock that others may wait for.
    #[cold]
    pub(crate) fn release(&self, raw: &RawLock, word: u64) {
        let mut state = sync::lock(&self.state);
        // Its last fellow reader may have left meanwhile, and the lock is thin again.
        if raw.release_thin(word) {
            return;
        }
        if let Ok(admitted) = state.table.release(raw::holder(word).0, raw.id()) {
            raw.deflate(&mut state.table);
            state.wake(&admitted, &Ok(()));
        }
    }
}

impl State {
    /// Looks whether the wait that just began closed a cycle, and has somebody give way; again until no
    /// cycle is left, since a wait behind several readers can close several.
    fn break_cycles(&mut self, me: Party) {
        // BEGIN SOLUTION stage 2: search, choose, tell the victim; whom does its withdrawal let in?
        while let Some(cycle) = self.table.cycle_through(me) {
            let claims: Vec<(Party, Claim)> = cycle
                .iter()
                .map(|wait| (wait.party, self.waiting[&wait.party].claim))
                .collect();
            let victim = victim::choose(self.policy, &claims);
            let report = Arc::new(self.report(&cycle, victim));
            let admitted = self.table.withdraw(victim);
            self.counts.deadlocks += 1;
            self.tell(&Event::Deadlock(Arc::clone(&report)));
            self.wake(&[victim], &Err(report));
            self.wake(&admitted, &Ok(()));
        }
        // END SOLUTION
    }

    fn wake(&mut self, parties: &[Party], outcome: &Result<(), Arc<Deadlock>>) {
        for party in parties {
            if let Some(waiting) = self.waiting.get_mut(party) {
                waiting.outcome = Some(outcome.clone());
                waiting.seat.notify_one();
            }
        }
    }

    fn note_orders(&mut self, holds: &[Hold], lock: LockId, site: Site) {
        for hold in holds {
            let edge = Edge {
                held: hold.lock,
                held_at: hold.site,
                taken: lock,
                taken_at: site,
            };
            let Some(cycle) = self.orders.record(edge) else {
                continue;
            };
            let warning = OrderWarning {
                names: cycle.iter().map(|edge| self.name_of(edge.held)).collect(),
                cycle,
                thread: party::name(),
            };
            self.counts.order_warnings += 1;
            self.tell(&Event::Order(Arc::new(warning)));
        }
    }

    /// The cycle in words: everyone in it waits, so everyone has published what it holds.
    fn report(&self, cycle: &[Wait], victim: Party) -> Deadlock {
        let now = since::now();
        let members = cycle.iter().map(|wait| {
            let waiting = &self.waiting[&wait.party];
            Member {
                party: wait.party,
                thread: waiting.thread.clone(),
                wants: self.name_of(wait.lock),
                mode: wait.mode,
                site: waiting.site,
                blocked_by: self.thread_name(wait.blocked_by),
                holds: waiting
                    .holds
                    .iter()
                    .map(|hold| self.held(hold, now))
                    .collect(),
            }
        });
        Deadlock {
            members: members.collect(),
            victim,
            graph: self.table.snapshot(
                cycle,
                |party| self.thread_name(party),
                |lock| self.name_of(lock),
            ),
        }
    }

    fn held(&self, hold: &Hold, now: u64) -> Held {
        Held {
            lock: self.name_of(hold.lock),
            mode: hold.mode,
            site: hold.site,
            held_for: Duration::from_nanos(now.saturating_sub(hold.since)),
        }
    }

    fn thread_name(&self, party: Party) -> String {
        let waiting = self.waiting.get(&party);
        waiting.map_or_else(|| party::unnamed(party), |waiting| waiting.thread.clone())
    }

    fn name_of(&self, lock: LockId) -> String {
        let name = self.names.get(&lock).cloned();
        name.unwrap_or_else(|| format!("lock {}", lock.0))
    }

    /// Tells the subscribers; those who are gone are forgotten.
    fn tell(&mut self, event: &Event) {
        self.subscribers
            .retain(|subscriber| subscriber.send(event.clone()).is_ok());
    }
}
