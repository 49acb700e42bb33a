//! Stage 3: a ring for one producer and one consumer, as long as neither has to wait.

#[expect(dead_code, reason = "only a part of it is about this stage")]
mod contract;
#[expect(dead_code, reason = "only a part of it is about this stage")]
mod support;

use std::thread;

use contract::holds;
use producer_consumer::{Mpmc, Receiver, Sender, Spsc, TryRecvError, channel};
use support::{in_time, many};

holds!(Spsc:
    order_is_kept_over_many_laps
    the_bound_is_exact
    the_rest_comes_before_the_end
    a_send_without_receivers_gives_its_item_back
    what_is_left_is_dropped_once
    batches_keep_their_order
);

#[test]
fn a_million_items_come_in_order_to_who_asks_again_and_again() {
    in_time(|| {
        let (sender, receiver) = channel::<_, Spsc<u64>>(10).unwrap();
        let items = many(1_000_000);
        let sending = thread::spawn(move || {
            for n in 0..items {
                let mut unsent = sender.try_send(n);
                while let Err(full) = unsent {
                    thread::yield_now();
                    unsent = sender.try_send(full.into_inner());
                }
            }
        });
        let mut expected = 0;
        loop {
            match receiver.try_recv() {
                Ok(n) => {
                    assert_eq!(n, expected);
                    expected += 1;
                }
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(TryRecvError::Disconnected) => break,
            }
        }
        assert_eq!(expected, items);
        sending.join().unwrap();
    });
}

/// Compiles only for a type that hasn't the trait: else the two implementations are ambiguous.
macro_rules! is_not {
    ($type:ty: $trait:path) => {{
        trait Ambiguous<A> {
            fn is_not() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $trait> Ambiguous<u8> for T {}
        <$type as Ambiguous<_>>::is_not();
    }};
}

#[test]
fn handles_of_a_ring_for_two_stay_with_one_thread() {
    fn is_shared<T: Clone + Send + Sync>() {}
    fn is_sent<T: Send>() {}
    is_not!(Sender<u8, Spsc<u8>>: Clone);
    is_not!(Sender<u8, Spsc<u8>>: Sync);
    is_not!(Receiver<u8, Spsc<u8>>: Clone);
    is_not!(Receiver<u8, Spsc<u8>>: Sync);
    is_sent::<(Sender<u8, Spsc<u8>>, Receiver<u8, Spsc<u8>>)>();
    is_shared::<(Sender<u8, Mpmc<u8>>, Receiver<u8, Mpmc<u8>>)>();
}
