//! Gorilla compression: a point is 16 bytes, most of which its predecessor already said.
//!
//! Times are stored as the difference of their differences, values as the XOR with the one before
//! (Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015, section
//! 4.1). A point that comes on time with the same value takes two bits. Never looks at a clock and
//! never allocates but for the bits themselves.
//!
//! Three things differ from the paper. Times are nanoseconds, so a chunk counts in the coarsest of
//! four [`Unit`]s that all its times are multiples of. Differences beyond 32 bits have an escape of 64.
//! And a value opens a new window of bits when that is shorter than filling the old one.

mod bits;

use std::sync::Arc;

pub use bits::{BitReader, BitWriter, Truncated};

use crate::point::Sample;

/// What a value's window costs to describe: five bits of leading zeros and six of length.
const WINDOW_BITS: u32 = 11;
/// The most leading zeros that five bits can say.
const MOST_LEADING: u32 = 31;

/// The buckets of the paper's figure 2 for differences of differences: the prefix, its length, and
/// the bits of the number after it. A zero is a single 0 bit before all of them.
const BUCKETS: [(u64, u32, u32); 5] = [
    (0b10, 2, 7),
    (0b110, 3, 9),
    (0b1110, 4, 12),
    (0b11110, 5, 32),
    (0b11111, 5, 64),
];

/// What a chunk counts time in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Nanoseconds.
    Nano,
    /// Microseconds.
    Micro,
    /// Milliseconds.
    Milli,
    /// Seconds.
    Second,
}

impl Unit {
    /// All of them, the finest first.
    pub const ALL: [Unit; 4] = [Unit::Nano, Unit::Micro, Unit::Milli, Unit::Second];

    /// The coarsest unit that a time is a whole number of.
    #[must_use]
    pub fn of(time: i64) -> Self {
        let mut units = Self::ALL.into_iter().rev();
        units
            .find(|unit| time % unit.nanoseconds() == 0)
            .unwrap_or(Unit::Nano)
    }

    /// How many nanoseconds it has.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        match self {
            Unit::Nano => 1,
            Unit::Micro => 1_000,
            Unit::Milli => 1_000_000,
            Unit::Second => 1_000_000_000,
        }
    }
}

/// Writes samples one after another; [`seal`](Self::seal) ends it.
#[derive(Clone, Debug)]
pub struct Encoder {
    bits: BitWriter,
    unit: Unit,
    count: u32,
    first: i64,
    last: i64,
    state: State,
}

/// What the next sample is told relative to; encoder and decoder keep the same.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// The last time, in units.
    time: i64,
    /// The last difference of times, in units.
    delta: i64,
    /// The last value's bits.
    value: u64,
    /// The window of meaningful bits: zeros before it, and its length; a length of 0 is none yet.
    leading: u32,
    length: u32,
}

impl Encoder {
    /// An encoder whose times will be multiples of `unit`.
    #[must_use]
    pub fn new(unit: Unit) -> Self {
        Encoder {
            bits: BitWriter::default(),
            unit,
            count: 0,
            first: 0,
            last: 0,
            state: State::default(),
        }
    }

    /// What its times are counted in.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// How many samples it holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Writes one sample. Its time is a multiple of the unit and above the last one's; a time that
    /// isn't a multiple would come back rounded down.
    pub fn push(&mut self, sample: Sample) {
        let time = sample.time.div_euclid(self.unit.nanoseconds());
        let value = sample.value.to_bits();
        if self.count == 0 {
            self.bits.write(time.cast_unsigned(), 64);
            self.bits.write(value, 64);
            self.first = sample.time;
            self.state = State {
                time,
                value,
                ..State::default()
            };
        } else {
            self.push_time(time);
            self.push_value(value);
        }
        self.count += 1;
        self.last = sample.time;
    }

    /// Writes a time as the difference between its difference and the last one.
    fn push_time(&mut self, time: i64) {
        // BEGIN SOLUTION stage 2: how much later than expected; a zero is one bit, else a bucket
        // Wrapping: what overflows here overflows back in the decoder.
        let delta = time.wrapping_sub(self.state.time);
        let change = delta.wrapping_sub(self.state.delta);
        self.state.time = time;
        self.state.delta = delta;
        if change == 0 {
            self.bits.write(0, 1);
            return;
        }
        let fits = |bits: u32| bits == 64 || (change << (64 - bits)) >> (64 - bits) == change;
        for (prefix, length, bits) in BUCKETS {
            if fits(bits) {
                self.bits.write(prefix, length);
                self.bits.write(change.cast_unsigned(), bits);
                return;
            }
        }
        // END SOLUTION
    }

