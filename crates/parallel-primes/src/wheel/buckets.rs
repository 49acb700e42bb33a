//! Large primes: a list for each segment ahead, of the primes that hit it.
//!
//! A prime much larger than a segment misses most segments, and near 2^64 there are two hundred
//! million of them: looking at each one in each segment would cost far more than crossing off. So
//! every prime waits in the list (bucket) of the segment of its next multiple, and a segment touches
//! only its own bucket (Oliveira e Silva 2002). The buckets form a ring as long as the longest step.
//!
//! Multiples of 7 are skipped too, which the patterns crossed off: a wheel of 210 = 7·30 has 48
//! multiples to a turn in place of 56.

use super::{BIT, RESIDUES, bit_of};

/// The largest segment: a place in it shares 32 bits with a wheel position.
pub(crate) const MAX_SEGMENT: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 32 - STATE_BITS;
const STATE_BITS: u32 = 9;

/// The multipliers of one turn: the remainders modulo 210 that are coprime to it.
const SPOKES: usize = 48;
/// The longest way from one multiplier to the next.
const LONGEST_GAP: u64 = 10;

/// One multiple of a prime, as its wheel position sees it: what to clear, and where the next one is.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Step {
    /// All bits but the multiple's.
    keep: u8,
    /// How much larger the next multiplier is.
    gap: u8,
    /// What rounding adds to the gap's bytes.
    carry: u8,
    /// The next multiple's wheel position.
    next: u16,
}

/// Wheel positions: 48 for each of the 8 remainders of a prime. Filled up to a power of two, so that
/// an index of [`STATE_BITS`] needs no check.
static STEPS: [Step; 1 << STATE_BITS] = steps();

/// For each remainder modulo 210, how far the next multiplier is and which it is.
const NEXT_SPOKE: [(u64, usize); 210] = next_spokes();

/// The i-th multiplier, for i up to 48, which is the first one of the next turn.
const fn spoke(i: usize) -> u64 {
    let (mut n, mut left) = (1, i);
    loop {
        if n % 2 != 0 && n % 3 != 0 && n % 5 != 0 && n % 7 != 0 {
            if left == 0 {
                return n;
            }
            left -= 1;
        }
        n += 1;
    }
}

const fn steps() -> [Step; 1 << STATE_BITS] {
    let mut steps = [Step {
        keep: u8::MAX,
        gap: 0,
        carry: 0,
        next: 0,
    }; 1 << STATE_BITS];
    let mut state = 0;
    while state < 8 * SPOKES {
        let (class, spoke_at) = (state / SPOKES, state % SPOKES);
        let (k, k_next) = (spoke(spoke_at), spoke(spoke_at + 1));
        let r = RESIDUES[class];
        steps[state] = Step {
            keep: !(1 << BIT[(r * k % 30) as usize]),
            gap: (k_next - k) as u8,
            carry: (r * k_next / 30 - r * k / 30) as u8,
            next: (class * SPOKES + (spoke_at + 1) % SPOKES) as u16,
        };
        state += 1;
    }
    steps
}

const fn next_spokes() -> [(u64, usize); 210] {
    let mut next = [(0, 0); 210];
    let (mut residue, mut at) = (0, 0);
    while residue < 210 {
        if spoke(at) < residue {
            at += 1;
        }
        next[residue as usize] = (spoke(at) - residue, at % SPOKES);
        residue += 1;
    }
    next
}

/// A prime 30m + r in the bucket of its next multiple, packed into one word: from the top m, the
/// place of the multiple in its segment, and the wheel position.
#[derive(Clone, Copy)]
struct Large(u64);

impl Large {
    fn new(m: usize, place: usize, state: usize) -> Self {
        Large((m as u64) << 32 | (place << STATE_BITS | state) as u64)
    }

