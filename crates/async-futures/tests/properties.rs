//! Random histories: a wheel is a sorted map, a ring with its injector is a queue.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use async_futures::queue::{CAPACITY, ring};
use async_futures::wheel::{Key, Wheel};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Remove(usize),
    Advance(u64),
    AdvanceToNext,
}

/// Times of all magnitudes: within a slot, across levels, and beyond the wheel's reach.
fn times() -> impl Strategy<Value = u64> {
    (0..45_u32).prop_flat_map(|bits| 0..1_u64 << bits)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => times().prop_map(Step::Insert),
        1 => any::<usize>().prop_map(Step::Remove),
        2 => times().prop_map(Step::Advance),
        2 => Just(Step::AdvanceToNext),
    ];
    prop::collection::vec(step, 0..200)
}

/// A wheel beside what it should be: timers by tick and number.
#[derive(Default)]
struct Both {
    wheel: Wheel<usize>,
    model: BTreeMap<(u64, usize), Key>,
    now: u64,
    next: usize,
}

impl Both {
    fn insert(&mut self, after: u64) {
        let tick = self.now + after;
        let key = self.wheel.insert(tick, self.next);
        self.model.insert((tick.max(self.now + 1), self.next), key);
        self.next += 1;
    }

    fn remove(&mut self, which: usize) {
        let Some(at) = self
            .model
            .keys()
            .nth(which % self.model.len().max(1))
            .copied()
        else {
            return;
        };
        let key = self.model.remove(&at).expect("it was found");
        assert_eq!(self.wheel.get_mut(key).copied(), Some(at.1));
        assert_eq!(self.wheel.remove(key), Some(at.1));
        assert_eq!(self.wheel.remove(key), None);
    }

    fn advance(&mut self, now: u64) {
        let later = self.model.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut self.model, later);
        let mut expired = Vec::new();
        self.wheel.advance(now, |timer| expired.push(timer));
        expired.sort_unstable();
        let mut wanted: Vec<usize> = due.keys().map(|(_, timer)| *timer).collect();
        wanted.sort_unstable();
        assert_eq!(expired, wanted);
        for key in due.into_values() {
            assert_eq!(self.wheel.remove(key), None, "it has fired");
        }
        self.now = self.now.max(now);
    }

    fn check(&self) {
        assert_eq!(self.wheel.len(), self.model.len());
        let earliest = self.model.first_key_value().map(|((tick, _), _)| *tick);
        // The wheel may want to be called before the earliest timer, never after it.
        assert_eq!(self.wheel.next_tick().is_some(), earliest.is_some());
        assert!(self.wheel.next_tick() <= earliest);
        assert!(self.wheel.next_tick().is_none_or(|tick| tick > self.now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_wheel_is_a_sorted_map(steps in steps()) {
        let mut both = Both::default();
        for step in steps {
            match step {
                Step::Insert(after) => both.insert(after),
                Step::Remove(which) => both.remove(which),
                Step::Advance(by) => both.advance(both.now + by),
                Step::AdvanceToNext => both.advance(both.wheel.next_tick().unwrap_or(both.now)),
            }
            both.check();
        }
    }

    #[test]
    fn a_ring_alone_is_a_queue(steps in prop::collection::vec(0..8_u8, 0..1_000)) {
        let ((owner, stealer), (thief, _)) = (ring::<u8>(), ring::<u8>());
        let item = |number| NonNull::without_provenance(NonZeroUsize::new(number).unwrap());
        let mut model = std::collections::VecDeque::new();
        for (number, step) in (1..).zip(steps) {
            match step {
                0..=4 => match owner.push(item(number)) {
                    Ok(()) => model.push_back(item(number)),
                    Err(refused) => {
                        prop_assert_eq!((refused, model.len()), (item(number), CAPACITY));
                        let shed = owner.shed();
                        let wanted: Vec<_> = model.drain(..CAPACITY / 2).collect();
                        prop_assert_eq!(shed, wanted);
                    }
                },
                5 | 6 => prop_assert_eq!(owner.pop(), model.pop_front()),
                _ => {
                    let wanted: Vec<_> = model.drain(..model.len().div_ceil(2)).collect();
                    let first = stealer.steal_into(&thief);
                    let rest = std::iter::from_fn(|| thief.pop());
                    prop_assert_eq!(first.into_iter().chain(rest).collect::<Vec<_>>(), wanted);
                }
            }
            prop_assert_eq!(stealer.is_empty(), model.is_empty());
        }
    }
}
