//! What a thread knows about itself: its number, what it holds and since when, and its claim.
//!
//! All of it is the thread's own, so keeping it costs neither a lock nor an atomic. A thread that is
//! about to wait publishes it, and can't change it while it waits: whoever reports a cycle reads what
//! its members hold, and it is exact.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use labkit::sync::thread_static;

use crate::deadlock::Site;
use crate::graph::{LockId, Mode, Party};
use crate::victim::Claim;

/// So many orders of locks a thread remembers having reported, each at the place to which its locks' numbers
/// lead. One that another has driven out is reported once more, and the detector knows it already.
const REMEMBERED: usize = 256;

/// A lock that the thread holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) lock: LockId,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// By the clock of [`crate::since`].
    pub(crate) since: u64,
}

thread_static! {
    /// The thread's number, zero before it has one, and how many locks it holds.
    static ME: Cell<(u64, usize)> = const { Cell::new((0, 0)) };
    /// What it holds, in the order in which it was taken.
    static HOLDS: RefCell<Vec<Hold>> = const { RefCell::new(Vec::new()) };
    /// What it brings forward when it is to be aborted.
    static CLAIM: Cell<Option<Claim>> = const { Cell::new(None) };
    /// The orders of two locks that the thread has reported already. No lock has the number 0.
    static ORDERS: [Cell<(LockId, LockId)>; REMEMBERED] =
        const { [const { Cell::new((LockId(0), LockId(0))) }; REMEMBERED] };
}

/// The calling thread's number; never zero, and never another thread's.
pub(crate) fn current() -> Party {
    me().0
}

/// The calling thread's number, and how many locks it holds.
#[inline]
pub(crate) fn me() -> (Party, usize) {
    ME.with(|me| {
        let (number, held) = me.get();
        if number != 0 {
            return (Party(number), held);
        }
        me.set((next_ticket(), held));
        (Party(me.get().0), held)
    })
}

#[inline]
fn count(change: isize) {
    ME.with(|me| {
        let (number, held) = me.get();
        me.set((number, held.wrapping_add_signed(change)));
    });
}

/// The next of a row of numbers, which tell threads apart and say who is older.
pub(crate) fn next_ticket() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Notes a lock that the thread holds now.
#[inline]
pub(crate) fn took(hold: Hold) {
    HOLDS.with(|holds| holds.borrow_mut().push(hold));
    count(1);
}

/// Notes that the thread no longer holds a lock; nearly always it is the last one taken.
#[inline]
pub(crate) fn gave(lock: LockId) {
    // While a thread ends its notes may be gone before its last guard; nobody needs them then.
    let _ = HOLDS.try_with(|holds| {
        let mut holds = holds.borrow_mut();
        match holds.iter().rposition(|hold| hold.lock == lock) {
            Some(place) if place + 1 == holds.len() => holds.truncate(place),
            Some(place) => drop(holds.remove(place)),
            None => return,
        }
        count(-1);
    });
}

/// What the thread holds, in the order in which it was taken.
pub(crate) fn holds() -> Vec<Hold> {
    HOLDS.with(|holds| holds.borrow().clone())
}

/// Whether there is an order of a hold before `lock` that the thread doesn't remember having reported.
#[inline]
pub(crate) fn has_new_order(lock: LockId) -> bool {
    let known = |hold: &Hold| place_of(hold.lock, lock, |place| place.get() == (hold.lock, lock));
    HOLDS.with(|holds| !holds.borrow().iter().all(known))
}

/// Those orders; from now on it remembers them.
pub(crate) fn new_orders(lock: LockId) -> Vec<Hold> {
    let mut new = holds();
    new.retain(|hold| {
        let order = (hold.lock, lock);
        place_of(hold.lock, lock, |place| place.replace(order) != order)
    });
    new
}

/// Where an order is remembered. Neighbouring numbers lead to different places, in either order.
#[inline]
fn place_of<R>(held: LockId, taken: LockId, then: impl FnOnce(&Cell<(LockId, LockId)>) -> R) -> R {
    let place = held.0.wrapping_mul(31).wrapping_add(taken.0) % REMEMBERED as u64;
    ORDERS.with(|orders| then(&orders[usize::try_from(place).unwrap_or(0)]))
}

/// The thread's claim: its attempt's own within a retry, else that of its age.
pub(crate) fn claim() -> Claim {
    let mut claim = CLAIM.with(Cell::get).unwrap_or(Claim {
        ticket: current().0,
        ..Claim::default()
    });
    claim.work = claim.work.saturating_add(me().1 as u64);
    claim
}

/// Sets the claim of what the thread does next; returns the one before.
pub(crate) fn set_claim(claim: Option<Claim>) -> Option<Claim> {
    CLAIM.with(|current| current.replace(claim))
}

/// The calling thread's name for a report.
pub(crate) fn name() -> String {
    std::thread::current()
        .name()
        .map_or_else(|| unnamed(current()), str::to_owned)
}

/// What a thread without a name is called.
pub(crate) fn unnamed(party: Party) -> String {
    format!("thread {}", party.0)
}
