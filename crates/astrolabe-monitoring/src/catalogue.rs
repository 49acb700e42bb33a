//! The queries that are installed, known to every node: they spread by gossip, as rows do.

use std::sync::{Arc, OnceLock};

use crate::error::Error;
use crate::query::Query;
use crate::table::{Diff, Entry};
use crate::wire::Tag;
use crate::zone::Key;

/// How many queries may be installed, and how large the partial results of all may be together.
pub const MOST_QUERIES: usize = 16;
/// See [`MOST_QUERIES`]; a zone's row must fit into a datagram.
pub const MOST_WEIGHT: usize = 32;
/// How many certificates are kept, of removed queries as well.
pub(crate) const MOST_CERTIFICATES: usize = 64;

/// Says that a query is to be computed, or no longer.
#[derive(Debug)]
pub struct Certificate {
    /// The query.
    pub query: Query,
    /// Grows with every change; odd while the query is installed.
    pub version: u64,
    /// Its signature, once it was needed or received.
    pub(crate) tag: OnceLock<Tag>,
}

impl Certificate {
    /// A certificate that nobody has signed yet.
    #[must_use]
    pub fn new(query: Query, version: u64) -> Self {
        Certificate {
            query,
            version,
            tag: OnceLock::new(),
        }
    }

    /// Whether the query is to be computed.
    #[must_use]
    pub fn installed(&self) -> bool {
        !self.version.is_multiple_of(2)
    }
}

/// All certificates that are known, by key.
#[derive(Debug, Default)]
pub struct Catalogue {
    certificates: Vec<Arc<Certificate>>,
}

impl Catalogue {
    /// The queries that are installed, by key; those that don't fit the limits together (two nodes may
    /// each install one more) are left out, by every node the same.
    pub fn installed(&self) -> impl Iterator<Item = &Query> {
        let installed = self.certificates.iter().filter(|it| it.installed());
        let mut weight = 0;
        let fits = move |it: &&Arc<Certificate>| {
            weight += it.query.weight();
            weight <= MOST_WEIGHT
        };
        installed
            .take(MOST_QUERIES)
            .take_while(fits)
            .map(|it| &it.query)
    }

    /// Whether a query is installed.
    #[must_use]
    pub fn has(&self, query: &Query) -> bool {
        self.installed().any(|it| it == query)
    }

    /// Installs a query, if it isn't.
    ///
    /// # Errors
    /// If there are too many already.
    pub fn install(&mut self, query: &Query) -> Result<(), Error> {
        if self.has(query) {
            return Ok(());
        }
        let (count, weight) = self.installed().fold((0, 0), |(count, weight), it| {
            (count + 1, weight + it.weight())
        });
        if count >= MOST_QUERIES || weight + query.weight() > MOST_WEIGHT {
            return Err(Error::TooManyQueries);
        }
        self.change(query, true);
        Ok(())
    }

    /// Removes a query, if it is installed.
    pub fn remove(&mut self, query: &Query) {
        if self.has(query) {
            self.change(query, false);
        }
    }

    fn change(&mut self, query: &Query, install: bool) {
        let known = self.find(query.key()).ok();
        let last = known.map_or(0, |at| self.certificates[at].version);
        // The next version of the right parity.
        let version = last + 1 + u64::from(last.is_multiple_of(2) != install);
        self.merge(&Arc::new(Certificate::new(query.clone(), version)));
    }

    /// Takes a certificate in; says whether it was news.
    pub fn merge(&mut self, certificate: &Arc<Certificate>) -> bool {
        match self.find(certificate.query.key()) {
            Ok(at) if self.certificates[at].version >= certificate.version => false,
            Ok(at) => {
                self.certificates[at] = Arc::clone(certificate);
                true
            }
            Err(at) => {
                self.certificates.insert(at, Arc::clone(certificate));
                if self.certificates.len() > MOST_CERTIFICATES {
                    // A removed one is missed least; should it come back, it comes back as removed.
                    let removed = self.certificates.iter().position(|it| !it.installed());
                    self.certificates.remove(removed.unwrap_or(at));
                }
                true
            }
        }
    }

    /// The certificate of a key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Arc<Certificate>> {
        self.find(key).ok().map(|at| &self.certificates[at])
    }

    /// The versions of all, by key.
    #[must_use]
    pub fn digest(&self) -> Vec<Entry> {
        let entry = |it: &Arc<Certificate>| Entry {
            key: it.query.key(),
            version: it.version,
            silent: false,
        };
        self.certificates.iter().map(entry).collect()
    }

    /// Compares another node's digest, sorted by key, with what is known here.
    #[must_use]
    pub fn diff(&self, theirs: &[Entry]) -> Diff<Certificate> {
        let theirs_of = |key: Key| {
            let found = theirs.binary_search_by_key(&key, |entry| entry.key);
            found.map_or(0, |at| theirs[at].version)
        };
        let ours_of = |key| self.get(key).map_or(0, |it| it.version);
        let newer = self.certificates.iter();
        let newer = newer.filter(|it| it.version > theirs_of(it.query.key()));
        let wanted = theirs.iter().filter(|it| it.version > ours_of(it.key));
        Diff {
            newer: newer.cloned().collect(),
            wanted: wanted.map(|it| it.key).collect(),
        }
    }

    fn find(&self, key: Key) -> Result<usize, usize> {
        self.certificates
            .binary_search_by_key(&key, |it| it.query.key())
    }
}
