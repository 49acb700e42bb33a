//! A hierarchical timer wheel (Varghese and Lauck 1987): setting and cancelling a timer takes the same
//! few steps among ten timers or a million.
//!
//! Time is a count of ticks. Level 0 has a slot for each of the next 64 ticks, level 1 one for each
//! 64 ticks, level 2 one for each 4096, and so on. A timer goes into the lowest level that tells its
//! tick from the current one; when the wheel comes to its slot there, the timer moves down. A bitmap
//! for each level says which slots are taken, so empty time is skipped in one step.
//!
//! Pure: it knows no clock, and hands out what has expired.
//!
//! Invariants:
//! - A timer for tick `t` is handed out by the first `advance(now)` with `now >= t`, never before.
//! - The timers of a slot are a list within one slab, whose entries are used again; a key's generation
//!   tells whether its timer is still the one that was meant.

#![expect(
    clippy::cast_possible_truncation,
    reason = "levels are below 6 and places below 64"
)]

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
/// Six levels of 64 reach over 2^36 ticks, which in milliseconds are two years. What is set for later
/// is looked at again then.
const LEVELS: usize = 6;
const REACH: u64 = (SLOTS as u64).pow(6);

/// No entry.
const NONE: u32 = u32::MAX;

/// Names a timer; of no use after it has fired or was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    entry: u32,
    generation: u32,
}

/// A wheel whose timers carry a `T`.
#[derive(Debug)]
pub struct Wheel<T> {
    /// Every timer for this tick or an earlier one has been handed out.
    now: u64,
    len: usize,
    /// For each level, a bit for each slot that isn't empty.
    taken: [u64; LEVELS],
    /// The first entry of each slot.
    slots: Box<[u32]>,
    entries: Vec<Entry<T>>,
    /// The first unused entry.
    free: u32,
}

#[derive(Debug)]
struct Entry<T> {
    /// None: unused, and `after` is the next unused one.
    value: Option<T>,
    tick: u64,
    generation: u32,
    before: u32,
    after: u32,
    /// Where its list begins.
    slot: usize,
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Wheel<T> {
    /// A wheel at tick 0, without timers.
    #[must_use]
    pub fn new() -> Self {
        Wheel {
            now: 0,
            len: 0,
            taken: [0; LEVELS],
            slots: vec![NONE; SLOTS * LEVELS].into(),
            entries: Vec::new(),
            free: NONE,
        }
    }

    /// Sets a timer. If its tick is over, it is handed out at the next one.
    ///
    /// # Panics
    /// If there are 2^32 - 1 timers already.
    pub fn insert(&mut self, tick: u64, value: T) -> Key {
        let tick = tick.max(self.now + 1);
        let entry = self.new_entry(tick, value);
        self.link(entry);
        self.len += 1;
        Key {
            entry,
            generation: self.at(entry).generation,
        }
    }

    /// Takes a timer back, if it hasn't been handed out.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get_mut(key)?;
        self.unlink(key.entry);
        self.len -= 1;
        self.discard(key.entry)
    }

