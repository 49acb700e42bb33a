//! The two loops that gain from instructions newer than x86-64 itself: ANDing patterns in 32-byte
//! registers (AVX2) and counting bits (POPCNT).
//!
//! Each is one portable function, which the compiler translates a second time with those
//! instructions allowed; which one runs is decided by what the processor says it has.

#![expect(
    unsafe_code,
    reason = "calling a function compiled for instructions that not every processor has"
)]

use super::presieve::{Pattern, STRIDE};

/// Sets every stride to the AND of all patterns, each from its phase on, and moves the phases along.
pub(super) fn and_patterns(strides: &mut [[u8; STRIDE]], phases: &mut [(&Pattern, usize)]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as was asked just now.
        return unsafe { and_patterns_avx2(strides, phases) };
    }
    and_patterns_portable(strides, phases);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn and_patterns_avx2(strides: &mut [[u8; STRIDE]], phases: &mut [(&Pattern, usize)]) {
    and_patterns_portable(strides, phases);
}

#[inline(always)]
fn and_patterns_portable(strides: &mut [[u8; STRIDE]], phases: &mut [(&Pattern, usize)]) {
    for stride in strides {
        let mut sum = [u8::MAX; STRIDE];
        for (pattern, phase) in phases.iter_mut() {
            for (into, from) in sum.iter_mut().zip(&pattern.bytes[*phase..*phase + STRIDE]) {
                *into &= from;
            }
            *phase += STRIDE;
            // A loop, not a remainder: it runs at most once for all but the shortest patterns.
            while *phase >= pattern.period {
                *phase -= pattern.period;
            }
        }
        *stride = sum;
    }
}

/// How many bits are set.
pub(super) fn count_ones(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has POPCNT, as was asked just now.
        return unsafe { count_ones_popcnt(bytes) };
    }
    count_ones_portable(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_ones_popcnt(bytes: &[u8]) -> u64 {
    count_ones_portable(bytes)
}

#[inline(always)]
fn count_ones_portable(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words
        .iter()
        .map(|word| u64::from(u64::from_le_bytes(*word).count_ones()));
    let rest = rest.iter().map(|byte| u64::from(byte.count_ones()));
    words.sum::<u64>() + rest.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_translations_agree() {
        let bytes: Vec<u8> = (0..1003_u32).map(|n| (n * n) as u8).collect();
        assert_eq!(count_ones(&bytes), count_ones_portable(&bytes));
        let pattern = |period: usize| Pattern {
            period,
            bytes: (0..period)
                .cycle()
                .take(period + STRIDE)
                .map(|n| n as u8 | 0x55)
                .collect(),
        };
        let patterns = [pattern(7), pattern(300)];
        let phases = || [(&patterns[0], 3), (&patterns[1], 299)];
        let (mut chosen, mut portable) = ([[0; STRIDE]; 9], [[0; STRIDE]; 9]);
        and_patterns(&mut chosen, &mut phases());
        and_patterns_portable(&mut portable, &mut phases());
        assert_eq!(chosen, portable);
    }
}
