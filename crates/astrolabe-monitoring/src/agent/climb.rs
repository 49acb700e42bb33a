//! The rows of zones, computed from the rows of their children, from the innermost zone up.

use std::sync::Arc;
use std::time::Duration;

use super::Agent;
use crate::aggregate::Results;
use crate::row::{CONTACTS, Content, Row};
use crate::table::Table;
use crate::wire::Address;

impl<A: Address> Agent<A> {
    /// Computes the row of every zone in which something changed, and puts it into the table above.
    pub(super) fn climb(&mut self, now: Duration) {
        let all = std::mem::take(&mut self.catalogue_changed);
        for level in (1..self.tables.len()).rev() {
            if self.tables[level].take_changed() || all {
                self.compute(level, now);
            }
        }
    }

    fn compute(&mut self, level: usize, now: Duration) {
        // BEGIN SOLUTION stage 4: a zone's row: version, nodes, contacts and results, all from its children
        let detector = self.config.detector;
        let row = self.zone_row(level);
        let (key, version) = (row.key, row.version);
        self.tables[level - 1].put(row, now, detector.as_ref());
        // Others may know more of our zone than we do yet; unless that is from those who are gone.
        let orphaned = self.tables[level - 1].slot(key).is_some_and(|slot| {
            slot.version() > version && detector.is_some_and(|it| slot.arrivals().silent(now, &it))
        });
        if orphaned {
            let known = self.tables[level - 1]
                .slot(key)
                .map_or(0, |slot| slot.version());
            self.inherit(level, known);
            let row = self.zone_row(level);
            self.tables[level - 1].put(row, now, detector.as_ref());
        }
        // END SOLUTION
    }

    // BEGIN SOLUTION ITEMS stage 4: the row itself
    fn zone_row(&self, level: usize) -> Row<A> {
        let table = &self.tables[level];
        let results = self.catalogue.installed();
        let results = results.map(|query| Results::over(query, table.here().map(|row| &**row)));
        Row::new(
            Arc::clone(self.config.path.name(level - 1)),
            table.version(),
            table
                .here()
                .map(|row| row.nodes)
                .fold(0, u64::saturating_add),
            contacts(table),
            Content::Zone(results.collect()),
        )
    }
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 4: who speaks for a zone
/// A contact of each of the first few children; if there are too few children, more of each. Every node of
/// the zone comes to the same, without a vote.
fn contacts<A: Address>(table: &Table<A>) -> Arc<[A]> {
    let mut contacts = Vec::with_capacity(CONTACTS);
    for place in 0..CONTACTS {
        let of_each = table.here().filter_map(|row| row.contacts.get(place));
        contacts.extend(of_each.take(CONTACTS - contacts.len()));
    }
    contacts.into()
}
// END SOLUTION
