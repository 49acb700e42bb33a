//! Signatures: HMAC-SHA-256 (RFC 2104) under the key that all nodes of a tree share, cut to 128 bits.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a signature: half of the hash, which RFC 2104 allows and halves what travels.
pub(super) const TAG: usize = 16;

/// A signature.
pub type Tag = [u8; TAG];

/// What signatures are about: the same bytes in another place have another one.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// A whole datagram.
    Datagram,
    /// A row of the zone with this name.
    Row(&'a str),
    /// A certificate.
    Certificate,
}

/// The key of a tree of nodes, ready to sign. Its `Debug` form doesn't show it.
#[derive(Clone)]
pub struct Seal(Hmac<Sha256>);

impl Seal {
    /// The seal of a key; HMAC takes one of any length.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Seal(<Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length will do"))
    }

    pub(super) fn sign(&self, about: About<'_>, bytes: &[u8]) -> Tag {
        // BEGIN SOLUTION stage 6: the first half of the HMAC
        let mac = self
            .begin(about)
            .chain_update(bytes)
            .finalize()
            .into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&mac[..TAG]);
        tag
        // END SOLUTION
    }

    /// Whether a signature is of this key; takes as long for any wrong one.
    pub(super) fn holds(&self, about: About<'_>, bytes: &[u8], tag: &Tag) -> bool {
        // BEGIN SOLUTION stage 6: compare in constant time
        let mac = self.begin(about).chain_update(bytes);
        mac.verify_truncated_left(tag).is_ok()
        // END SOLUTION
    }

    // BEGIN SOLUTION ITEMS stage 6: what every signature begins with
    fn begin(&self, about: About<'_>) -> Hmac<Sha256> {
        let mac = self.0.clone();
        match about {
            About::Datagram => mac.chain_update([0]),
            // No name holds a zero byte, so none can be mistaken for the beginning of a row.
            About::Row(zone) => mac.chain_update([1]).chain_update(zone).chain_update([0]),
            About::Certificate => mac.chain_update([2]),
        }
    }
    // END SOLUTION
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}
