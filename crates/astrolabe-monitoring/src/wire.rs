//! Messages as datagrams.
//!
//! ```text
//! datagram    = "As" version:1 kind:1 body tag:16
//! digest      = path part:1 parts:1 tables certificates
//! delta       = path { level:1 row tag:16 } { certificate tag:16 } { level:1 key:8 } { key:8 }
//! row         = name version nodes { address } ( 0 instance:8 uptime { name value }
//!                                              | 1 { key:8 nodes { partial } } )
//! ```
//!
//! Numbers without a length are varints (seven bits a byte), values are zigzag varints, texts and lists
//! begin with their length. The last tag signs the datagram; those of rows and certificates travel with
//! them from node to node. Whatever isn't of this form, to the last byte, is refused as a whole.

mod address;
mod decode;
mod encode;
mod length;
mod reader;
mod seal;
mod writer;

pub use address::Address;
pub use decode::{Decoded, decode};
pub use encode::encode;
pub use seal::{Seal, Tag};

pub(crate) use length::{message_len, row_len};

/// How long a datagram is made at most, if its rows can be spread over several: what Ethernet carries in
/// one piece, less the headers of IPv6 and UDP, and a little of a tunnel.
pub const PACKET: usize = 1_400;
/// How long a datagram may be: one row with every result that it may have.
pub const LONGEST: usize = 8_192;

/// The first bytes of every datagram: a name, and the format's version.
const MAGIC: [u8; 3] = *b"As\x01";
/// What a datagram has besides its body.
const FRAME: usize = MAGIC.len() + 1 + seal::TAG;

/// Why a datagram was dropped.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub enum Refusal {
    /// It is longer than any may be.
    #[error("oversized")]
    Oversized,
    /// It isn't of our format.
    #[error("malformed")]
    Malformed,
    /// Its signature isn't of our key.
    #[error("forged")]
    Forged,
}
