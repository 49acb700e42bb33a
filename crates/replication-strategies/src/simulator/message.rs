//! What simulated nodes send each other.

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A node wants an object.
    Fetch,
    /// It gets it.
    Answer,
    /// A node's write, on its way to the home.
    Write,
    /// It is committed.
    Acknowledge,
    /// A new version for a replica.
    Update,
    /// Word of a new version.
    Invalidate,
    /// A copy that was ordered.
    Copy,
}

/// A message: small, and copied as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    /// When the request was made, or the write committed.
    pub(super) start: u64,
    pub(super) object: u32,
    pub(super) version: u32,
    pub(super) kind: Said,
    /// The node whose client waits.
    pub(super) client: u8,
    /// Whether the client's node keeps the answer.
    pub(super) keep: bool,
}