    fn m(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn place(self) -> usize {
        (self.0 as u32 >> STATE_BITS) as usize
    }

    fn state(self) -> usize {
        (self.0 % (1 << STATE_BITS)) as usize
    }
}

/// Primes in one bucket are kept in blocks of this many. A block that was emptied is filled again at
/// once while it is still in the cache, instead of memory that was not touched for a whole round.
const BLOCK: usize = 1024;

/// The primes that are larger than a segment, each waiting for the segment of its next multiple.
pub(crate) struct Buckets {
    /// The block of each bucket that isn't full yet.
    open: Vec<Vec<Large>>,
    /// The full blocks of each bucket.
    full: Vec<Vec<Vec<Large>>>,
    /// Empty blocks.
    spare: Vec<Vec<Large>>,
    current: usize,
    segment_bits: u32,
}

impl Buckets {
    /// Empty buckets for primes up to `largest` and segments of `segment` bytes, a power of two.
    pub(crate) fn new(segment: usize, largest: u64) -> Self {
        let longest_step = (largest / 30 + 1) * LONGEST_GAP;
        let ahead = (longest_step as usize / segment + 2).next_power_of_two();
        Buckets {
            open: vec![Vec::new(); ahead],
            full: vec![Vec::new(); ahead],
            spare: Vec::new(),
            current: 0,
            segment_bits: segment.trailing_zeros(),
        }
    }

    /// Adds a prime whose square lies before the current segment's end. The segment starts at byte
    /// `at` of the wheel; a prime without a multiple before byte `end` is left out.
    pub(crate) fn admit(&mut self, prime: u64, at: u64, end: u64) {
        let (m, class) = (prime / 30, bit_of(prime));
        // BEGIN SOLUTION stage 4: the smallest multiplier that matters, moved onto the wheel
        let smallest = prime.max((30 * at).div_ceil(prime));
        let (ahead, spoke) = NEXT_SPOKE[(smallest % 210) as usize];
        let k = smallest + ahead;
        let byte = m * k + RESIDUES[class] * k / 30;
        if byte < end {
            self.put(m as usize, (byte - at) as usize, class * SPOKES + spoke);
        }
        // END SOLUTION
    }

    /// Crosses off the current segment's multiples and moves on to the next segment.
    pub(crate) fn cross_off(&mut self, sieve: &mut [u8]) {
        // A prime not much larger than the segment comes back into the bucket that is being emptied.
        while let Some(mut block) = self.take_block() {
            self.cross_off_block(&block, sieve);
            block.clear();
            self.spare.push(block);
        }
        self.current = (self.current + 1) % self.open.len();
    }

    fn take_block(&mut self) -> Option<Vec<Large>> {
        self.full[self.current].pop().or_else(|| {
            let open = std::mem::take(&mut self.open[self.current]);
            (!open.is_empty()).then_some(open)
        })
    }

    fn cross_off_block(&mut self, block: &[Large], sieve: &mut [u8]) {
        // BEGIN SOLUTION stage 4: clear each multiple; into which bucket goes the prime then?
        for large in block {
            let step = STEPS[large.state()];
            sieve[large.place()] &= step.keep;
            let bytes = large.m() * usize::from(step.gap) + usize::from(step.carry);
            self.put(large.m(), large.place() + bytes, usize::from(step.next));
        }
        // END SOLUTION
    }

    /// Puts a prime into the bucket of a place counted from the current segment's start.
    #[inline(always)]
    fn put(&mut self, m: usize, place: usize, state: usize) {
        let bucket = (self.current + (place >> self.segment_bits)) & (self.open.len() - 1);
        let place = place & ((1 << self.segment_bits) - 1);
        if self.open[bucket].len() == self.open[bucket].capacity() {
            self.open_block(bucket);
        }
        self.open[bucket].push(Large::new(m, place, state));
    }

    /// Puts the bucket's full block aside and gives it an empty one.
    #[cold]
    fn open_block(&mut self, bucket: usize) {
        let spare = self.spare.pop();
        let empty = spare.unwrap_or_else(|| Vec::with_capacity(BLOCK));
        let block = std::mem::replace(&mut self.open[bucket], empty);
        if !block.is_empty() {
            self.full[bucket].push(block);
        }
    }
}
