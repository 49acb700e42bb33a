//! Small and medium primes: crossing off in whole turns of the wheel.
//!
//! Of a prime's multiples p·k only those with k coprime to 30 are on the wheel: 8 in each turn of 30.
//! For p = 30m + r and k = 30t + s the multiple lies in byte p·t + m·s + ⌊rs/30⌋, at the bit of
//! rs mod 30. So a turn covers p bytes, and within it the 8 places and bits depend only on m and r:
//! with a loop of its own for each of the 8 remainders r the bits are constants, and 8 crossings
//! take 8 read-modify-writes and nothing else.
//!
//! Always doing whole turns means that the last one overshoots the end by up to p bytes. The sieve
//! has room for that after its end, and what falls there is carried over into the next segment.

use super::{BIT, RESIDUES, bit_of};

/// For a prime of the i-th remainder, and the j-th multiple of a turn: ⌊rs/30⌋.
const CARRY: [[u64; 8]; 8] = {
    let mut carry = [[0; 8]; 8];
    let mut at = 0;
    while at < 64 {
        carry[at / 8][at % 8] = RESIDUES[at / 8] * RESIDUES[at % 8] / 30;
        at += 1;
    }
    carry
};

/// For a prime of the i-th remainder, and the j-th multiple of a turn: all bits but its own.
const KEEP: [[u8; 8]; 8] = {
    let mut keep = [[0; 8]; 8];
    let mut at = 0;
    while at < 64 {
        keep[at / 8][at % 8] = !(1 << BIT[(RESIDUES[at / 8] * RESIDUES[at % 8] % 30) as usize]);
        at += 1;
    }
    keep
};

/// A prime 30m + r, r given by the list it is in, and where its next turn starts, in bytes from the
/// current block's start.
#[derive(Clone, Copy)]
struct Cycle {
    m: u32,
    next: u32,
}

/// The primes that cross off by whole turns, by their remainder modulo 30.
#[derive(Default)]
pub(crate) struct Cycles {
    classes: [Vec<Cycle>; 8],
}

impl Cycles {
    /// Adds a prime whose square lies before the segment's end, and crosses off the rest of a turn
    /// that began before the segment. It starts at byte `at` of the wheel; `sieve` is the segment
    /// with its overshoot.
    pub(crate) fn admit(&mut self, prime: u64, at: u64, sieve: &mut [u8]) {
        let (m, class) = (prime / 30, bit_of(prime));
        // BEGIN SOLUTION stage 4: which is the first turn that matters? start it at k = 30t
        // The turn of the prime's square, or a later one that reaches into the segment. A few of its
        // multiples may be smaller than the square: composite too, so crossing them off is no harm.
        let mut turn = prime * m.max(at / prime);
        if turn < at {
            for ((s, carry), keep) in RESIDUES.iter().zip(CARRY[class]).zip(KEEP[class]) {
                let place = turn + m * s + carry;
                if place >= at {
                    sieve[(place - at) as usize] &= keep;
                }
            }
            turn += prime;
        }
        self.classes[class].push(Cycle {
            m: m as u32,
            next: (turn - at) as u32,
        });
        // END SOLUTION
    }

    /// Crosses off all turns that start in the first `len` bytes, and moves on by as many.
    ///
    /// # Panics
    /// If `sieve` has no room for the overshoot of the last turn.
    pub(crate) fn cross_off(&mut self, sieve: &mut [u8], len: usize) {
        const BY_CLASS: [CrossOff; 8] = [
            cross_off::<0>,
            cross_off::<1>,
            cross_off::<2>,
            cross_off::<3>,
            cross_off::<4>,
            cross_off::<5>,
            cross_off::<6>,
            cross_off::<7>,
        ];
        for (class, cross_off) in self.classes.iter_mut().zip(BY_CLASS) {
            cross_off(class, sieve, len);
        }
    }
}

type CrossOff = fn(&mut [Cycle], &mut [u8], usize);

/// The innermost loop of the whole lab, for primes of one remainder.
#[expect(
    unsafe_code,
    reason = "a bounds check for each crossing makes the loop half as fast again"
)]
fn cross_off<const CLASS: usize>(cycles: &mut [Cycle], sieve: &mut [u8], len: usize) {
    for cycle in cycles {
        // BEGIN SOLUTION stage 4: turn by turn, 8 crossings each; what makes them stay in bounds?
        let m = cycle.m as usize;
        let prime = 30 * m + RESIDUES[CLASS] as usize;
        assert!(len + prime <= sieve.len(), "room for the last turn");
        let mut turn = cycle.next as usize;
        while turn < len {
            for multiple in 0..8 {
                let place = m * RESIDUES[multiple] as usize + CARRY[CLASS][multiple] as usize;
                // SAFETY: with s < 30, place = m·s + ⌊r·s/30⌋ ≤ (30m + r)·s/30 < 30m + r = prime,
                // and turn < len, so turn + place < len + prime ≤ sieve.len().
                unsafe { *sieve.get_unchecked_mut(turn + place) &= KEEP[CLASS][multiple] };
            }
            turn += prime;
        }
        cycle.next = (turn - len) as u32;
        // END SOLUTION
    }
}
