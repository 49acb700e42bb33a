//! What every channel owes its users, whatever is inside. The first half never waits.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use labkit::wait::until;
use producer_consumer::channel::Channel;
use producer_consumer::{
    Disconnected, Pair, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
    channel,
};

use crate::support::{Counted, Drops, PATIENCE, in_time};

fn pair<C: Channel>(capacity: usize) -> Pair<C::Item, C> {
    channel(capacity).unwrap()
}

pub(crate) fn order_is_kept_over_many_laps<C: Channel<Item = u32>>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(10);
        let mut expected = 0;
        for lap in 0..100 {
            (0..7).for_each(|n| sender.try_send(7 * lap + n).unwrap());
            for _ in 0..7 {
                assert_eq!(receiver.try_recv(), Ok(expected));
                expected += 1;
            }
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
    });
}

pub(crate) fn the_bound_is_exact<C: Channel<Item = u32>>() {
    in_time(|| {
        for capacity in [1_u8, 2, 3, 10, 16] {
            let numbers = 0..u32::from(capacity);
            let capacity = usize::from(capacity);
            let (sender, receiver) = pair::<C>(capacity);
            assert_eq!(sender.capacity(), Some(capacity));
            for lap in 0..5 {
                for n in numbers.clone() {
                    assert_eq!(sender.len(), n as usize, "lap {lap}");
                    sender.try_send(n).unwrap();
                }
                assert_eq!(sender.try_send(99), Err(TrySendError::Full(99)));
                let now = Duration::ZERO;
                assert_eq!(
                    sender.send_timeout(98, now),
                    Err(SendTimeoutError::Timeout(98))
                );
                for n in numbers.clone() {
                    assert_eq!(receiver.try_recv(), Ok(n));
                }
                assert!(receiver.is_empty());
                assert_eq!(receiver.recv_timeout(now), Err(RecvTimeoutError::Timeout));
            }
        }
    });
}

pub(crate) fn the_rest_comes_before_the_end<C: Channel<Item = u32>>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(10);
        (0..3).for_each(|n| sender.try_send(n).unwrap());
        drop(sender);
        assert_eq!(receiver.recv(), Ok(0));
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(2));
        assert_eq!(receiver.recv(), Err(Disconnected));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        let forever = receiver.recv_timeout(Duration::MAX);
        assert_eq!(forever, Err(RecvTimeoutError::Disconnected));
        let batch = receiver.recv_batch(&mut VecDeque::new(), 5);
        assert_eq!(batch, Err(Disconnected));
    });
}

pub(crate) fn a_send_without_receivers_gives_its_item_back<C: Channel<Item = u32>>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(2);
        sender.try_send(1).unwrap();
        drop(receiver);
        assert_eq!(sender.send(2), Err(SendError(2)));
        assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
        let forever = sender.send_timeout(4, Duration::MAX);
        assert_eq!(forever, Err(SendTimeoutError::Disconnected(4)));
        let mut batch = VecDeque::from([5, 6]);
        assert_eq!(sender.send_batch(&mut batch), Err(Disconnected));
        assert_eq!(batch, [5, 6]);
    });
}

pub(crate) fn what_is_left_is_dropped_once<C: Channel<Item = Counted>>() {
    in_time(|| {
        let drops = Drops::default();
        let (sender, receiver) = pair::<C>(10);
        (0..10).for_each(|_| sender.try_send(drops.item()).unwrap());
        drop(receiver.try_recv().unwrap());
        assert_eq!(drops.count(), 1);
        drop(receiver);
        assert_eq!(drops.count(), 10, "with the last receiver, not later");
        drop(sender);
        assert_eq!(drops.count(), 10);
        let (sender, receiver) = pair::<C>(10);
        (0..3).for_each(|_| sender.try_send(drops.item()).unwrap());
        drop((sender, receiver));
        assert_eq!(drops.count(), 13);
    });
}

