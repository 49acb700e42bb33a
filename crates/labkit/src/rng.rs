//! Chance that can be repeated: named streams of random numbers, all drawn from one seed.
//!
//! Two parts of a run that draw from streams of different names never disturb each other, so adding
//! a draw in one place doesn't change what another place sees. Never for secrets.

use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use rand::rand_core::TryRng;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The environment variable from which a graded or repeated test run takes its seed.
pub const SEED_VARIABLE: &str = "LAB_SEED";

/// A stream of random numbers: ChaCha with 8 rounds, keyed by the seed, its stream by the name.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream with this name under this seed.
    #[must_use]
    pub fn named(seed: u64, name: &str) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(fnv1a(name.as_bytes()));
        Stream(generator)
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        #[expect(
            clippy::cast_precision_loss,
            reason = "53 bits fit an f64's significand"
        )]
        let mantissa = (self.0.next_u64() >> 11) as f64;
        mantissa / (1_u64 << 53) as f64
    }

    /// A whole number in `[0, bound)`, without bias (Lemire's multiply-and-reject).
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a range of no numbers has nothing to draw");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(bound);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the low half is what is tested, the high half the result"
            )]
            if wide as u64 >= threshold {
                return (wide >> 64) as u64;
            }
        }
    }

    /// A place in a slice of `len` items.
    ///
    /// # Panics
    /// If `len` is zero.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("smaller than a usize")
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

/// A seed from the operating system's randomness (through the standard library's hash keys).
#[must_use]
pub fn draw_seed() -> u64 {
    // Six digits are enough to be different and few enough to be typed again.
    RandomState::new().build_hasher().finish() % 1_000_000
}

/// The seed of this test process: `LAB_SEED` if it is set, else drawn once and printed, so that a
/// failure can be repeated.
///
/// # Panics
/// If `LAB_SEED` is set to something that isn't a whole number.
#[must_use]
pub fn test_seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let seed = match env::var(SEED_VARIABLE) {
            Ok(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a whole number, not {text:?}")),
            Err(_) => draw_seed(),
        };
        eprintln!("{SEED_VARIABLE}={seed}");
        seed
    })
}

/// The 64-bit FNV-1a hash: small, and stable over versions, which the std hasher isn't.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_repeat_and_others_differ() {
        let draw = |seed, name| {
            let mut stream = Stream::named(seed, name);
            [stream.next_u64(), stream.next_u64()]
        };
        assert_eq!(draw(1, "network"), draw(1, "network"));
        assert_ne!(draw(1, "network"), draw(1, "disk"));
        assert_ne!(draw(1, "network"), draw(2, "network"));
    }

    #[test]
    fn the_numbers_stay_the_same_over_versions() {
        // Recorded seeds are worth nothing if a dependency's update changes what they mean.
        let mut stream = Stream::named(42, "pinned");
        assert_eq!(stream.next_u64(), 2_924_402_738_703_706_107);
    }

    #[test]
    fn draws_stay_in_their_ranges() {
        let mut stream = Stream::named(7, "ranges");
        for _ in 0..10_000 {
            assert!(stream.below(3) < 3);
            assert!((0.0..1.0).contains(&stream.unit()));
        }
    }
}
