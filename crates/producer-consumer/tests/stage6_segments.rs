//! Stage 6: a queue without a bound, in blocks that come and go.

#[expect(dead_code, reason = "only a part of it is about this stage")]
mod contract;
mod support;

use std::collections::VecDeque;

use contract::holds;
use producer_consumer::{Kind, unbounded};
use support::{Drops, carry, in_time, many};

holds!(Segmented:
    order_is_kept_over_many_laps
    the_rest_comes_before_the_end
    a_send_without_receivers_gives_its_item_back
    what_is_left_is_dropped_once
    batches_keep_their_order
    a_waiting_receiver_sees_the_end
    a_sleeper_is_woken
);

#[test]
fn it_takes_as_much_as_comes_and_gives_it_back_in_order() {
    in_time(|| {
        let (sender, receiver) = unbounded();
        assert_eq!(sender.capacity(), None);
        let items = many(1_000_000);
        (0..items).for_each(|n| sender.send(n).unwrap());
        assert_eq!(sender.len() as u64, items);
        drop(sender);
        assert!(receiver.iter().eq(0..items));
    });
}

#[test]
fn blocks_that_are_left_half_full_drop_their_items_once() {
    in_time(|| {
        for (sent, received) in [(63, 1), (64, 63), (200, 127), (1_000, 0)] {
            let drops = Drops::default();
            let (sender, receiver) = unbounded();
            (0..sent).for_each(|_| sender.send(drops.item()).unwrap());
            let mut batch = VecDeque::new();
            while batch.len() < received {
                let limit = received - batch.len();
                receiver.recv_batch(&mut batch, limit).unwrap();
            }
            drop((sender, receiver));
            assert_eq!(drops.count(), sent - received);
            drop(batch);
            assert_eq!(drops.count(), sent);
        }
    });
}

#[test]
fn many_on_both_sides_lose_nothing() {
    carry(Kind::Segmented, 10, (4, 3), many(300_000), 1);
    carry(Kind::Segmented, 10, (3, 4), many(300_000), 7);
}
