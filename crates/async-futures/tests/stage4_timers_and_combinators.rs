//! Stage 4: time, futures of futures, permits, and tasks that let others run.

mod support;

use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_futures::semaphore::Acquire;
use async_futures::wheel::Wheel;
use async_futures::{
    Either, Elapsed, Semaphore, as_completed, block_on, budget, join_all, select, sleep, spawn,
    timeout, yield_now,
};
use labkit::clock::Stopwatch;
use support::{Count, Dropped, Gate, Never, executor, in_time, sanitized};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn a_wheel_hands_out_what_is_due() {
    let mut wheel = Wheel::new();
    let far = 1 << 20;
    let keys = [3, 64, 65, 4096, far].map(|tick| wheel.insert(tick, tick));
    assert_eq!(wheel.remove(keys[1]), Some(64));
    assert_eq!(wheel.remove(keys[1]), None);
    let mut due = Vec::new();
    wheel.advance(2, |tick| due.push(tick));
    assert!(due.is_empty(), "{due:?}");
    // Here its slot begins, and it has to move down.
    wheel.advance(64, |tick| due.push(tick));
    assert_eq!(due, [3]);
    wheel.advance(65, |tick| due.push(tick));
    assert_eq!(due, [3, 65]);
    wheel.advance(far - 1, |tick| due.push(tick));
    assert_eq!((due.len(), wheel.len()), (3, 1));
    wheel.advance(far, |tick| due.push(tick));
    assert_eq!(due, [3, 65, 4096, far]);
    assert!(wheel.is_empty() && wheel.next_tick().is_none());
}

