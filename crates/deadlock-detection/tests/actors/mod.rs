//! Random schedules on real threads and real locks, every step of which the oracle judges.
//!
//! Each party is a thread that does as it is told, one thing at a time. So what happens is decided by the
//! schedule alone, and the oracle knows what must come of it: that the thread has the lock now, that it waits,
//! or that it is in a deadlock, which it must be told at once. A cycle that is missed is threads that
//! answer no more.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use deadlock_detection::graph::Mode;
use deadlock_detection::{Deadlock, Detector, LockError, Policy, TrackedRwLock};
use labkit::clock::Deadline;
use labkit::rng::Stream;

use crate::oracle::{Oracle, Step};

/// The most parties and the most locks of a schedule.
const MOST: usize = 5;
/// Steps of a schedule.
const STEPS: usize = 24;
/// How long a thread may take to answer, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

enum Order {
    Take(usize, Mode),
    Give(usize),
}

type Answer = Result<(), LockError>;

/// What was seen in all schedules together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) schedules: u64,
    pub(crate) waits: u64,
    pub(crate) cycles: u64,
}

/// The threads, and the oracle that says what they must answer.
pub(crate) struct Troupe {
    detector: Detector,
    oracle: Oracle,
    actors: Vec<(Sender<Order>, JoinHandle<()>)>,
    answers: Receiver<(usize, Answer)>,
    pub(crate) tally: Tally,
}

impl Troupe {
    pub(crate) fn new() -> Self {
        let detector = Detector::new(Policy::Requester);
        let locks: Arc<[TrackedRwLock<()>]> = (0..MOST)
            .map(|number| TrackedRwLock::named(&detector, format!("lock {number}"), ()))
            .collect();
        let (sender, answers) = mpsc::channel();
        let actors = (0..MOST).map(|party| {
            let (orders, told) = mpsc::channel();
            let (locks, sender) = (Arc::clone(&locks), sender.clone());
            let thread = thread::Builder::new()
                .name(party.to_string())
                .spawn(move || act(&locks, &told, |answer| sender.send((party, answer)).is_ok()));
            (orders, thread.expect("the system has threads left"))
        });
        Troupe {
            actors: actors.collect(),
            detector,
            oracle: Oracle::default(),
            answers,
            tally: Tally::default(),
        }
    }

    /// Plays one random schedule, after which everything is free again.
    ///
    /// # Errors
    /// What the detector did otherwise than the oracle; the troupe can't go on then.
    pub(crate) fn play(&mut self, chance: &mut Stream) -> Result<(), String> {
        self.oracle = Oracle::new(2 + chance.index(MOST - 1), 1 + chance.index(MOST));
        for _ in 0..STEPS {
            match self.oracle.draw(chance) {
                Some(Step::Take(party, lock, mode)) => self.take(party, lock, mode)?,
                Some(Step::Give(party, lock)) => self.give(party, lock)?,
                None => {}
            }
        }
        while let Some((party, lock)) = self.someone_who_can_give() {
            self.give(party, lock)?;
        }
        self.tally.schedules += 1;
        Ok(())
    }

    /// Lets the threads go.
    pub(crate) fn end(self) {
        for (orders, thread) in self.actors {
            drop(orders);
            thread.join().expect("it doesn't panic");
        }
    }

    fn take(&mut self, party: usize, lock: usize, mode: Mode) -> Result<(), String> {
        self.oracle.request(party, lock, mode);
        self.tell(party, Order::Take(lock, mode))?;
        if !self.oracle.waits(party) {
            return self.hear(HashSet::from([party]));
        }
        self.tally.waits += 1;
        let doomed = self.oracle.doomed();
        if doomed.contains(&party) {
            return self.give_way(party, &doomed);
        }
        if !doomed.is_empty() {
            return Err(format!("missed: {doomed:?} can never run again"));
        }
        self.wait_for_waiters(self.oracle.waiting().len())
    }

    fn give(&mut self, party: usize, lock: usize) -> Result<(), String> {
        let waiting = self.oracle.waiting();
        self.oracle.release(party, lock);
        self.tell(party, Order::Give(lock))?;
        let mut answering = &waiting - &self.oracle.waiting();
        answering.insert(party);
        self.hear(answering)
    }

