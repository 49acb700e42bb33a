//! Stage 2: samples come back bit by bit, and in few bits.

use metrics_logging::column::encode;
use metrics_logging::config::SECOND;
use metrics_logging::fleet::Smooth;
use metrics_logging::gorilla::{Chunk, Encoder, Unit};
use metrics_logging::point::Sample;
use proptest::prelude::*;

fn chunk(unit: Unit, samples: &[Sample]) -> Chunk {
    let mut encoder = Encoder::new(unit);
    samples.iter().for_each(|sample| encoder.push(*sample));
    encoder.seal()
}

fn round_trips(unit: Unit, samples: &[Sample]) {
    let chunk = chunk(unit, samples);
    let back: Vec<Sample> = chunk
        .samples()
        .map(|sample| sample.expect("whole"))
        .collect();
    assert_eq!(back, samples);
}

/// Regular samples, one a minute.
fn regular(values: &[f64]) -> Vec<Sample> {
    let samples = (0_i64..).zip(values);
    samples
        .map(|(at, value)| Sample {
            time: at * 60 * SECOND,
            value: *value,
        })
        .collect()
}

#[test]
fn what_comes_on_time_and_unchanged_takes_two_bits() {
    let samples = regular(&[12.0; 1000]);
    let bytes = chunk(Unit::Second, &samples).bytes.len();
    round_trips(Unit::Second, &samples);
    // 16 bytes for the first, a bucket for the first difference, then 2 bits each.
    assert!(bytes <= 16 + 2 + 1000 / 4, "{bytes} bytes");
}

#[test]
fn the_papers_own_values_take_their_meaningful_bits() {
    // The values of the paper's figure 4, one a minute.
    let samples = regular(&[12.0, 24.0, 15.0, 12.0, 35.0]);
    round_trips(Unit::Second, &samples);
    let bits: u32 = samples
        .windows(2)
        .map(|pair| {
            let change = pair[0].value.to_bits() ^ pair[1].value.to_bits();
            64 - change.leading_zeros() - change.trailing_zeros()
        })
        .sum();
    let bytes = chunk(Unit::Second, &samples).bytes.len();
    // Each value: two bits of control, eleven of window at most, and its meaningful bits.
    let most = 16 + (9 + 3 + 4 * 13 + bits as usize).div_ceil(8);
    assert!(bytes <= most, "{bytes} bytes of at most {most}");
}

#[test]
fn special_floats_keep_every_bit() {
    let nan = |bits: u64| f64::from_bits(0x7ff8_0000_0000_0000 | bits);
    let values = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        nan(1),
        nan(0xdead),
        -f64::NAN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        f64::MAX,
        f64::MIN,
        1.0,
        f64::EPSILON,
        0.1,
        1.0 / 3.0,
        f64::from_bits(u64::MAX),
        f64::from_bits(1 << 63),
        f64::from_bits(0x5555_5555_5555_5555),
    ];
    round_trips(Unit::Second, &regular(&values));
    for a in values {
        for b in values {
            round_trips(Unit::Second, &regular(&[a, b, a, a, b]));
        }
    }
}

#[test]
fn differences_at_the_edges_of_every_bucket_come_back() {
    let edges = [
        0_i64,
        1,
        63,
        64,
        65,
        255,
        256,
        257,
        2047,
        2048,
        2049,
        i64::from(i32::MAX),
        1 << 31,
        1 << 32,
        1 << 40,
    ];
    for edge in edges {
        for change in [edge, -edge] {
            // Three samples: the third is `change` later than the second made one expect.
            let times = [
                0,
                1 << 45,
                (1 << 46) + change,
                (1 << 46) + change + (1 << 45) + change,
            ];
            let samples: Vec<Sample> = times
                .iter()
                .map(|time| Sample {
                    time: *time,
                    value: 1.0,
                })
                .collect();
            round_trips(Unit::Nano, &samples);
        }
    }
    let far = [i64::MIN, -1, 0, i64::MAX];
    let samples: Vec<Sample> = far
        .iter()
        .map(|time| Sample {
            time: *time,
            value: 1.0,
        })
        .collect();
    round_trips(Unit::Nano, &samples);
}

#[test]
fn a_short_change_after_a_long_one_opens_a_new_window() {
    // One value with all bits different, then many with one bit different: with the old window of 64
    // bits each would take 8 bytes.
    let mut values = vec![f64::from_bits(0), f64::from_bits(u64::MAX)];
    values.extend((0..500).map(|at| f64::from_bits(u64::MAX ^ (at % 2) << 40)));
    let samples = regular(&values);
    round_trips(Unit::Second, &samples);
    let bytes = chunk(Unit::Second, &samples).bytes.len();
    assert!(bytes < 16 + 30 + 500 * 4 / 8, "{bytes} bytes");
}

#[test]
fn damaged_bytes_are_an_error_and_never_a_panic() {
    let samples = regular(&(0..200).map(|at| f64::from(at).sin()).collect::<Vec<_>>());
    let whole = chunk(Unit::Second, &samples);
    let short = Chunk {
        bytes: whole.bytes[..whole.bytes.len() / 2].into(),
        ..whole.clone()
    };
    let read: Vec<_> = short.samples().collect();
    assert!(read.len() < 200 && read.last().is_some_and(Result::is_err));
    for at in 0..whole.bytes.len() {
        let mut bytes = whole.bytes.to_vec();
        bytes[at] ^= 0xff;
        let damaged = Chunk {
            bytes: bytes.into(),
            ..whole.clone()
        };
        assert!(damaged.samples().count() <= 200);
    }
}

#[test]
fn a_smooth_series_takes_little_more_than_a_byte() {
    let samples: Vec<Sample> = Smooth::new(3, "smooth", 0).take(20_000).collect();
    let unchanged = samples
        .windows(2)
        .filter(|pair| pair[0].value.to_bits() == pair[1].value.to_bits());
    let share = unchanged.count() as f64 / samples.len() as f64;
    assert!(
        (0.45..0.55).contains(&share),
        "as many unchanged as in the paper: {share}"
    );
    let bytes: usize = encode(&samples).iter().map(|chunk| chunk.bytes.len()).sum();
    let each = bytes as f64 / samples.len() as f64;
    assert!(each <= 1.37, "{each} bytes a sample");
}

/// Floats of every kind, special ones more often than by chance.
fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        any::<i16>().prop_map(f64::from),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324
        ]),
    ]
}

proptest! {
    #[test]
    fn any_samples_come_back_bit_by_bit(
        start in any::<i32>(),
        steps in prop::collection::vec((prop_oneof![Just(60), 0_i64..100_000, any::<i64>()], floats()), 0..200),
        unit in prop::sample::select(Unit::ALL.to_vec()),
    ) {
        // Whatever the steps, times are multiples of the unit; that they ascend isn't needed here.
        let scale = unit.nanoseconds();
        let mut time = i64::from(start);
        let samples: Vec<Sample> = steps
            .into_iter()
            .map(|(step, value)| {
                time = time.wrapping_add(step) % (i64::MAX / scale);
                Sample { time: time * scale, value }
            })
            .collect();
        let chunk = chunk(unit, &samples);
        let back: Result<Vec<Sample>, _> = chunk.samples().collect();
        prop_assert_eq!(back.expect("whole"), samples);
    }
}
