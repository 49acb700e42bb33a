//! What goes wrong in real life: load, items that panic when they are dropped, ends at bad moments, bad
//! wishes.

mod support;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use producer_consumer::channel::Channel;
use producer_consumer::load::Load;
use producer_consumer::{
    Error, Kind, Locked, MAX_CAPACITY, Mpmc, Segmented, Semaphores, Spsc, bounded, channel,
};
use support::{Counted, Drops, carry, in_time, many};

#[test]
fn ten_million_items_none_lost_none_doubled_through_locks() {
    carry(Kind::Locked, 1024, (2, 2), many(2_500_000), 1);
    carry(Kind::Locked, 1024, (2, 2), many(7_500_000), 64);
    carry(Kind::Semaphores, 1024, (2, 2), many(2_500_000), 1);
    carry(Kind::Semaphores, 1024, (2, 2), many(7_500_000), 64);
}

#[test]
fn ten_million_items_none_lost_none_doubled_through_the_rings() {
    carry(Kind::Spsc, 1024, (1, 1), many(10_000_000), 1);
    carry(Kind::Mpmc, 1024, (4, 4), many(10_000_000), 1);
    carry(Kind::Segmented, 1024, (4, 4), many(10_000_000), 1);
}

/// An item whose drop panics if it is the chosen one.
struct Fragile {
    _counted: Counted,
    panics: bool,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        if self.panics {
            // The hook isn't called for a resumed panic, so stderr stays empty.
            resume_unwind(Box::new("planned"));
        }
    }
}

fn one_of_ten_panics<C: Channel<Item = Fragile>>() {
    let drops = Drops::default();
    let (sender, receiver) = channel::<Fragile, C>(10).unwrap();
    for n in 0..10 {
        let item = Fragile {
            _counted: drops.item(),
            panics: n == 3,
        };
        assert!(sender.try_send(item).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    drop(sender);
    assert_eq!(drops.count(), 10);
}

#[test]
fn a_drop_that_panics_keeps_no_other_item() {
    in_time(|| {
        one_of_ten_panics::<Locked<_>>();
        one_of_ten_panics::<Semaphores<_>>();
        one_of_ten_panics::<Spsc<_>>();
        one_of_ten_panics::<Mpmc<_>>();
        one_of_ten_panics::<Segmented<_>>();
    });
}

/// Receivers go while senders are sending: each item is received, handed back, or dropped, once.
fn receivers_go<C: Channel<Item = Counted> + 'static>() {
    for round in 0..100 {
        let drops = Drops::default();
        let (sender, receiver) = channel::<Counted, C>(4).unwrap();
        let items = drops.clone();
        let sending = thread::spawn(move || {
            let mut sent = 0;
            while sender.send(items.item()).is_ok() {
                sent += 1;
            }
            let mut batch: VecDeque<_> = (0..3).map(|_| items.item()).collect();
            assert!(sender.send_batch(&mut batch).is_err());
            sent + 1 + batch.len()
        });
        for _ in 0..round {
            drop(receiver.recv().unwrap());
        }
        drop(receiver);
        assert_eq!(sending.join().unwrap(), drops.count());
    }
}

#[test]
fn receivers_that_go_under_load_leave_nothing_behind() {
    in_time(|| {
        receivers_go::<Locked<_>>();
        receivers_go::<Semaphores<_>>();
        receivers_go::<Spsc<_>>();
        receivers_go::<Mpmc<_>>();
        receivers_go::<Segmented<_>>();
    });
}

#[test]
fn impossible_wishes_are_refused_in_words() {
    let error = bounded::<u8>(0).unwrap_err();
    assert_eq!(error, Error::Capacity(0));
    assert_eq!(
        error.to_string(),
        "a channel needs room for 1 to 16777216 items, not 0"
    );
    assert!(bounded::<u8>(MAX_CAPACITY + 1).is_err());
    for kind in Kind::ALL {
        let load = Load {
            capacity: 0,
            producers: 1,
            consumers: 1,
            items: 1,
            batch: 1,
        };
        let refused = producer_consumer::load::run(kind, load, |_| ());
        assert!(refused.unwrap_err().to_string().contains("not 0"), "{kind}");
    }
}