    /// What a timer carries, if it hasn't been handed out.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.entry as usize)?;
        (entry.generation == key.generation).then_some(entry.value.as_mut())?
    }

    /// How many timers are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The tick at which the wheel wants to be advanced next: not after the earliest timer, but before
    /// it, if that one has to move down first. None if there are no timers.
    #[must_use]
    pub fn next_tick(&self) -> Option<u64> {
        self.next_slot().map(|(_, tick)| tick)
    }

    /// Moves time forward, and hands out each timer whose tick has come.
    pub fn advance(&mut self, now: u64, mut expired: impl FnMut(T)) {
        // BEGIN SOLUTION stage 4: slot by slot; what is in it has expired, or moves to a lower level
        while let Some((slot, tick)) = self.next_slot().filter(|(_, tick)| *tick <= now) {
            self.now = tick;
            let mut next = std::mem::replace(&mut self.slots[slot], NONE);
            self.taken[slot / SLOTS] &= !(1 << (slot % SLOTS));
            while next != NONE {
                let entry = next;
                next = self.at(entry).after;
                if self.at(entry).tick <= tick {
                    self.len -= 1;
                    self.discard(entry).into_iter().for_each(&mut expired);
                } else {
                    self.link(entry);
                }
            }
        }
        self.now = self.now.max(now);
        // END SOLUTION
    }

    /// The slot that comes first, and the tick at which it begins.
    fn next_slot(&self) -> Option<(usize, u64)> {
        // BEGIN SOLUTION stage 4: the lowest level with a slot taken is first; where does it begin?
        let level = self.taken.iter().position(|taken| *taken != 0)?;
        let width = BITS * level as u32;
        // Slots are looked at from the current one on, around the level. The current slot itself is
        // empty, or holds what lies a whole turn ahead.
        let here = (self.now >> width) % SLOTS as u64;
        let from = (here + 1) % SLOTS as u64;
        let steps = u64::from(self.taken[level].rotate_right(from as u32).trailing_zeros());
        let slot = (from + steps) % SLOTS as u64;
        let tick = ((self.now >> width) + 1 + steps) << width;
        Some((level * SLOTS + slot as usize, tick))
        // END SOLUTION
    }

    /// The slot for a tick that is still to come.
    fn slot_for(&self, tick: u64) -> usize {
        // BEGIN SOLUTION stage 4: the highest bit in which it differs from now tells the level
        let tick = tick.min(self.now + REACH - REACH / SLOTS as u64);
        let differs = (self.now ^ tick).ilog2();
        let level = (differs / BITS).min(LEVELS as u32 - 1);
        let place = (tick >> (BITS * level)) % SLOTS as u64;
        level as usize * SLOTS + place as usize
        // END SOLUTION
    }

    /// Puts an entry into the slot for its tick.
    fn link(&mut self, entry: u32) {
        let slot = self.slot_for(self.at(entry).tick);
        let after = std::mem::replace(&mut self.slots[slot], entry);
        self.taken[slot / SLOTS] |= 1 << (slot % SLOTS);
        if after != NONE {
            self.at_mut(after).before = entry;
        }
        let linked = self.at_mut(entry);
        (linked.before, linked.after, linked.slot) = (NONE, after, slot);
    }

    fn unlink(&mut self, entry: u32) {
        let Entry {
            before,
            after,
            slot,
            ..
        } = *self.at(entry);
        if after != NONE {
            self.at_mut(after).before = before;
        }
        if before != NONE {
            self.at_mut(before).after = after;
            return;
        }
        self.slots[slot] = after;
        if after == NONE {
            self.taken[slot / SLOTS] &= !(1 << (slot % SLOTS));
        }
    }

    fn new_entry(&mut self, tick: u64, value: T) -> u32 {
        if self.free != NONE {
            let entry = self.free;
            let reused = self.at_mut(entry);
            (reused.tick, reused.value) = (tick, Some(value));
            self.free = reused.after;
            return entry;
        }
        let entry = u32::try_from(self.entries.len()).unwrap_or(NONE);
        assert!(entry != NONE, "there are 2^32 - 1 timers");
        self.entries.push(Entry {
            value: Some(value),
            tick,
            generation: 0,
            before: NONE,
            after: NONE,
            slot: 0,
        });
        entry
    }

    /// Empties an entry that is in no list any more.
    fn discard(&mut self, entry: u32) -> Option<T> {
        let free = std::mem::replace(&mut self.free, entry);
        let discarded = self.at_mut(entry);
        discarded.generation = discarded.generation.wrapping_add(1);
        discarded.after = free;
        discarded.value.take()
    }

    fn at(&self, entry: u32) -> &Entry<T> {
        &self.entries[entry as usize]
    }

    fn at_mut(&mut self, entry: u32) -> &mut Entry<T> {
        &mut self.entries[entry as usize]
    }
}
