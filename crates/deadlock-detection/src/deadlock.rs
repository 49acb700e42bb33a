//! What a detector says: who waits for whom, where in the code, when, and since when.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::{Mode, Party, Snapshot};
use crate::order::Edge;

/// A place in the source.
pub type Site = &'static Location<'static>;

/// A lock that a member of the cycle held.
#[derive(Clone, Debug)]
pub struct Held {
    /// The lock's name.
    pub lock: String,
    /// How it was held.
    pub mode: Mode,
    /// Where it was taken.
    pub site: Site,
    /// For how long it had been held, to the tick of a coarse clock.
    pub held_for: Duration,
}

/// A member of the cycle.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its number.
    pub party: Party,
    /// The thread's name.
    pub thread: String,
    /// The lock that it waited for.
    pub wants: String,
    /// How it wanted it.
    pub mode: Mode,
    /// Where it waited.
    pub site: Site,
    /// The thread that stood in its way: the next of the cycle.
    pub blocked_by: String,
    /// What it held.
    pub holds: Vec<Held>,
}

/// A deadlock: a cycle of threads, each of which waited for the next.
#[derive(Clone, Debug)]
pub struct Deadlock {
    /// When it closed, by the detector's clock.
    pub at: Duration,
    /// The cycle; its first member closed it.
    pub members: Vec<Member>,
    /// Who had to give way.
    pub victim: Party,
    /// The whole graph at that moment: all locks that somebody waited for, or several readers held.
    pub graph: Snapshot,
}

impl Deadlock {
    /// The victim's place in the cycle.
    #[must_use]
    pub fn victim(&self) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.party == self.victim)
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "deadlock of {} threads:", self.members.len())?;
        for member in &self.members {
            writeln!(
                f,
                "  {} waits for {} ({}) at {}, behind {}",
                member.thread, member.wants, member.mode, member.site, member.blocked_by
            )?;
            for held in &member.holds {
                writeln!(
                    f,
                    "    and holds {} ({}), taken at {}, for {} ms",
                    held.lock,
                    held.mode,
                    held.site,
                    held.held_for.as_millis()
                )?;
            }
        }
        let victim = self.victim().map_or("nobody", |member| &member.thread);
        write!(f, "  {victim} gives way")
    }
}

/// Locks that were taken in orders that contradict each other: a deadlock that may happen.
#[derive(Clone, Debug)]
pub struct OrderWarning {
    /// When it was seen, by the detector's clock.
    pub at: Duration,
    /// The orders, each lock taken while the one before was held; the first is the newest.
    pub cycle: Vec<Edge<Site>>,
    /// The names of the locks held, one for each order.
    pub names: Vec<String>,
    /// The thread that did the newest.
    pub thread: String,
}

impl fmt::Display for OrderWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "possible deadlock: {} orders of locks contradict each other (the first in {})",
            self.cycle.len(),
            self.thread
        )?;
        for (place, edge) in self.cycle.iter().enumerate() {
            let next = &self.names[(place + 1) % self.names.len()];
            write!(
                f,
                "\n  {} taken at {}, then {next} at {}",
                self.names[place], edge.held_at, edge.taken_at
            )?;
        }
        Ok(())
    }
}

/// A wait that has ended.
#[derive(Clone, Debug)]
pub struct Waited {
    /// When it began, by the detector's clock.
    pub at: Duration,
    /// How long it lasted, until the thread ran again.
    pub took: Duration,
    /// The thread's name.
    pub thread: String,
    /// The lock's name.
    pub lock: String,
    /// How the thread wanted it.
    pub mode: Mode,
    /// Where it waited.
    pub site: Site,
    /// Whether it got the lock; if not, it had to give way.
    pub granted: bool,
}

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Waited {
            thread, lock, mode, ..
        } = self;
        let end = if self.granted { "got it" } else { "gave way" };
        write!(
            f,
            "{thread} waited for {lock} ({mode}) at {} for {:?} and {end}",
            self.site, self.took
        )
    }
}

/// What a detector tells its subscribers.
#[derive(Clone, Debug)]
pub enum Event {
    /// A cycle closed, and somebody had to give way.
    Deadlock(Arc<Deadlock>),
    /// Orders contradict each other; nobody was stopped.
    Order(Arc<OrderWarning>),
    /// A wait has ended; told only by a detector that is [watching
    /// waits](crate::Detector::watching_waits).
    Waited(Arc<Waited>),
}

impl Event {
    /// When it happened, or began, by the detector's clock: its place in a timeline. (A wait is told when it
    /// ends, so events don't come in this order.)
    #[must_use]
    pub fn at(&self) -> Duration {
        match self {
            Event::Deadlock(deadlock) => deadlock.at,
            Event::Order(warning) => warning.at,
            Event::Waited(wait) => wait.at,
        }
    }

    /// The deadlock, if it is one.
    #[must_use]
    pub fn into_deadlock(self) -> Option<Arc<Deadlock>> {
        match self {
            Event::Deadlock(deadlock) => Some(deadlock),
            Event::Order(_) | Event::Waited(_) => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Deadlock(deadlock) => deadlock.fmt(f),
            Event::Order(warning) => warning.fmt(f),
            Event::Waited(wait) => wait.fmt(f),
        }
    }
}