#[test]
fn a_sleep_is_never_early_and_leaves_no_timer() {
    in_time(|| {
        let executor = executor(2);
        executor.block_on(async {
            for time in [Duration::ZERO, Duration::from_micros(1), SHORT] {
                let watch = Stopwatch::start();
                sleep(time).await;
                assert!(watch.elapsed() >= time);
            }
        });
        assert_eq!(executor.metrics().timers, 0);
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines() {
    in_time(|| {
        let order = executor(2).block_on(async {
            let times = [60, 0, 30].map(|ms| sleep(Duration::from_millis(ms)));
            let mut done = as_completed(times);
            let mut order = Vec::new();
            while let Some((number, ())) = done.next().await {
                order.push(number);
            }
            order
        });
        assert_eq!(order, [1, 2, 0]);
    });
}

#[test]
fn many_sleep_at_once_on_one_worker() {
    in_time(|| {
        let tasks: usize = if sanitized() { 500 } else { 20_000 };
        let executor = executor(1);
        let all = executor.block_on(async move {
            let tasks = (0..tasks).map(|task| {
                spawn(async move {
                    sleep(Duration::from_millis(20 + task as u64 % 10)).await;
                })
            });
            join_all(tasks.collect::<Vec<_>>()).await
        });
        assert_eq!(all.into_iter().filter(Result::is_ok).count(), tasks);
    });
}

#[test]
fn an_earlier_timer_interrupts_the_wait_for_a_later_one() {
    in_time(|| {
        let executor = executor(1);
        let late = executor.spawn(sleep(LONG));
        while executor.metrics().timers == 0 {
            std::thread::yield_now();
        }
        executor.block_on(sleep(SHORT));
        late.abort();
        block_on(late).expect_err("it was aborted");
        assert_eq!(executor.metrics().timers, 0);
    });
}

#[test]
fn a_timeout_drops_the_future_and_says_so() {
    in_time(|| {
        let (executor, dropped) = (executor(1), Gate::default());
        let never = Never(Dropped(dropped.clone()));
        assert_eq!(executor.block_on(timeout(SHORT, never)), Err(Elapsed));
        assert_eq!(dropped.arrived(), 1);
        assert_eq!(executor.block_on(timeout(LONG, ready(7))), Ok(7));
        // Even if both are there, the result counts.
        assert_eq!(executor.block_on(timeout(Duration::ZERO, ready(7))), Ok(7));
        assert_eq!(executor.metrics().timers, 0);
    });
}

#[test]
fn select_takes_the_first_and_drops_the_other() {
    let dropped = Gate::default();
    let never = Never(Dropped(dropped.clone()));
    assert_eq!(block_on(select(never, ready(2))), Either::Second(2));
    assert_eq!(dropped.arrived(), 1);
    assert_eq!(block_on(select(ready(1), ready(2))), Either::First(1));
    let both = select(pending::<()>(), pending::<()>());
    let mut both = std::pin::pin!(both);
    let mut context = Context::from_waker(Waker::noop());
    assert!(both.as_mut().poll(&mut context).is_pending());
}

#[test]
fn join_all_keeps_the_order_and_polls_only_whom_was_woken() {
    in_time(|| {
        let polls = Arc::new(AtomicUsize::new(0));
        let children = 1_000;
        let futures = (0..children).map(|number| {
            let (polls, mut turns) = (Arc::clone(&polls), number % 3);
            poll_fn(move |context: &mut Context<'_>| {
                polls.fetch_add(1, Ordering::Relaxed);
                if turns == 0 {
                    return Poll::Ready(number);
                }
                turns -= 1;
                context.waker().wake_by_ref();
                Poll::Pending
            })
        });
        let numbers = block_on(join_all(futures));
        assert_eq!(numbers, (0..children).collect::<Vec<_>>());
        // One poll each, and one for each wake-up.
        assert_eq!(
            polls.load(Ordering::Relaxed),
            (0..children).map(|n| 1 + n % 3).sum::<usize>()
        );
        assert_eq!(block_on(join_all(Vec::<std::future::Ready<()>>::new())), []);
    });
}

#[test]
fn as_completed_drops_what_isnt_done() {
    let dropped = Gate::default();
    let futures = (0..3).map(|_| Never(Dropped(dropped.clone())));
    let mut done = as_completed(futures);
    let mut context = Context::from_waker(Waker::noop());
    assert!(done.poll_next(&mut context).is_pending());
    drop(done);
    assert_eq!(dropped.arrived(), 3);
}

#[test]
fn a_semaphore_bounds_who_is_inside() {
    in_time(|| {
        let executor = executor(2);
        let (permits, most) = (Semaphore::new(3), Arc::new(AtomicUsize::new(0)));
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..60)
            .map(|_| {
                let (permits, inside, most) = (permits.clone(), inside.clone(), most.clone());
                executor.spawn(async move {
                    let _permit = permits.acquire().await;
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for result in executor.block_on(join_all(tasks)) {
            result.expect("it had its turn");
        }
        assert_eq!(permits.available(), 3);
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
    });
}

#[test]
fn permits_go_to_whoever_waited_longest() {
    let permits = Semaphore::new(1);
    let held = permits.try_acquire().expect("it is free");
    let wakers: [_; 3] = std::array::from_fn(|_| Count::waker());
    let mut waiting: Vec<_> = (0..3).map(|_| permits.acquire()).collect();
    let poll = |number: usize, acquire: &mut Acquire| {
        Pin::new(acquire).poll(&mut Context::from_waker(&wakers[number].1))
    };
    for (number, acquire) in waiting.iter_mut().enumerate() {
        assert!(poll(number, acquire).is_pending());
    }
    drop(held);
    assert!(permits.try_acquire().is_none(), "it is promised already");
    assert!(poll(1, &mut waiting[1]).is_pending());
    // The first one leaves although it was called: the permit goes on to the second.
    drop(waiting.remove(0));
    let Poll::Ready(permit) = poll(1, &mut waiting[0]) else {
        panic!("it was its turn");
    };
    assert_eq!(wakers.each_ref().map(|(count, _)| count.get()), [1, 1, 0]);
    drop(waiting);
    drop(permit);
    assert_eq!(permits.available(), 1);
}

/// A task that always could go on is told to wait, and the other one gets its turn.
#[test]
fn a_task_that_is_always_ready_lets_others_run() {
    in_time(|| {
        let (executor, stop) = (executor(1), Gate::default());
        let (watched, stops) = (stop.clone(), stop.clone());
        let greedy = executor.spawn(async move {
            let permits = Semaphore::new(1);
            let other = spawn(async move { stops.open() });
            let mut rounds = 0_u64;
            while !watched.is_open() {
                drop(permits.acquire().await);
                rounds += 1;
            }
            other.await.expect("it had its turn");
            rounds
        });
        let rounds = block_on(greedy).expect("it was stopped");
        // The budget of one poll, and what is left to do when it is over.
        let most = 2 * u64::from(budget::BUDGET);
        assert!(rounds <= most, "{rounds} rounds before the other task");
    });
}

#[test]
#[should_panic(expected = "sleep needs an executor")]
fn a_sleep_elsewhere_says_what_it_needs() {
    block_on(sleep(LONG));
}