    /// The party closed a cycle, must be told so, and gives back all that it has.
    fn give_way(&mut self, party: usize, doomed: &HashSet<usize>) -> Result<(), String> {
        match self.next()? {
            (who, Err(LockError::Deadlock(deadlock))) if who == party => {
                is_cycle_of(doomed, &deadlock)?;
            }
            (who, answer) => return Err(format!("missed by {party}: {who} has {answer:?}")),
        }
        self.tally.cycles += 1;
        let waiting = self.oracle.waiting();
        self.oracle.withdraw(party);
        let mut answering = &waiting - &self.oracle.waiting();
        answering.remove(&party);
        self.hear(answering)?;
        for lock in self.oracle.held_by(party) {
            self.give(party, lock)?;
        }
        match self.oracle.doomed() {
            nobody if nobody.is_empty() => Ok(()),
            others => Err(format!("{others:?} wait for ever though {party} gave way")),
        }
    }

    fn someone_who_can_give(&self) -> Option<(usize, usize)> {
        let awake = (0..MOST).filter(|party| !self.oracle.waits(*party));
        let mut held = awake.filter_map(|party| {
            let lock = *self.oracle.held_by(party).first()?;
            Some((party, lock))
        });
        held.next()
    }

    fn tell(&self, party: usize, order: Order) -> Result<(), String> {
        let told = self.actors[party].0.send(order);
        told.map_err(|_| format!("thread {party} has ended"))
    }

    /// Exactly these threads answer, and have what they wanted.
    fn hear(&self, mut answering: HashSet<usize>) -> Result<(), String> {
        while !answering.is_empty() {
            let (who, answer) = self.next()?;
            answer.map_err(|error| format!("a false alarm for {who}: {error}"))?;
            if !answering.remove(&who) {
                return Err(format!("{who} has a lock that others hold"));
            }
        }
        Ok(())
    }

    /// Nobody answers, and so many threads wait.
    fn wait_for_waiters(&self, count: usize) -> Result<(), String> {
        let deadline = Deadline::after(PATIENCE);
        while self.detector.waiting() != count {
            if let Ok((who, answer)) = self.answers.try_recv() {
                return Err(format!("{who} should wait, and has {answer:?}"));
            }
            if deadline.expired() || self.someone_ended() {
                return Err(format!("{} wait, not {count}", self.detector.waiting()));
            }
            thread::yield_now();
        }
        Ok(())
    }

    fn next(&self) -> Result<(usize, Answer), String> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            match self.answers.recv_timeout(Duration::from_millis(100)) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if !deadline.expired() && !self.someone_ended() => {}
                Err(_) => return Err("missed: nobody answers any more".to_owned()),
            }
        }
    }

    fn someone_ended(&self) -> bool {
        self.actors.iter().any(|(_, thread)| thread.is_finished())
    }
}

/// The life of a thread: does what it is told, and says what came of it.
fn act(locks: &[TrackedRwLock<()>], orders: &Receiver<Order>, say: impl Fn(Answer) -> bool) {
    let mut held = BTreeMap::new();
    for order in orders {
        let answer = match order {
            Order::Take(lock, Mode::Shared) => locks[lock]
                .read()
                .map(|guard| drop(held.insert(lock, (Some(guard), None)))),
            Order::Take(lock, Mode::Exclusive) => locks[lock]
                .write()
                .map(|guard| drop(held.insert(lock, (None, Some(guard))))),
            Order::Give(lock) => {
                drop(held.remove(&lock));
                Ok(())
            }
        };
        if !say(answer) {
            return;
        }
    }
}

/// Each member stands behind the next one, and none of them could ever have run again.
fn is_cycle_of(doomed: &HashSet<usize>, deadlock: &Deadlock) -> Result<(), String> {
    let members = deadlock.members.iter().enumerate();
    let mut wrong = members.filter(|(place, member)| {
        let next = &deadlock.members[(place + 1) % deadlock.members.len()];
        let is_doomed = member
            .thread
            .parse()
            .is_ok_and(|party| doomed.contains(&party));
        member.blocked_by != next.thread || !is_doomed
    });
    match wrong.next() {
        Some((_, member)) => Err(format!("{} isn't in that cycle: {deadlock}", member.thread)),
        None => Ok(()),
    }
}
