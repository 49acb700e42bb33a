//! The detector: where threads meet when one of them is about to wait.
//!
//! Everything here happens under one lock, and only for locks that somebody waits for (or several
//! readers share): see [`crate::raw`]. What is decided, the pure [`LockTable`] and [`victim`] decide; this
//! module puts threads to sleep and wakes them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::sync::{self, Condvar, Mutex, MutexGuard};

use crate::deadlock::{Deadlock, Event, Held, Member, OrderWarning, Site, Waited};
use crate::error::LockError;
use crate::graph::{Answer, LockId, LockTable, Mode, Party, Wait};
use crate::order::{Edge, OrderGraph};
use crate::party::{self, Hold};
use crate::raw::{self, RawLock};
use crate::since;
use crate::victim::{self, Claim, Policy};

/// Finds the deadlocks among the locks that were made with it. Clones are the same detector.
///
/// What it finds can be read as a timeline, at the end or as it happens:
///
/// ```
/// use std::thread;
///
/// use deadlock_detection::{Detector, Event, Policy, TrackedMutex, retry};
/// use labkit::clock::Stopwatch;
///
/// let watch = Stopwatch::start(); // what the rest of the program tells the time by
/// let detector = Detector::new(Policy::Youngest)
///     .timed_by(watch)
///     .watching_order()
///     .watching_waits();
/// let found = detector.subscribe();
///
/// let buffer = TrackedMutex::named(&detector, "buffer", 0);
/// let log = TrackedMutex::named(&detector, "log", 0);
/// thread::scope(|scope| {
///     for (first, second) in [(&buffer, &log), (&log, &buffer)] {
///         scope.spawn(move || {
///             // The two may deadlock; then one of them is aborted and tries again.
///             retry(0, |_| {
///                 let mut first = first.lock()?;
///                 let mut second = second.lock()?;
///                 (*first, *second) = (*first + 1, *second + 1);
///                 Ok::<(), deadlock_detection::LockError>(())
///             })
///         });
///     }
/// });
///
/// let mut timeline: Vec<Event> = found.try_iter().collect();
/// timeline.sort_by_key(Event::at);
/// for event in &timeline {
///     println!("{:>12?}  {event}", event.at());
/// }
/// // The orders contradict each other, whether or not the two threads met this time.
/// assert!(timeline.iter().any(|event| matches!(event, Event::Order(_))));
/// assert_eq!(buffer.into_inner()?, 2);
/// # Ok::<(), deadlock_detection::LockError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    /// Guards all that a detector knows. Taken by who is about to wait, or has someone to wake, or reports
    /// an order; nothing else is ever taken under it.
    state: Arc<Mutex<State>>,
    clock: Stopwatch,
    watches_order: bool,
    watches_waits: bool,
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
    outcome: Option<Outcome>,
}

/// How a wait ends: the lock is there, or it had to be given up.
type Outcome = Result<(), Arc<Deadlock>>;

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
            clock: Stopwatch::start(),
            watches_order: false,
            watches_waits: false,
        }
    }

    /// The same, for locks made with it from now on, and it tells the time by this clock: in a program with
    /// a timeline of its own, by that one's. Without it, it tells the time since it was made.
    #[must_use]
    pub fn timed_by(mut self, clock: Stopwatch) -> Self {
        self.clock = clock;
        self
    }

    /// The same, for locks made with it from now on, and it warns of orders of locks that contradict each
    /// other. A thread that takes a lock while it holds another then looks up whether that order is new.
    #[must_use]
    pub fn watching_order(mut self) -> Self {
        self.watches_order = true;
        self
    }

    /// The same, for locks made with it from now on, and it tells its subscribers of every wait, when it has
    /// ended. Nothing changes for a lock that nobody waits for.
    #[must_use]
    pub fn watching_waits(mut self) -> Self {
        self.watches_waits = true;
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
    pub(crate) fn note_orders(&self, lock: LockId, site: Site) {
        let (new, at) = (party::new_orders(lock), self.clock.elapsed());
        sync::lock(&self.state).note_orders(&new, lock, site, at);
    }

    /// Takes a lock that wasn't free at the first look, or waits for it.
    #[cold]
    pub(crate) fn acquire(
        &self,
        raw: &RawLock,
        me: Party,
        mode: Mode,
        site: Site,
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
        let at = self.clock.elapsed();
        let waiting = Waiting {
            thread: party::name(),
            site,
            holds,
            claim: party::claim(),
            seat: Arc::new(Condvar::new()),
            outcome: None,
        };
        let (mut state, outcome) = self.wait(state, me, waiting, at);
        if self.watches_waits {
            let waited = Waited {
                at,
                took: self.clock.elapsed().saturating_sub(at),
                thread: party::name(),
                lock: state.name_of(raw.id()),
                mode,
                site,
                granted: outcome.is_ok(),
            };
            state.tell(&Event::Waited(Arc::new(waited)));
        }
        outcome.map_err(LockError::Deadlock)
    }

    /// Waits until the wait has an outcome, if it isn't one that never would.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        me: Party,
        waiting: Waiting,
        at: Duration,
    ) -> (MutexGuard<'a, State>, Outcome) {
        let seat = Arc::clone(&waiting.seat);
        state.waiting.insert(me, waiting);
        state.counts.waits += 1;
        // BEGIN SOLUTION stage 2: look for a cycle before you sleep; sleep until your wait has an outcome
        state.break_cycles(me, at);
        loop {
            let own = state.waiting.get_mut(&me);
            if let Some(outcome) = own.and_then(|own| own.outcome.take()) {
                state.waiting.remove(&me);
                return (state, outcome);
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
    fn break_cycles(&mut self, me: Party, at: Duration) {
        // BEGIN SOLUTION stage 2: search, choose, tell the victim; whom does its withdrawal let in?
        while let Some(cycle) = self.table.cycle_through(me) {
            let claims: Vec<(Party, Claim)> = cycle
                .iter()
                .map(|wait| (wait.party, self.waiting[&wait.party].claim))
                .collect();
            let victim = victim::choose(self.policy, &claims);
            let report = Arc::new(self.report(&cycle, victim, at));
            let admitted = self.table.withdraw(victim);
            self.counts.deadlocks += 1;
            self.tell(&Event::Deadlock(Arc::clone(&report)));
            self.wake(&[victim], &Err(report));
            self.wake(&admitted, &Ok(()));
        }
        // END SOLUTION
    }

    fn wake(&mut self, parties: &[Party], outcome: &Outcome) {
        for party in parties {
            if let Some(waiting) = self.waiting.get_mut(party) {
                waiting.outcome = Some(outcome.clone());
                waiting.seat.notify_one();
            }
        }
    }

    fn note_orders(&mut self, holds: &[Hold], lock: LockId, site: Site, at: Duration) {
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
                at,
                names: cycle.iter().map(|edge| self.name_of(edge.held)).collect(),
                cycle,
                thread: party::name(),
            };
            self.counts.order_warnings += 1;
            self.tell(&Event::Order(Arc::new(warning)));
        }
    }

    /// The cycle in words: everyone in it waits, so everyone has published what it holds.
    fn report(&self, cycle: &[Wait], victim: Party, at: Duration) -> Deadlock {
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
            at,
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
