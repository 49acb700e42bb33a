//! A node's own row, and what it does when somebody else's bears its name.
//!
//! A node that comes back doesn't remember its last version, but others do: it sees that in their digests,
//! and goes on from there. No clock and no disk is needed. If the other one goes on as well, it isn't the
//! past but a namesake.

use std::sync::Arc;
use std::time::Duration;

use labkit::rng::Stream;
use labkit::sim::Context;

use super::{Agent, Config, Notice};
use crate::message::Digest;
use crate::row::{Attributes, Content, Leaf, Row};
use crate::table::Standing;
use crate::wire::Address;
use crate::zone::Path;

/// How often one instance must be met, renewed each time, until it is a namesake. What is left of our own
/// past is renewed as often as there are different old rows of it, and those are replaced within few rounds.
const PROOF: u32 = 8;

/// Versions begin at random below this. Two nodes of one zone that don't know each other yet both compute
/// its row; the one whose version is smaller learns from the other's row whom to call. Were the versions
/// equal, neither would.
const FIRST: u64 = 1 << 16;

/// Who a node is, and since when.
#[derive(Debug)]
pub(super) struct Identity {
    version: u64,
    instance: u64,
    uptime: u64,
    attributes: Attributes,
    rival: Rival,
}

/// The instance that was met last under our name.
#[derive(Debug, Default)]
struct Rival {
    instance: u64,
    /// Its newest version so far.
    version: u64,
    /// How often it was newer than before.
    met: u32,
}

impl Identity {
    pub(super) fn new(config: &Config) -> Self {
        Identity {
            version: 0,
            instance: 0,
            uptime: 0,
            attributes: Arc::clone(&config.attributes),
            rival: Rival::default(),
        }
    }

    pub(super) fn begin(&mut self, chance: &mut Stream) {
        self.instance = chance.below(u64::MAX);
        self.version = chance.below(FIRST);
    }

    pub(super) fn beat(&mut self) {
        self.version += 1;
        self.uptime += 1;
    }

    pub(super) fn measured(&mut self, attributes: Attributes) {
        self.attributes = attributes;
        self.version += 1;
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn row<A: Address>(&self, path: &Path, address: A) -> Row<A> {
        let leaf = Leaf {
            path: Arc::clone(path.as_arc()),
            instance: self.instance,
            uptime: self.uptime,
            attributes: Arc::clone(&self.attributes),
        };
        let name = Arc::clone(path.name(path.depth() - 1));
        Row::new(name, self.version, 1, [address].into(), Content::Leaf(leaf))
    }
}

impl<A: Address> Agent<A> {
    /// Somebody knows a version of our own row that is beyond ours.
    pub(super) fn surpass(&mut self, version: u64, now: Duration) {
        // BEGIN SOLUTION stage 5: whose word has to be the last? And if two of one name think so?
        // By more than one, and each by its own: two namesakes, a round apart, would come to be equal, and
        // of equal versions nobody speaks.
        let beyond = version.saturating_add(2 + self.identity.instance % 64);
        self.identity.version = self.identity.version.max(beyond);
        self.renew(now);
        // END SOLUTION
    }

    /// A row under our name came in. Returns whether it is somebody else's.
    pub(super) fn meet(
        &mut self,
        row: &Row<A>,
        now: Duration,
        context: &mut Context<'_, Self>,
    ) -> bool {
        let Some(leaf) = row
            .leaf()
            .filter(|leaf| leaf.instance != self.identity.instance)
        else {
            return false;
        };
        // BEGIN SOLUTION stage 5: our own past, or a namesake? And who of the two is to go?
        if row.version >= self.identity.version {
            self.surpass(row.version, now);
        }
        let rival = &mut self.identity.rival;
        if rival.instance != leaf.instance {
            *rival = Rival::default();
        }
        if row.version > rival.version {
            *rival = Rival {
                instance: leaf.instance,
                version: row.version,
                met: rival.met + 1,
            };
            self.counts.conflicts += 1;
            // Its row is a little old, so it may seem younger than it is. It is looked at again and again:
            // the elder never takes itself for the younger, and the younger comes to see it.
            if rival.met.is_multiple_of(PROOF) {
                let ours = (self.identity.uptime, self.identity.instance);
                context.output(Notice::Duplicate {
                    address: row.contacts.first().copied(),
                    elder: (leaf.uptime, leaf.instance) > ours,
                });
            }
        }
        true
        // END SOLUTION
    }

    /// Whether a node that just spoke, or a zone of it, is silent by what is known here, under a version
    /// that it doesn't know to have had.
    pub(super) fn thought_silent(&self, theirs: &Digest, shared: usize) -> bool {
        // BEGIN SOLUTION stage 5: of the rows that are about the one who spoke, which are silent and ahead?
        (0..shared).any(|level| {
            let key = theirs.path.key(level);
            let entries = &theirs.tables[level].1;
            let said = entries.binary_search_by_key(&key, |entry| entry.key);
            let Some(slot) = self.tables[level].slot(key) else {
                return false;
            };
            slot.standing() != Standing::Here
                && said.is_ok_and(|at| entries[at].version < slot.version())
        })
        // END SOLUTION
    }

    /// Somebody knows a version of a zone of ours that is beyond what we compute, and that nobody renews:
    /// all who did are gone, and what they retired with them. Returns whether we went beyond it.
    pub(super) fn inherit(&mut self, level: usize, version: u64) -> bool {
        // BEGIN SOLUTION stage 5: how far are we behind?
        let behind = version.saturating_sub(self.tables[level].version());
        let retired = self.tables[level].retired();
        self.tables[level].retire(retired.saturating_add(behind).saturating_add(1));
        behind > 0
        // END SOLUTION
    }
}
