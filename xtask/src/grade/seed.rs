//! Each student's own seed: chance that neither repeats among students nor can be foreseen by them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The environment variable that holds the course's secret, where no file is named.
pub(super) const VARIABLE: &str = "LAB_GRADE_SECRET";

/// A secret shorter than this could be guessed.
const SHORTEST: usize = 16;

/// The course's secret.
pub(super) struct Secret(Vec<u8>);

impl Secret {
    /// The secret in a file, without the line's end; else the given text; else none, and then
    /// seeds can be foreseen by whoever knows this program.
    ///
    /// # Errors
    /// If the file can't be read, or the secret is too short to be one.
    pub(super) fn read(file: Option<&Path>, text: Option<String>) -> Result<Option<Self>> {
        let (secret, place) = match (file, text) {
            (Some(file), _) => {
                let place = file.display().to_string();
                let bytes = fs::read(file).with_context(|| format!("reading {place}"))?;
                (bytes.trim_ascii_end().to_vec(), place)
            }
            (None, Some(text)) => (text.into_bytes(), VARIABLE.to_owned()),
            (None, None) => return Ok(None),
        };
        if secret.len() < SHORTEST {
            bail!(
                "the secret in {place} has {} bytes; it takes {SHORTEST}, as `openssl rand -hex 32` makes them",
                secret.len()
            );
        }
        Ok(Some(Secret(secret)))
    }
}

/// The seed of a student's tests: the first 64 bits of HMAC-SHA256 over `lab/student`.
pub(super) fn seed(secret: Option<&Secret>, lab: &str, student: &str) -> u64 {
    let key = secret.map_or(&[][..], |secret| &secret.0);
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(format!("{lab}/{student}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_the_first_bits_of_the_hmac() {
        // Computed apart: printf lock/ann | openssl dgst -sha256 -hmac 0123456789abcdef
        let secret = Secret(b"0123456789abcdef".to_vec());
        let one = seed(Some(&secret), "lock", "ann");
        assert_eq!(one, 7_056_076_118_123_415_144);
        for other in [
            seed(Some(&secret), "lock", "bob"),
            seed(Some(&secret), "loc", "k/ann"),
            seed(None, "lock", "ann"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        assert!(Secret::read(None, Some("password".to_owned())).is_err());
        assert!(Secret::read(None, Some("0123456789abcdef".to_owned())).is_ok());
        assert!(Secret::read(None, None).expect("none is fine").is_none());
    }
}
