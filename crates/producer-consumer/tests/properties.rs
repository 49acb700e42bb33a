//! Random histories: whatever is done in which order, a channel alone is a queue with a bound, and each
//! item is dropped once.

#[expect(dead_code, reason = "a history is run by hand, not as a load")]
mod support;

use std::collections::VecDeque;

use producer_consumer::channel::Channel;
use producer_consumer::{Locked, Mpmc, Segmented, Semaphores, Spsc, channel};
use proptest::prelude::*;
use support::{Counted, Drops, in_time};

/// One step of a history.
#[derive(Clone, Copy, Debug)]
enum Step {
    Send,
    Receive,
    SendBatch(usize),
    ReceiveBatch(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Send),
        Just(Step::Receive),
        (1..6_usize).prop_map(Step::SendBatch),
        (1..6_usize).prop_map(Step::ReceiveBatch),
    ];
    prop::collection::vec(step, 0..300)
}

/// Plays the steps on a channel and on a plain queue beside it; batches only where they needn't wait.
fn behaves<C: Channel<Item = (u32, Counted)>>(steps: &[Step], capacity: usize) {
    let drops = Drops::default();
    let (sender, receiver) = channel::<_, C>(capacity).unwrap();
    let bound = sender.capacity().unwrap_or(usize::MAX);
    let (mut model, mut next) = (VecDeque::new(), 0);
    let mut made = || {
        next += 1;
        (next, drops.item())
    };
    for step in steps {
        match *step {
            Step::Send => {
                let item = made();
                let number = item.0;
                let sent = sender.try_send(item).is_ok();
                assert_eq!(sent, model.len() < bound);
                model.extend(sent.then_some(number));
            }
            Step::Receive => {
                let number = receiver.try_recv().ok().map(|item| item.0);
                assert_eq!(number, model.pop_front());
            }
            Step::SendBatch(count) => {
                let count = count.min(bound - model.len());
                let mut batch: VecDeque<_> = (0..count).map(|_| made()).collect();
                model.extend(batch.iter().map(|item| item.0));
                sender.send_batch(&mut batch).unwrap();
            }
            Step::ReceiveBatch(limit) => {
                let mut batch = VecDeque::new();
                if !model.is_empty() {
                    receiver.recv_batch(&mut batch, limit).unwrap();
                }
                for (number, _) in &batch {
                    assert_eq!(Some(*number), model.pop_front());
                }
            }
        }
        assert_eq!(sender.len(), model.len());
    }
    drop((sender, receiver));
    assert_eq!(drops.count(), next as usize);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_channel_alone_is_a_queue_with_a_bound(steps in steps(), capacity in 1..20_usize) {
        in_time(move || {
            behaves::<Locked<_>>(&steps, capacity);
            behaves::<Semaphores<_>>(&steps, capacity);
            behaves::<Spsc<_>>(&steps, capacity);
            behaves::<Mpmc<_>>(&steps, capacity);
            behaves::<Segmented<_>>(&steps, capacity);
        });
    }
}
