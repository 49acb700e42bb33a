//! What is still to happen, by time: a binary heap of 16-byte keys over a slab of events.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Bits of a key that name an event's place in the slab: 16 million events may wait at once.
const SLOT_BITS: u32 = 24;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;

/// Events in the order of their time, and of their coming where the times are equal.
///
/// A key is the time (64 bits), a running number (40 bits) and the place of the event (24 bits). So
/// the heap moves small numbers only, and the events themselves stay where they were put.
#[derive(Debug)]
pub(super) struct Queue<E> {
    heap: BinaryHeap<Reverse<u128>>,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    count: u64,
}

/// Tells an event in the queue from all others, before and after.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ticket(u64);

impl<E> Queue<E> {
    pub(super) fn new() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            count: 0,
        }
    }

    /// Adds an event at a time in nanoseconds.
    ///
    /// # Panics
    /// If 2^24 events wait already, or there were 2^40.
    pub(super) fn push(&mut self, at: u64, event: E) -> Ticket {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slab.push(None);
                u32::try_from(self.slab.len() - 1).expect("checked just below")
            }
        };
        assert!(
            u64::from(slot) <= SLOT_MASK && self.count >> (64 - SLOT_BITS) == 0,
            "more events than the simulator can count; does every message cause several others?"
        );
        self.slab[slot as usize] = Some(event);
        let ticket = self.count << SLOT_BITS | u64::from(slot);
        self.count += 1;
        self.heap
            .push(Reverse(u128::from(at) << 64 | u128::from(ticket)));
        Ticket(ticket)
    }

    /// The time of the next event.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse(key)| split(*key).0)
    }

    /// Takes the next event.
    pub(super) fn pop(&mut self) -> Option<(u64, Ticket, E)> {
        let (at, ticket) = split(self.heap.pop()?.0);
        let slot = (ticket & SLOT_MASK) as u32;
        self.free.push(slot);
        let event = self.slab[slot as usize].take();
        Some((at, Ticket(ticket), event.expect("every key has its event")))
    }
}

fn split(key: u128) -> (u64, u64) {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a key")]
    ((key >> 64) as u64, key as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_their_order() {
        let mut queue = Queue::new();
        for (at, name) in [(5, "d"), (3, "a"), (3, "b"), (4, "c")] {
            queue.push(at, name);
        }
        assert_eq!(queue.next_at(), Some(3));
        let names: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|it| it.2).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_place_that_is_used_again_has_another_ticket() {
        let mut queue = Queue::new();
        let first = queue.push(1, ());
        queue.pop();
        assert_ne!(first, queue.push(1, ()));
        assert_eq!(queue.slab.len(), 1);
    }
}
