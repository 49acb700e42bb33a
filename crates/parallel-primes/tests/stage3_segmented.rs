//! Stage 3: sieving in segments, from anywhere to anywhere.

use std::ops::Range;
use std::time::Duration;

use labkit::wait;
use parallel_primes::{odd_bits, segmented, trial};
use proptest::prelude::*;

const LIMIT: Duration = Duration::from_secs(60);

/// One word: 128 numbers to a segment, so that a small range has many ends.
const WORD: usize = 8;

fn check(range: Range<u64>, segment_bytes: usize) {
    let expected = trial::count(range.clone());
    let counted = segmented::count(range.clone(), segment_bytes);
    assert_eq!(
        counted, expected,
        "{range:?} in segments of {segment_bytes} bytes"
    );
}

#[test]
fn the_ends_of_every_segment() {
    wait::within(LIMIT, || {
        // 128 numbers to a segment: ranges that end just before, at and behind each of its ends.
        for boundary in (0..4096).step_by(16 * WORD) {
            for end in boundary..boundary + 4 {
                check(0..end, WORD);
                check(end.saturating_sub(3)..end + 130, WORD);
            }
        }
    });
}

#[test]
fn every_small_range() {
    wait::within(LIMIT, || {
        for start in 0..60 {
            for end in start..60 {
                check(start..end, WORD);
            }
        }
    });
}

#[test]
fn a_square_at_the_end_of_a_segment() {
    wait::within(LIMIT, || {
        for p in [11_u64, 127, 1009, 65_537] {
            for before in 0..260 {
                let start = (p * p).saturating_sub(before);
                assert_eq!(segmented::count(p * p..p * p + 1, WORD), 0, "{p}²");
                check(start..p * p + 2, WORD);
            }
        }
    });
}

#[test]
fn a_range_that_ends_before_it_starts_is_empty() {
    wait::within(LIMIT, || {
        #[expect(clippy::reversed_empty_ranges, reason = "that is the case")]
        let backwards = 100..10;
        assert_eq!(segmented::count(backwards, WORD), 0);
    });
}

#[test]
fn known_counts_for_any_segment_size() {
    wait::within(LIMIT, || {
        for segment_bytes in [1, 8, 1000, 32 << 10] {
            assert_eq!(segmented::count(0..1_000_000, segment_bytes), 78_498);
        }
        assert_eq!(segmented::count(0..50_000_000, 32 << 10), 3_001_134);
    });
}

#[test]
fn a_range_far_out() {
    wait::within(LIMIT, || {
        // Counted with primesieve 11.0.
        let start = 10_u64.pow(15);
        assert_eq!(segmented::count(start..start + 1_000_000, 32 << 10), 28_845);
    });
}

#[test]
fn ranges_agree_with_the_unsegmented_sieve() {
    wait::within(LIMIT, || {
        proptest!(|(start in 0_u64..200_000, len in 0_u64..50_000, words in 1_usize..40)| {
            let range = start..start + len;
            prop_assert_eq!(segmented::count(range.clone(), 8 * words), odd_bits::count(range));
        });
    });
}
