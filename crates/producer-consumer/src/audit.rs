//! What a consumer checks about what it receives: nothing lost, nothing twice, nobody overtaken.
//!
//! An item is a producer's number and its own, packed into one word. Each consumer keeps its own audit:
//! every producer's numbers must grow as it sees them (first in, first out), and each is ticked in a map
//! of the consumer's own. In the end the maps must be disjoint and cover everything. That is exact, not
//! a checksum, and needs nothing that consumers would share while they run.

/// The bits of an item that hold its number.
const NUMBER_BITS: u32 = 40;

/// An item: the producer's number and the item's own.
#[must_use]
pub fn item(producer: usize, number: u64) -> u64 {
    (producer as u64) << NUMBER_BITS | number
}

/// How many items each of some producers makes; the first ones make up for what can't be divided.
#[must_use]
pub fn share(items: u64, producers: usize, producer: usize) -> u64 {
    let producers = producers as u64;
    items / producers + u64::from((producer as u64) < items % producers)
}

/// What one consumer has seen.
#[derive(Debug)]
pub struct Audit {
    producers: Vec<Seen>,
    disorder: u64,
}

/// What one consumer has seen of one producer.
#[derive(Debug)]
struct Seen {
    /// The number that the next item has at least.
    next: u64,
    /// How many numbers there are.
    numbers: u64,
    /// A bit for each number that was received.
    ticks: Vec<u64>,
}

/// What all consumers together have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Findings {
    /// Items that came.
    pub received: u64,
    /// Items that never came.
    pub lost: u64,
    /// Items that came again.
    pub doubled: u64,
    /// Items that came after a later one of the same producer, or that nobody had sent.
    pub disorder: u64,
}

impl Findings {
    /// Whether everything came once and in order.
    #[must_use]
    pub fn all_is_well(&self) -> bool {
        (self.lost, self.doubled, self.disorder) == (0, 0, 0)
    }
}

impl Audit {
    /// An audit of what `producers` share out among themselves of so many items.
    #[must_use]
    pub fn new(items: u64, producers: usize) -> Self {
        let seen = |producer| {
            let numbers = share(items, producers, producer);
            let words = usize::try_from(numbers.div_ceil(64)).expect("the maps fit the memory");
            Seen {
                next: 0,
                numbers,
                ticks: vec![0; words],
            }
        };
        Audit {
            producers: (0..producers).map(seen).collect(),
            disorder: 0,
        }
    }

    /// Notes an item.
    #[inline]
    pub fn note(&mut self, item: u64) {
        let number = item & ((1 << NUMBER_BITS) - 1);
        let seen = self.producers.get_mut((item >> NUMBER_BITS) as usize);
        match seen.filter(|seen| number < seen.numbers) {
            Some(seen) => {
                self.disorder += u64::from(number < seen.next);
                seen.next = number + 1;
                seen.ticks[(number / 64) as usize] |= 1 << (number % 64);
            }
            None => self.disorder += 1,
        }
    }

    /// Puts the audits of all consumers together. `received` is how many items they counted.
    #[must_use]
    pub fn conclude(audits: &[Audit], received: u64) -> Findings {
        let disorder = audits.iter().map(|audit| audit.disorder).sum();
        let (mut came, mut numbers) = (0, 0);
        for producer in 0..audits.first().map_or(0, |audit| audit.producers.len()) {
            let maps: Vec<&Seen> = audits.iter().map(|a| &a.producers[producer]).collect();
            numbers += maps[0].numbers;
            came += (0..maps[0].ticks.len())
                .map(|word| maps.iter().fold(0, |all, map| all | map.ticks[word]))
                .map(|all| u64::from(all.count_ones()))
                .sum::<u64>();
        }
        Findings {
            received,
            lost: numbers - came,
            doubled: received.saturating_sub(came),
            disorder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(items: &[u64]) -> Audit {
        let mut audit = Audit::new(5, 2);
        items.iter().for_each(|item| audit.note(*item));
        audit
    }

    #[test]
    fn what_came_once_and_in_order_is_well() {
        let one = audit(&[item(1, 0), item(0, 0), item(0, 2)]);
        let other = audit(&[item(0, 1), item(1, 1)]);
        assert!(Audit::conclude(&[one, other], 5).all_is_well());
    }

    #[test]
    fn loss_doubling_and_disorder_are_told_apart() {
        let lost = Audit::conclude(
            &[audit(&[item(0, 0), item(0, 1), item(1, 0), item(1, 1)])],
            4,
        );
        assert_eq!((lost.lost, lost.doubled, lost.disorder), (1, 0, 0));
        let all = [item(0, 0), item(0, 1), item(0, 2), item(1, 0), item(1, 1)];
        let doubled = Audit::conclude(&[audit(&all), audit(&[item(0, 1)])], 6);
        assert_eq!((doubled.lost, doubled.doubled, doubled.disorder), (0, 1, 0));
        let mixed = Audit::conclude(
            &[audit(&[
                item(0, 1),
                item(0, 0),
                item(0, 2),
                item(1, 0),
                item(1, 1),
            ])],
            5,
        );
        assert_eq!((mixed.lost, mixed.doubled, mixed.disorder), (0, 0, 1));
        let foreign = Audit::conclude(&[audit(&[item(2, 0)])], 1);
        assert_eq!((foreign.lost, foreign.disorder), (5, 1));
    }
}
