//! What nodes, and those who ask them, say to each other.

use std::sync::Arc;

use labkit::sim::{Digest as RunDigest, Payload};

use crate::aggregate::Partial;
use crate::catalogue::Certificate;
use crate::row::{Attributes, Row};
use crate::table::{Entry, Part};
use crate::wire::{self, Address};
use crate::zone::{Key, Path};

/// One message; on the network, one datagram.
#[derive(Clone, Debug)]
pub enum Message<A> {
    /// These versions I have.
    Digest(Digest),
    /// These rows you haven't, and those I want.
    Delta(Delta<A>),
    /// A question from outside.
    Ask(Ask),
    /// The answer.
    Answer(Answer),
    /// What a node's own surroundings measured. It never travels.
    Measured(Attributes),
}

/// The versions that a node has, of the tables from the root down.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Who says so.
    pub path: Path,
    /// Which part of the rows it is about.
    pub part: Part,
    /// One for each table, from the root down: what it retired, and its versions by key.
    pub tables: Vec<(u64, Vec<Entry>)>,
    /// The versions of the certificates.
    pub catalogue: Vec<Entry>,
}

/// Rows, and what is wanted in return.
#[derive(Clone, Debug)]
pub struct Delta<A> {
    /// Who sends it.
    pub path: Path,
    /// Rows, each with the level of its table.
    pub rows: Vec<(u8, Arc<Row<A>>)>,
    /// Certificates.
    pub certificates: Vec<Arc<Certificate>>,
    /// Keys of rows that the sender wants, with the level of their table.
    pub wanted: Vec<(u8, Key)>,
    /// Keys of certificates that the sender wants.
    pub wanted_certificates: Vec<Key>,
}

impl<A> Delta<A> {
    /// A delta from a node that says nothing yet.
    #[must_use]
    pub fn from(path: &Path) -> Self {
        Delta {
            path: path.clone(),
            rows: Vec::new(),
            certificates: Vec::new(),
            wanted: Vec::new(),
            wanted_certificates: Vec::new(),
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.certificates.is_empty()
            && self.wanted.is_empty()
            && self.wanted_certificates.is_empty()
    }
}

/// What someone outside wants of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// The answer as it is.
    Read,
    /// That the query be computed everywhere from now on, and the answer.
    Install,
    /// That the query be computed no longer.
    Remove,
}

/// A question to a node.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Comes back with the answer.
    pub nonce: u64,
    /// What is wanted.
    pub action: Action,
    /// The query.
    pub query: Arc<str>,
}

/// A node's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question's.
    pub nonce: u64,
    /// The results, or why there are none.
    pub outcome: Outcome,
}

/// What a question came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// What the node knows.
    Summary(Summary),
    /// It was to be read, but nobody computes it.
    NotInstalled,
    /// The node doesn't do it, and says why.
    Refused(String),
}

/// What a node knows of the whole tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// How many nodes there are.
    pub nodes: u64,
    /// How many of them are in the results.
    pub covered: u64,
    /// A result for each aggregate of the query.
    pub partials: Vec<Partial>,
}

impl Summary {
    /// Whether every node is in the results.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.nodes > 0 && self.covered == self.nodes
    }
}

impl<A: Address> Payload for Message<A> {
    fn digest(&self, digest: &mut RunDigest) {
        match self {
            Message::Digest(it) => {
                digest.word(1);
                for (retired, entries) in &it.tables {
                    digest.word(*retired);
                    entries.iter().for_each(|it| digest.word(it.version));
                }
            }
            Message::Delta(it) => {
                digest.word(2);
                it.rows.iter().for_each(|row| digest.word(row.1.version));
                it.wanted.iter().for_each(|wanted| digest.word(wanted.1.0));
                digest.word(it.certificates.len() as u64);
            }
            Message::Ask(it) => digest.word(it.nonce),
            Message::Answer(it) => digest.word(it.nonce),
            Message::Measured(all) => all.iter().for_each(|it| {
                digest.word(it.1.thousandths().cast_unsigned());
            }),
        }
    }

    fn size(&self) -> usize {
        wire::message_len(self)
    }

    fn label(&self) -> String {
        match self {
            Message::Digest(_) => "digest".to_owned(),
            Message::Delta(it) if it.wanted.is_empty() => format!("{} rows", it.rows.len()),
            Message::Delta(it) => format!("{} rows, wants {}", it.rows.len(), it.wanted.len()),
            Message::Ask(_) => "ask".to_owned(),
            Message::Answer(_) => "answer".to_owned(),
            Message::Measured(_) => "measured".to_owned(),
        }
    }
}