pub(crate) fn batches_keep_their_order<C: Channel<Item = u32>>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(10);
        let mut out = VecDeque::new();
        for lap in 0..50 {
            let mut batch: VecDeque<u32> = (8 * lap..8 * lap + 8).collect();
            sender.send_batch(&mut batch).unwrap();
            assert!(batch.is_empty());
            assert_eq!(receiver.recv_batch(&mut out, 0), Ok(0));
            while !receiver.is_empty() {
                assert!(receiver.recv_batch(&mut out, 5).unwrap() <= 5);
            }
        }
        assert!(out.into_iter().eq(0..400));
    });
}

pub(crate) fn a_full_channel_makes_its_sender_wait<C: Channel<Item = u32> + 'static>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(1);
        sender.send(0).unwrap();
        let sending = thread::spawn(move || (1..100).try_for_each(|n| sender.send(n)));
        assert!(receiver.iter().eq(0..100));
        sending.join().unwrap().unwrap();
    });
}

pub(crate) fn a_waiting_receiver_sees_the_end<C: Channel<Item = u32> + 'static>() {
    in_time(|| {
        for _ in 0..200 {
            let (sender, receiver) = pair::<C>(1);
            let receiving = thread::spawn(move || receiver.recv());
            drop(sender);
            assert_eq!(receiving.join().unwrap(), Err(Disconnected));
        }
    });
}

pub(crate) fn a_waiting_sender_sees_the_end<C: Channel<Item = u32> + 'static>() {
    in_time(|| {
        for _ in 0..200 {
            let (sender, receiver) = pair::<C>(1);
            sender.send(0).unwrap();
            let sending = thread::spawn(move || sender.send(1));
            drop(receiver);
            assert_eq!(sending.join().unwrap(), Err(SendError(1)));
        }
    });
}

pub(crate) fn time_runs_out_on_both_sides<C: Channel<Item = u32>>() {
    in_time(|| {
        let soon = Duration::from_millis(5);
        let (sender, receiver) = pair::<C>(1);
        assert_eq!(receiver.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
        sender.send_timeout(1, Duration::MAX).unwrap();
        let full = sender.send_timeout(2, soon);
        assert_eq!(full, Err(SendTimeoutError::Timeout(2)));
        assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(1));
    });
}

pub(crate) fn a_batch_larger_than_the_room_waits_for_it<C: Channel<Item = u32> + 'static>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(3);
        let sending = thread::spawn(move || {
            let mut batch: VecDeque<u32> = (0..1_000).collect();
            sender.send_batch(&mut batch)
        });
        let mut out = VecDeque::new();
        while receiver.recv_batch(&mut out, 2).is_ok() {}
        assert!(out.into_iter().eq(0..1_000));
        sending.join().unwrap().unwrap();
    });
}

/// A receiver that has waited long enough to be asleep is woken by one item.
pub(crate) fn a_sleeper_is_woken<C: Channel<Item = u32> + 'static>() {
    in_time(|| {
        let (sender, receiver) = pair::<C>(1);
        let (answers, answer) = pair::<C>(1);
        let waiting = thread::spawn(move || receiver.iter().try_for_each(|n| answers.send(n)));
        for n in 0..200 {
            // Nothing comes for a while that is longer than any spinning.
            let nothing = answer.recv_timeout(Duration::from_micros(300));
            assert_eq!(nothing, Err(RecvTimeoutError::Timeout));
            sender.send(n).unwrap();
            assert!(until(PATIENCE, || answer.len() == 1));
            assert_eq!(answer.recv(), Ok(n));
        }
        drop(sender);
        waiting.join().unwrap().unwrap();
    });
}

/// A test for each claim about a kind of channel.
macro_rules! holds {
    ($kind:ident: $($claim:ident)*) => {
        $(
            #[test]
            fn $claim() {
                contract::$claim::<producer_consumer::$kind<_>>();
            }
        )*
    };
}
pub(crate) use holds;
