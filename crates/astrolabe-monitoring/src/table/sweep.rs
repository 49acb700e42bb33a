//! Who has been silent for too long.

use std::sync::Arc;
use std::time::Duration;

use super::{Slot, Standing, Table};
use crate::detector::Detector;
use crate::row::Row;
use crate::zone::Key;

/// After how many times the silence that makes it suspected a row is gone, and is forgotten. Between the
/// two lies far more time than an old row needs to come from anywhere.
const GONE: u32 = 2;
const FORGOTTEN: u32 = 10;

impl<A> Table<A> {
    /// Looks at how long each row has been silent; the one with the key `own` never is. Returns those that
    /// are suspected from now on.
    pub fn sweep(&mut self, own: Key, now: Duration, detector: &Detector) -> Vec<Arc<Row<A>>> {
        // BEGIN SOLUTION stage 5: from here to suspected to gone to forgotten; what must not get lost?
        let mut suspected = Vec::new();
        let (mut changed, mut retired) = (false, 0_u64);
        self.slots.retain_mut(|slot| {
            if slot.key == own {
                return true;
            }
            let standing = slot.standing_at(now, detector);
            if standing != Some(slot.standing) {
                changed = true;
                if slot.standing == Standing::Here {
                    suspected.push(Arc::clone(&slot.row));
                }
            }
            match standing {
                Some(standing) => slot.standing = standing,
                None => retired = retired.saturating_add(slot.version),
            }
            standing.is_some()
        });
        self.retired = self.retired.saturating_add(retired);
        self.changed |= changed;
        suspected
        // END SOLUTION
    }
}

impl<A> Slot<A> {
    // BEGIN SOLUTION ITEMS stage 5: how it stands after such a silence
    /// How it stands at a time; none when it may be forgotten.
    fn standing_at(&self, now: Duration, detector: &Detector) -> Option<Standing> {
        let silence = now.saturating_sub(self.arrivals.last());
        let bound = self.arrivals.deadline(detector) - self.arrivals.last();
        match () {
            () if silence < bound => Some(Standing::Here),
            () if silence < bound * GONE => Some(Standing::Suspected),
            () if silence < bound * FORGOTTEN => Some(Standing::Gone),
            () => None,
        }
    }
    // END SOLUTION
}
