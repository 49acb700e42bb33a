//! What the executor waits for when all tasks wait: the clock and the sockets.
//!
//! There is one driver, and at most one worker at a time is at it: the first that lies down waits in
//! the kernel until a socket is ready, the next timer is due, or somebody interrupts. The others sleep
//! on their own conditions. So an executor needs no thread of its own for this, and a single worker
//! that waits and then polls never hands anything over.

mod poller;
pub(crate) mod source;

use std::io;
use std::sync::{Mutex, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::sync::lock;

use crate::wheel::{Key, Wheel};
use poller::{Events, Poller};
use source::Sources;

/// The clock, the timers and the sockets of one executor.
#[derive(Debug)]
pub(crate) struct Driver {
    clock: Stopwatch,
    timers: Mutex<Timers>,
    poller: Poller,
    pub(crate) sources: Sources,
    /// Held by the worker whose turn it is. Taken before `timers`, never after.
    turn: Mutex<Events>,
}

#[derive(Debug)]
struct Timers {
    /// Ticks are milliseconds since the clock's start.
    wheel: Wheel<Waker>,
    /// The tick until which somebody waits in the kernel; 0 if nobody does.
    waiting_until: u64,
}

impl Driver {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Driver {
            clock: Stopwatch::start(),
            timers: Mutex::new(Timers {
                wheel: Wheel::new(),
                waiting_until: 0,
            }),
            poller: Poller::new()?,
            sources: Sources::default(),
            turn: Mutex::new(Events::new()),
        })
    }

    /// Sets a timer that fires `after` from now, not before.
    pub(crate) fn set_timer(&self, after: Duration, waker: Waker) -> Key {
        let at = self.clock.elapsed().saturating_add(after);
        // A timer may be late, never early: it fires at the end of its millisecond.
        let tick = millis(at).saturating_add(1);
        let mut timers = lock(&self.timers);
        let key = timers.wheel.insert(tick, waker);
        let too_late = tick < timers.waiting_until;
        drop(timers);
        if too_late {
            self.interrupt();
        }
        key
    }

    /// Changes whom a timer wakes, if it hasn't fired.
    pub(crate) fn update_timer(&self, key: Key, waker: &Waker) {
        let mut timers = lock(&self.timers);
        let former = match timers.wheel.get_mut(key) {
            Some(set) if !set.will_wake(waker) => Some(std::mem::replace(set, waker.clone())),
            _ => None,
        };
        // A waker's drop may be the end of a task with timers of its own: never under the lock.
        drop(timers);
        drop(former);
    }

    /// Takes a timer back.
    pub(crate) fn cancel_timer(&self, key: Key) {
        let waker = lock(&self.timers).wheel.remove(key);
        drop(waker);
    }

    pub(crate) fn timers(&self) -> usize {
        lock(&self.timers).wheel.len()
    }

    pub(crate) fn sockets(&self) -> usize {
        self.sources.len()
    }

    /// Makes whoever waits in the kernel, or goes to, return at once.
    pub(crate) fn interrupt(&self) {
        self.poller.interrupt();
    }

    /// The right to wait, unless somebody has it.
    pub(crate) fn try_turn(&self) -> Option<Turn<'_>> {
        let events = self.turn.try_lock().ok()?;
        Some(Turn {
            driver: self,
            events,
        })
    }

    pub(crate) fn poller(&self) -> &Poller {
        &self.poller
    }
}

/// The right to wait for the clock and the sockets, and the duty to wake who waited for them.
pub(crate) struct Turn<'a> {
    driver: &'a Driver,
    events: MutexGuard<'a, Events>,
}

impl Turn<'_> {
    /// Waits until something is due; not longer than `most`, if that is given.
    pub(crate) fn wait(&mut self, most: Option<Duration>) {
        let driver = self.driver;
        let patience = match most {
            Some(most) => Some(most),
            None => {
                let mut timers = lock(&driver.timers);
                let next = timers.next_tick();
                timers.waiting_until = next.unwrap_or(u64::MAX);
                drop(timers);
                next.map(|tick| Duration::from_millis(tick).saturating_sub(driver.clock.elapsed()))
            }
        };
        driver.poller.wait(&mut self.events, patience);
    }

    /// Wakes all tasks whose time has come or whose socket is ready.
    pub(crate) fn dispatch(self) {
        let driver = self.driver;
        let mut due = Vec::new();
        {
            let mut timers = lock(&driver.timers);
            timers.waiting_until = 0;
            if !timers.wheel.is_empty() {
                let now = millis(driver.clock.elapsed());
                timers.wheel.advance(now, |waker| due.push(waker));
            }
        }
        for (token, ready) in self.events.iter() {
            driver.sources.announce(token, ready, &mut due);
        }
        // Nothing is held any more: a wake-up may run foreign code.
        drop(self);
        for waker in due {
            crate::task::contain(|| waker.wake());
        }
    }
}

impl Timers {
    fn next_tick(&self) -> Option<u64> {
        if self.wheel.is_empty() {
            return None;
        }
        self.wheel.next_tick()
    }
}

/// Whole milliseconds, as far as they can be counted.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