    /// Writes a value as the bits in which it differs from the last one.
    fn push_value(&mut self, value: u64) {
        // BEGIN SOLUTION stage 2: XOR; nothing changed, or the old window, or a new one
        let change = value ^ self.state.value;
        self.state.value = value;
        if change == 0 {
            self.bits.write(0, 1);
            return;
        }
        let leading = change.leading_zeros().min(MOST_LEADING);
        let length = 64 - leading - change.trailing_zeros();
        let old = self.state;
        let old_trailing = 64_u32.saturating_sub(old.leading + old.length);
        let fits =
            old.length > 0 && leading >= old.leading && change.trailing_zeros() >= old_trailing;
        if fits && old.length <= WINDOW_BITS + length {
            self.bits.write(0b10, 2);
            self.bits.write(change >> old_trailing, old.length);
        } else {
            self.bits.write(0b11, 2);
            self.bits.write(u64::from(leading), 5);
            // Lengths are 1 to 64; six bits say 64 as 0.
            self.bits.write(u64::from(length), 6);
            self.bits.write(change >> (64 - leading - length), length);
            self.state.leading = leading;
            self.state.length = length;
        }
        // END SOLUTION
    }

    /// The chunk of all that was written so far; the encoder may go on.
    #[must_use]
    pub fn seal(&self) -> Chunk {
        Chunk {
            unit: self.unit,
            count: self.count,
            first: self.first,
            last: self.last,
            bytes: self.bits.clone().finish().into(),
        }
    }
}

/// Compressed samples in ascending order of time; clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What its times are counted in.
    pub unit: Unit,
    /// How many samples it holds.
    pub count: u32,
    /// The first sample's time, in nanoseconds since 1970.
    pub first: i64,
    /// The last sample's time.
    pub last: i64,
    /// The samples, compressed.
    pub bytes: Arc<[u8]>,
}

impl Chunk {
    /// Whether it can hold samples of `range` (its end excluded).
    #[must_use]
    pub fn overlaps(&self, range: &std::ops::Range<i64>) -> bool {
        self.first < range.end && self.last >= range.start
    }

    /// Reads the samples back, bit by bit the same.
    #[must_use]
    pub fn samples(&self) -> Samples<'_> {
        Samples {
            bits: BitReader::new(&self.bytes),
            unit: self.unit.nanoseconds(),
            left: self.count,
            started: false,
            state: State::default(),
        }
    }
}

/// The samples of a chunk; ends early, with an error, if the bytes do.
#[derive(Debug)]
pub struct Samples<'a> {
    bits: BitReader<'a>,
    unit: i64,
    left: u32,
    started: bool,
    state: State,
}

impl Samples<'_> {
    fn read(&mut self) -> Result<Sample, Truncated> {
        if self.started {
            self.read_time()?;
            self.read_value()?;
        } else {
            self.state.time = self.bits.read(64)?.cast_signed();
            self.state.value = self.bits.read(64)?;
            self.started = true;
        }
        Ok(Sample {
            time: self.state.time.wrapping_mul(self.unit),
            value: f64::from_bits(self.state.value),
        })
    }

    fn read_time(&mut self) -> Result<(), Truncated> {
        // BEGIN SOLUTION stage 2: undo what was done to the time; mind the number's sign
        let change = match self.bits.ones(5)? {
            0 => 0,
            ones => {
                let (_, _, bits) = BUCKETS[ones as usize - 1];
                let raw = self.bits.read(bits)?.cast_signed();
                // The number's own sign bit is its first one.
                (raw << (64 - bits)) >> (64 - bits)
            }
        };
        self.state.delta = self.state.delta.wrapping_add(change);
        self.state.time = self.state.time.wrapping_add(self.state.delta);
        Ok(())
        // END SOLUTION
    }

    fn read_value(&mut self) -> Result<(), Truncated> {
        // BEGIN SOLUTION stage 2: undo what was done to the value
        let ones = self.bits.ones(2)?;
        if ones == 0 {
            return Ok(());
        }
        if ones == 2 {
            let window = self.bits.read(WINDOW_BITS)?;
            self.state.leading = bits::small(window >> 6);
            self.state.length = match bits::small(window & 63) {
                0 => 64,
                length => length,
            };
        }
        let end = self.state.leading + self.state.length;
        // Corrupt bytes may claim a window that isn't in 64 bits, or use one that never was.
        let trailing = 64_u32.checked_sub(end).ok_or(Truncated)?;
        if self.state.length == 0 {
            return Err(Truncated);
        }
        self.state.value ^= self.bits.read(self.state.length)? << trailing;
        Ok(())
        // END SOLUTION
    }
}

impl Iterator for Samples<'_> {
    type Item = Result<Sample, Truncated>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let sample = self.read();
        if sample.is_err() {
            self.left = 0;
        }
        Some(sample)
    }
}
