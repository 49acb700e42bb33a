//! Stage 2: two counting semaphores do what two conditions did.

mod contract;
mod support;

use std::time::Duration;

use contract::holds;
use producer_consumer::Kind;
use producer_consumer::semaphore::{Acquired, Semaphore};
use support::{carry, in_time, many};

holds!(Semaphores:
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
fn a_semaphore_gives_what_it_has_and_then_says_no() {
    in_time(|| {
        let semaphore = Semaphore::new(3);
        let now = Some(Duration::ZERO);
        assert_eq!(semaphore.acquire(2, now), Acquired::Permits(2));
        assert_eq!(semaphore.acquire(2, now), Acquired::Permits(1));
        assert_eq!(semaphore.acquire(1, now), Acquired::TimedOut);
        semaphore.release(1);
        semaphore.close();
        assert_eq!(semaphore.acquire(1, None), Acquired::Permits(1));
        assert_eq!(semaphore.acquire(1, None), Acquired::Closed);
    });
}

#[test]
fn many_on_both_sides_lose_nothing() {
    carry(Kind::Semaphores, 10, (1, 1), many(100_000), 1);
    carry(Kind::Semaphores, 10, (4, 3), many(100_000), 1);
    carry(Kind::Semaphores, 10, (3, 4), many(100_000), 7);
}
