//! What the test files share: deadlines, loads, and items that count their drops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use producer_consumer::Kind;
use producer_consumer::load::{self, Load};

/// Far beyond what any test needs, so that only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test that may not hang.
pub(crate) fn in_time<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    labkit::wait::within(PATIENCE, test)
}

/// So many items, or fewer under a sanitizer, which is some ten times slower.
pub(crate) fn many(items: u64) -> u64 {
    match std::env::var_os("LAB_SANITIZED") {
        Some(_) => items / 50,
        None => items,
    }
}

/// Sends items through a buffer, and has each of them accounted for.
pub(crate) fn carry(kind: Kind, capacity: usize, sides: (usize, usize), items: u64, batch: usize) {
    in_time(move || {
        let load = Load {
            capacity,
            producers: sides.0,
            consumers: sides.1,
            items,
            batch,
        };
        let findings = load::run(kind, load, |_| ()).unwrap().findings;
        assert!(findings.all_is_well(), "{kind} {load:?}: {findings:?}");
        assert_eq!(findings.received, items);
    });
}

/// An item that counts its drops.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

/// How many have been dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn item(&self) -> Counted {
        Counted(Arc::clone(&self.0))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
