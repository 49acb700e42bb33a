//! Rows: what is known of one child of a zone, under a version.
//!
//! A node's own row is written by that node alone. The row of a zone is computed by each node inside it
//! ([`crate::agent`]), from the rows below; its version is the sum of theirs, so that of two rows the one
//! computed from newer knowledge has the larger version, whoever computed it.

use std::sync::{Arc, OnceLock};

use crate::aggregate::Results;
use crate::query::Attribute;
use crate::value::Value;
use crate::wire::{Address, Tag, row_len};
use crate::zone::Key;

/// How many nodes speak for a zone.
pub const CONTACTS: usize = 3;
/// How many attributes a node may have.
pub const MOST_ATTRIBUTES: usize = 16;

/// A node's measurements.
pub type Attributes = Arc<[(Attribute, Value)]>;

/// One row. It is never changed: a newer one takes its place.
#[derive(Debug)]
pub struct Row<A> {
    /// The child's name within its zone, and that name's hash.
    pub name: Arc<str>,
    /// The hash of `name`.
    pub key: Key,
    /// Grows with every change.
    pub version: u64,
    /// How many nodes are there (1, if it is a node).
    pub nodes: u64,
    /// Where to reach some of them.
    pub contacts: Arc<[A]>,
    /// What they measure.
    pub content: Content,
    /// Its length on the wire.
    pub(crate) len: usize,
    /// Its signature, once it was needed or received.
    pub(crate) tag: OnceLock<Tag>,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Of a node.
    Leaf(Leaf),
    /// Of a zone: the results of each query that was installed.
    Zone(Vec<Results>),
}

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Its whole path.
    pub path: Arc<str>,
    /// Drawn at its start: tells a node that came back from one of the same name.
    pub instance: u64,
    /// For how many rounds it has been up.
    pub uptime: u64,
    /// What it measures.
    pub attributes: Attributes,
}

impl Leaf {
    /// The value of an attribute, if the node has it.
    #[must_use]
    pub fn value(&self, attribute: &Attribute) -> Option<Value> {
        let named = |it: &&(Attribute, Value)| it.0.key == attribute.key;
        self.attributes.iter().find(named).map(|it| it.1)
    }
}

impl<A: Address> Row<A> {
    /// A row that nobody has signed yet.
    #[must_use]
    pub fn new(
        name: Arc<str>,
        version: u64,
        nodes: u64,
        contacts: Arc<[A]>,
        content: Content,
    ) -> Self {
        let mut row = Row {
            key: Key::of(&name),
            name,
            version,
            nodes,
            contacts,
            content,
            len: 0,
            tag: OnceLock::new(),
        };
        row.len = row_len(&row);
        row
    }
}

impl<A> Row<A> {
    /// What the node says of itself, if it is a node's row.
    #[must_use]
    pub fn leaf(&self) -> Option<&Leaf> {
        match &self.content {
            Content::Leaf(leaf) => Some(leaf),
            Content::Zone(_) => None,
        }
    }

    /// The results of a query, if it is a zone's row that has them.
    #[must_use]
    pub fn results(&self, query: Key) -> Option<&Results> {
        match &self.content {
            Content::Leaf(_) => None,
            Content::Zone(all) => all.iter().find(|results| results.query == query),
        }
    }
}
