//! The books: two locks that two kinds of threads take, in opposite orders.
//!
//! A worker writes the count on the board and, while it holds that, into the journal that the question is
//! done; a connection writes its visit into the journal and, while it holds that, looks up on the board what
//! it was told. Either is sensible, together they are a deadlock that waits for its day. The detector warns
//! of it as soon as it has seen both orders; when the day comes, one of the two gives way and tries again.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::thread;

use deadlock_detection::detector::Counts;
use deadlock_detection::{Detector, Event, LockError, Policy, TrackedMutex, retry};
use labkit::clock::Stopwatch;

use crate::visit::Visit;

/// The names of the locks, in the order of the timeline's lanes.
pub(crate) const LOCKS: [&str; 2] = ["journal", "board"];

/// One worker's entry in so many lets others run while it has the first of its two locks.
const INVITED: u64 = 64;

/// What is known of the questions so far.
#[derive(Debug, Default)]
struct Journal {
    computed: u64,
    visits: Vec<Visit>,
}

/// Both books, and who watches their locks.
pub(crate) struct Books {
    detector: Detector,
    journal: TrackedMutex<Journal>,
    board: TrackedMutex<BTreeMap<u64, u64>>,
}

/// What is left of the books when nobody writes any more.
pub(crate) struct Closed {
    /// Every answered question, in the order of the answers.
    pub(crate) visits: Vec<Visit>,
    /// How many counts the workers have entered.
    pub(crate) computed: u64,
    /// What the detector saw.
    pub(crate) counts: Counts,
    /// The same, one by one.
    pub(crate) events: Vec<Event>,
}

impl Books {
    /// Empty books, and what the detector will say of them; `watch` is what it tells the time by.
    pub(crate) fn new(watch: Stopwatch) -> (Self, Receiver<Event>) {
        let detector = Detector::new(Policy::Youngest)
            .timed_by(watch)
            .watching_order()
            .watching_waits();
        let events = detector.subscribe();
        let books = Books {
            journal: TrackedMutex::named(&detector, LOCKS[0], Journal::default()),
            board: TrackedMutex::named(&detector, LOCKS[1], BTreeMap::new()),
            detector,
        };
        (books, events)
    }

    /// How many threads wait for one of the locks at this moment.
    pub(crate) fn waiting(&self) -> usize {
        self.detector.waiting()
    }

    /// A worker's entry: the board, then the journal.
    ///
    /// # Errors
    /// If another thread has panicked over the books.
    pub(crate) fn post(&self, below: u64, count: u64) -> Result<(), LockError> {
        retry(0, |_| {
            let mut board = self.board.lock()?;
            if count.is_multiple_of(INVITED) {
                // The moment in which the other order is dangerous. A program may be lucky for years, for it
                // lasts some nanoseconds; nobody should have to wait so long to see it.
                thread::yield_now();
            }
            let mut journal = self.journal.lock()?;
            board.insert(below, count);
            journal.computed += 1;
            Ok(())
        })
    }

    /// A connection's entry: the journal, then the board, which says what to answer.
    ///
    /// # Errors
    /// If another thread has panicked over the books.
    pub(crate) fn enter(&self, visit: &Visit) -> Result<Option<u64>, LockError> {
        retry(0, |_| {
            let mut journal = self.journal.lock()?;
            let board = self.board.lock()?;
            journal.visits.push(*visit);
            Ok(board.get(&visit.below).copied())
        })
    }

    /// Closes them.
    ///
    /// # Errors
    /// If a thread has panicked over them.
    pub(crate) fn close(self, events: &Receiver<Event>) -> Result<Closed, LockError> {
        let journal = self.journal.into_inner()?;
        Ok(Closed {
            visits: journal.visits,
            computed: journal.computed,
            counts: self.detector.counts(),
            events: events.try_iter().collect(),
        })
    }
}
