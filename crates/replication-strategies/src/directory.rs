//! Who holds which version of what, and what is on its way: the books that both drivers keep.

use crate::catalogue::Catalogue;
use crate::placement::{NodeSet, Placement};

/// The books. All of it is flat: a set or a number for an object, or for an object and a node.
#[derive(Clone, Debug)]
pub struct Directory {
    catalogue: Catalogue,
    holders: Vec<NodeSet>,
    /// Nodes to which a copy is under way.
    coming: Vec<NodeSet>,
    /// The newest version of each object, at its home.
    committed: Vec<u32>,
    /// The newest version that a node has heard of, at `object * nodes + node`; what a holder holds.
    known: Vec<u32>,
    copied_bytes: u64,
}

impl Directory {
    /// Everything in its first version, where a placement says.
    #[must_use]
    pub fn new(catalogue: Catalogue, placement: Placement) -> Self {
        let (objects, nodes) = (catalogue.len(), catalogue.nodes());
        let mut directory = Directory {
            holders: placement.into_holders(),
            coming: vec![NodeSet::EMPTY; objects],
            committed: vec![0; objects],
            known: vec![0; objects * nodes],
            copied_bytes: 0,
            catalogue,
        };
        directory.copied_bytes = directory
            .catalogue
            .objects()
            .map(|o| directory.bytes(o) * (directory.holders(o).len() as u64 - 1))
            .sum();
        directory
    }

    /// What there is to hold.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Whether a node holds an object.
    #[must_use]
    pub fn holds(&self, node: usize, object: u32) -> bool {
        self.holders[object as usize].has(node)
    }

    /// Who holds an object.
    #[must_use]
    pub fn holders(&self, object: u32) -> NodeSet {
        self.holders[object as usize]
    }

    /// Who holds an object, or soon will.
    #[must_use]
    pub fn holders_to_be(&self, object: u32) -> NodeSet {
        self.holders(object).union(self.coming[object as usize])
    }

    /// The version that a holder holds.
    #[must_use]
    pub fn version_at(&self, node: usize, object: u32) -> u32 {
        self.known[self.place(node, object)]
    }

    /// The newest version of an object, at its home.
    #[must_use]
    pub fn newest(&self, object: u32) -> u32 {
        self.committed[object as usize]
    }

    /// Bytes of all copies beyond the ones at home.
    #[must_use]
    pub fn copied_bytes(&self) -> u64 {
        self.copied_bytes
    }

    /// Notes that a copy is on its way to a node, which from now on hears of every write. It also hears
    /// which version is the newest: a copy from a holder that is behind would never be mended.
    pub fn expect(&mut self, node: usize, object: u32) {
        let (at, place) = (object as usize, self.place(node, object));
        // BEGIN SOLUTION stage 3: on its way, and not to be older than what is committed by now
        self.coming[at] = self.coming[at].with(node);
        self.known[place] = self.known[place].max(self.committed[at]);
        // END SOLUTION
    }

    /// Forgets a node's copy, and the one that may be on its way. A home never drops.
    pub fn drop_copy(&mut self, node: usize, object: u32) {
        let coming = &mut self.coming[object as usize];
        *coming = coming.without(node);
        self.lose(node, object);
    }

    fn lose(&mut self, node: usize, object: u32) -> bool {
        let lost = self.holds(node, object) && node != self.catalogue.home(object);
        if lost {
            let holders = &mut self.holders[object as usize];
            *holders = holders.without(node);
            self.copied_bytes -= self.bytes(object);
        }
        lost
    }

    /// A copy of a version has arrived. Says whether the node holds the object only since now. It isn't
    /// kept if nobody waits for it any more, or the node has heard of a newer version.
    pub fn arrive(&mut self, node: usize, object: u32, version: u32) -> bool {
        let place = self.place(node, object);
        let newest = version >= self.known[place];
        let was_coming = self.coming[object as usize].has(node);
        self.known[place] = self.known[place].max(version);
        if self.holds(node, object) || !was_coming {
            return false;
        }
        // BEGIN SOLUTION stage 3: it isn't coming any more; is it worth keeping?
        let at = object as usize;
        self.coming[at] = self.coming[at].without(node);
        if newest {
            self.holders[at] = self.holders[at].with(node);
            self.copied_bytes += self.bytes(object);
        }
        newest
        // END SOLUTION
    }

    /// The home has a new version: which one, and who has to hear of it.
    pub fn commit(&mut self, object: u32) -> (u32, NodeSet) {
        let home = self.catalogue.home(object);
        let place = self.place(home, object);
        // BEGIN SOLUTION stage 3: a copy that is under way will be old when it arrives
        let version = self.committed[object as usize] + 1;
        self.committed[object as usize] = version;
        self.known[place] = version;
        (version, self.holders_to_be(object).without(home))
        // END SOLUTION
    }

    /// A node has heard that there is a newer version than its own. Says whether it lost a copy.
    pub fn invalidate(&mut self, node: usize, object: u32, version: u32) -> bool {
        let place = self.place(node, object);
        if self.known[place] >= version {
            return false;
        }
        self.known[place] = version;
        self.lose(node, object)
    }

    fn bytes(&self, object: u32) -> u64 {
        u64::from(self.catalogue.size(object))
    }

    fn place(&self, node: usize, object: u32) -> usize {
        object as usize * self.catalogue.nodes() + node
    }
}
