//! Stage 1: one lock and two conditions carry items between threads, with room for ten of them.

mod contract;
mod support;

use contract::holds;
use producer_consumer::Kind;
use support::{carry, many};

holds!(Locked:
    order_is_kept_over_many_laps
    the_bound_is_exact
    the_rest_comes_before_the_end
    a_send_without_receivers_gives_its_item_back
    what_is_left_is_dropped_once
    batches_keep_their_order
    a_full_channel_makes_its_sender_wait
    a_waiting_receiver_sees_the_end
    a_waiting_sender_sees_the_end
    time_runs_out_on_both_sides
    a_batch_larger_than_the_room_waits_for_it
    a_sleeper_is_woken
);

#[test]
fn one_producer_and_one_consumer_share_a_buffer_of_ten() {
    carry(Kind::Locked, 10, (1, 1), many(100_000), 1);
}

#[test]
fn many_on_both_sides_lose_nothing() {
    carry(Kind::Locked, 10, (4, 3), many(100_000), 1);
    carry(Kind::Locked, 10, (3, 4), many(100_000), 7);
}
