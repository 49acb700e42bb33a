//! With whom a node gossips in a round.

use std::sync::Arc;

use labkit::rng::Stream;

use super::Agent;
use crate::row::Row;
use crate::table::Slot;
use crate::wire::Address;

/// One round in so many, a node that speaks for a zone calls a seed as well, whoever else it knows: two
/// halves of a tree that lost each other find each other again.
const SEED_EVERY: u64 = 16;

impl<A: Address> Agent<A> {
    /// Whom to send a digest in this round, and of how many tables from the root down.
    pub(super) fn partners(&self, chance: &mut Stream) -> Vec<(A, usize)> {
        // BEGIN SOLUTION stage 3: a random peer in the innermost zone; from stage 4 on, for each zone that
        // this node speaks for, a random sibling of it. What if there is nobody yet?
        let mut partners = Vec::new();
        let (mut lonely, mut speaks) = (false, self.bottom() == 0);
        for level in (0..self.tables.len()).rev() {
            if level < self.bottom() {
                if !self.speaks_for(level + 1) {
                    continue;
                }
                speaks = true;
            }
            let peer = self.peer(level, chance);
            lonely |= peer.is_none();
            let both = [peer, self.stranger(level)];
            partners.extend(both.into_iter().flatten().map(|peer| (peer, level + 1)));
        }
        let seeds: Vec<A> = self
            .seeds
            .iter()
            .copied()
            .filter(|it| *it != self.address)
            .collect();
        if !seeds.is_empty() && (lonely || (speaks && chance.below(SEED_EVERY) == 0)) {
            let seed = seeds[chance.index(seeds.len())];
            partners.push((seed, self.tables.len()));
        }
        partners
        // END SOLUTION
    }

    // BEGIN SOLUTION ITEMS stage 3: chosen at random
    /// One contact of one sibling in the table of a level.
    fn peer(&self, level: usize, chance: &mut Stream) -> Option<A> {
        let own = self.config.path.key(level);
        let others = || self.tables[level].here().filter(|row| row.key != own);
        let count = others().count();
        let row = others().nth(chance.index(count.max(1)))?;
        self.contact(row, chance)
    }

    /// Somebody who speaks for our zone of a level, if the zone's row comes from others, but isn't known
    /// among the zone's children: when a tree begins, or after it was cut, a zone may be in two halves that
    /// don't know of each other. The one whose row is older learns of the other from that one's.
    fn stranger(&self, level: usize) -> Option<A> {
        let above = level.checked_sub(1)?;
        let zone = self.tables[above].slot(self.config.path.key(above))?;
        let known = |contact: &A| {
            let mut rows = self.tables[level].slots().iter().map(Slot::row);
            *contact == self.address || rows.any(|row| row.contacts.contains(contact))
        };
        zone.row().contacts.iter().copied().find(|it| !known(it))
    }

    fn contact(&self, row: &Arc<Row<A>>, chance: &mut Stream) -> Option<A> {
        let others = || row.contacts.iter().filter(|it| **it != self.address);
        let count = others().count();
        others().nth(chance.index(count.max(1))).copied()
    }
    // END SOLUTION

    /// Whether this node is one of the contacts of its zone at a level.
    fn speaks_for(&self, level: usize) -> bool {
        // BEGIN SOLUTION stage 4: what does the zone's own row say?
        let slot = self.tables[level - 1].slot(self.config.path.key(level - 1));
        slot.is_some_and(|slot| slot.row().contacts.contains(&self.address))
        // END SOLUTION
    }
}
