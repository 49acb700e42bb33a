//! Stage 4: who must wait at a ring spins for a moment, and then sleeps without missing anything.

#[expect(dead_code, reason = "only a part of it is about this stage")]
mod contract;
mod support;

use contract::holds;
use producer_consumer::Kind;
use support::{carry, many};

holds!(Spsc:
    a_full_channel_makes_its_sender_wait
    a_waiting_receiver_sees_the_end
    a_waiting_sender_sees_the_end
    time_runs_out_on_both_sides
    a_batch_larger_than_the_room_waits_for_it
    a_sleeper_is_woken
);

#[test]
fn a_small_ring_loses_nothing_however_often_both_sides_sleep() {
    carry(Kind::Spsc, 1, (1, 1), many(50_000), 1);
    carry(Kind::Spsc, 10, (1, 1), many(500_000), 1);
    carry(Kind::Spsc, 10, (1, 1), many(500_000), 7);
}
