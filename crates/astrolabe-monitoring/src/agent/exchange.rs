//! The three steps of a push-pull exchange: versions, then what is newer and what is wanted, then that.

use std::sync::Arc;
use std::time::Duration;

use labkit::sim::Context;

use super::{Agent, Notice};
use crate::message::{Delta, Digest, Message};
use crate::row::Row;
use crate::table::{Entry, Merged, Part, Standing};
use crate::wire::{Address, PACKET, message_len};
use crate::zone::Key;

impl<A: Address> Agent<A> {
    /// What this node knows of so many tables from the root down: one digest, or several parts of one that
    /// doesn't fit a datagram.
    pub(super) fn digests(&self, levels: usize) -> Vec<Digest> {
        let whole = self.digest(levels, Part::ALL);
        let len = message_len(&Message::<A>::Digest(whole.clone()));
        if len <= PACKET {
            return vec![whole];
        }
        let parts = u8::try_from(len.div_ceil(PACKET * 3 / 4)).unwrap_or(u8::MAX);
        (0..parts)
            .map(|of| self.digest(levels, Part { of, parts }))
            .collect()
    }

    fn digest(&self, levels: usize, part: Part) -> Digest {
        let tables = self.tables[..levels].iter();
        Digest {
            path: self.config.path.clone(),
            part,
            tables: tables
                .map(|table| (table.retired(), table.digest(part)))
                .collect(),
            catalogue: match part.of {
                0 => self.catalogue.digest(),
                _ => Vec::new(),
            },
        }
    }

    /// Somebody says which versions it has.
    pub(super) fn digested(
        &mut self,
        from: A,
        theirs: &Digest,
        now: Duration,
        context: &mut Context<'_, Self>,
    ) {
        // BEGIN SOLUTION stage 3: table by table of those we share: what is newer here, what is newer there?
        let mut delta = Delta::from(&self.config.path);
        let shared = self
            .config
            .path
            .shared(&theirs.path)
            .min(theirs.tables.len());
        for (level, (retired, entries)) in theirs.tables.iter().take(shared).enumerate() {
            self.tables[level].retire(*retired);
            let place = number(level);
            let ours = self.look_for_ourselves(level, entries, now);
            delta.wanted.extend(ours.map(|key| (place, key)));
            let diff = self.tables[level].diff(entries, theirs.part);
            delta
                .rows
                .extend(diff.newer.into_iter().map(|row| (place, row)));
            delta
                .wanted
                .extend(diff.wanted.into_iter().map(|key| (place, key)));
        }
        if theirs.part.of == 0 {
            let diff = self.catalogue.diff(&theirs.catalogue);
            delta.certificates = diff.newer;
            delta.wanted_certificates = diff.wanted;
        }
        send(from, delta, context);
        if self.config.detector.is_some() && self.thought_silent(theirs, shared) {
            // It has to hear of its past, which silent rows are no way to.
            for digest in self.digests(shared) {
                context.send(from, Message::Digest(digest));
            }
        }
        // END SOLUTION
    }

    /// What others know of our own row and zones, beyond what we know: our past, or a namesake. Which of
    /// them only the row itself says; its key is returned.
    fn look_for_ourselves(
        &mut self,
        level: usize,
        entries: &[Entry],
        now: Duration,
    ) -> Option<Key> {
        let own = self.config.path.key(level);
        let at = entries.binary_search_by_key(&own, |entry| entry.key).ok()?;
        let theirs = entries[at];
        if level == self.bottom() {
            if theirs.version <= self.identity.version() {
                return None;
            }
            self.surpass(theirs.version, now);
            return (!theirs.silent).then_some(own);
        }
        let orphaned = theirs.silent && self.config.detector.is_some();
        if orphaned && self.inherit(level + 1, theirs.version) {
            self.climb(now);
        }
        None
    }

    /// Somebody sends rows, and says which it wants.
    pub(super) fn told(
        &mut self,
        from: A,
        delta: &Delta<A>,
        now: Duration,
        context: &mut Context<'_, Self>,
    ) {
        // BEGIN SOLUTION stage 3: give what is wanted, take in what came
        let shared = self.config.path.shared(&delta.path);
        let shared_level = |level: u8| Some(usize::from(level)).filter(|level| *level < shared);
        let mut answer = Delta::from(&self.config.path);
        for (level, key) in &delta.wanted {
            let table = shared_level(*level).map(|level| &self.tables[level]);
            let slot = table.and_then(|table| table.slot(*key));
            let slot = slot.filter(|slot| slot.standing() == Standing::Here);
            answer
                .rows
                .extend(slot.map(|slot| (*level, Arc::clone(slot.row()))));
        }
        for (level, row) in &delta.rows {
            if let Some(level) = shared_level(*level) {
                self.take(level, row, now, context);
            }
        }
        for certificate in &delta.certificates {
            self.catalogue_changed |= self.catalogue.merge(certificate);
        }
        for key in &delta.wanted_certificates {
            answer
                .certificates
                .extend(self.catalogue.get(*key).cloned());
        }
        send(from, answer, context);
        // END SOLUTION
    }

    // BEGIN SOLUTION ITEMS stage 3: one row
    fn take(
        &mut self,
        level: usize,
        row: &Arc<Row<A>>,
        now: Duration,
        context: &mut Context<'_, Self>,
    ) {
        let own = row.key == self.config.path.key(level);
        if own && level == self.bottom() && self.meet(row, now, context) {
            return;
        }
        let detector = self.config.detector.as_ref();
        match self.tables[level].merge(row, now, detector) {
            Merged::New | Merged::Newer => self.counts.news += 1,
            Merged::Returned => {
                self.counts.news += 1;
                let zone = self.config.path.zone(level);
                let path = format!("{}/{}", zone.trim_end_matches('/'), row.name);
                context.output(Notice::Returned(path));
            }
            Merged::Old => self.counts.old += 1,
            Merged::Full => self.counts.full += 1,
        }
    }
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 3: no datagram longer than need be
/// Sends a delta, in as many messages as it takes for none to be longer than [`PACKET`] (unless one row
/// is); one that says nothing isn't sent.
fn send<A: Address>(to: A, delta: Delta<A>, context: &mut Context<'_, Agent<A>>) {
    if delta.is_empty() {
        return;
    }
    let whole = message_len(&Message::Delta(Delta {
        rows: Vec::new(),
        ..delta.clone()
    }));
    let mut next = Delta {
        rows: Vec::new(),
        ..delta.clone()
    };
    let (mut len, empty) = (
        whole,
        message_len(&Message::Delta(Delta::<A>::from(&delta.path))),
    );
    for (level, row) in delta.rows {
        let more = 1 + row.len + size_of::<crate::wire::Tag>();
        if len + more > PACKET && !next.is_empty() {
            let full = std::mem::replace(&mut next, Delta::from(&delta.path));
            context.send(to, Message::Delta(full));
            len = empty;
        }
        len += more;
        next.rows.push((level, row));
    }
    context.send(to, Message::Delta(next));
}
// END SOLUTION

/// A level as it is written in messages; there are few.
fn number(level: usize) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}
