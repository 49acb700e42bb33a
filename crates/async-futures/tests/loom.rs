//! Models: small programs that the checker runs in every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p async-futures --release --test loom`
//!
//! A lost wake-up is a thread that waits for ever, which the checker reports; so it does with a race
//! on a future or its result, and with memory that is freed twice or never.

#![cfg(loom)]

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Wake, Waker};

use async_futures::TaskError;
use async_futures::idle::Idle;
use async_futures::park::Parker;
use async_futures::queue::{Injector, Owner, Stealer, ring};
use async_futures::task::{Runnable, Schedule, Why, spawn};
use loom::cell::Cell;
use loom::model::Builder;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// All interleavings with up to this many switches away from a thread that could have gone on; known
/// bugs of such protocols need two or three (Musuvathi and Qadeer, PLDI 2007).
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A run queue that blocks its worker while it is empty.
#[derive(Clone)]
struct Queue(Arc<(Mutex<Vec<Runnable>>, Condvar)>);

impl Schedule for Queue {
    fn schedule(&self, task: Runnable, _: Why) {
        self.0.0.lock().unwrap().push(task);
        self.0.1.notify_one();
    }
}

impl Queue {
    fn new() -> Self {
        Queue(Arc::new((Mutex::new(Vec::new()), Condvar::new())))
    }

    fn next(&self) -> Runnable {
        let mut tasks = self.0.0.lock().unwrap();
        loop {
            match tasks.pop() {
                Some(task) => return task,
                None => tasks = self.0.1.wait(tasks).unwrap(),
            }
        }
    }

    fn len(&self) -> usize {
        self.0.0.lock().unwrap().len()
    }
}

/// What the future of a model shares with its wakers.
struct Shared {
    /// Relaxed on both sides: a wake-up alone has to carry it over.
    flags: [AtomicBool; 2],
    waker: Mutex<Option<Waker>>,
    dropped: AtomicUsize,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Shared {
            flags: [AtomicBool::new(false), AtomicBool::new(false)],
            waker: Mutex::new(None),
            dropped: AtomicUsize::new(0),
        })
    }

    fn raise(&self, flag: usize, waker: &Waker) {
        self.flags[flag].store(true, Ordering::Relaxed);
        waker.wake_by_ref();
    }
}

/// Ready when so many flags are raised.
struct Flags {
    shared: Arc<Shared>,
    wanted: usize,
    /// Touched by polls and the drop alone; a race if two of them meet.
    polls: Cell<usize>,
}

impl Future for Flags {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        let polls = self.polls.get() + 1;
        self.polls.set(polls);
        *self.shared.waker.lock().unwrap() = Some(context.waker().clone());
        let raised = self.shared.flags[..self.wanted].iter();
        if raised.filter(|flag| flag.load(Ordering::Relaxed)).count() == self.wanted {
            Poll::Ready(polls)
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Flags {
    fn drop(&mut self) {
        self.polls.set(0);
        // The task's own waker within the task would keep it alive for ever.
        let waker = self.shared.waker.lock().unwrap().take();
        drop(waker);
        self.shared.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls a handle on the current thread until it is ready.
fn join<T>(handle: impl Future<Output = T> + Unpin) -> T {
    struct Bell(Mutex<bool>, Condvar);
    impl Wake for Bell {
        fn wake(self: std::sync::Arc<Self>) {
            *self.0.lock().unwrap() = true;
            self.1.notify_one();
        }
    }
    let mut handle = handle;
    let bell = std::sync::Arc::new(Bell(Mutex::new(false), Condvar::new()));
    let waker = Waker::from(std::sync::Arc::clone(&bell));
    loop {
        let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
        if let Poll::Ready(value) = polled {
            return value;
        }
        let mut rung = bell.0.lock().unwrap();
        while !*rung {
            rung = bell.1.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// A worker for so many polls at least, until the future is gone.
fn work(queue: &Queue, shared: &Shared) {
    while shared.dropped.load(Ordering::Relaxed) == 0 {
        queue.next().run();
    }
}

/// Spawns a task, polls it once, and gives out the waker that it has left.
fn begun(
    queue: &Queue,
    shared: &Arc<Shared>,
    flags: usize,
) -> (Waker, async_futures::JoinHandle<usize>) {
    let future = Flags {
        shared: Arc::clone(shared),
        wanted: flags,
        polls: Cell::new(0),
    };
    let (task, handle) = spawn(future, queue.clone());
    task.run();
    let waker = shared.waker.lock().unwrap().clone();
    (waker.expect("it was polled"), handle)
}

#[test]
fn a_wake_is_seen_by_the_poll_that_follows() {
    explore(3, || {
        let (queue, shared) = (Queue::new(), Shared::new());
        let (waker, handle) = begun(&queue, &shared, 1);
        let raiser = Arc::clone(&shared);
        let raising = thread::spawn(move || raiser.raise(0, &waker));
        work(&queue, &shared);
        raising.join().unwrap();
        assert!(matches!(join(handle), Ok(2)));
    });
}

#[test]
fn a_wake_of_what_is_scheduled_already_is_seen_as_well() {
    explore(3, || {
        let (queue, shared) = (Queue::new(), Shared::new());
        let (waker, handle) = begun(&queue, &shared, 2);
        let raisers = [0, 1].map(|flag| {
            let (shared, waker) = (Arc::clone(&shared), waker.clone());
            thread::spawn(move || shared.raise(flag, &waker))
        });
        drop(waker);
        work(&queue, &shared);
        for raiser in raisers {
            raiser.join().unwrap();
        }
        assert!(join(handle).is_ok());
    });
}

#[test]
fn an_abort_meets_a_wake_and_a_poll() {
    explore(2, || {
        let (queue, shared) = (Queue::new(), Shared::new());
        let (waker, handle) = begun(&queue, &shared, 1);
        let raiser = Arc::clone(&shared);
        let raising = thread::spawn(move || raiser.raise(0, &waker));
        let aborting = thread::spawn(move || {
            handle.abort();
            handle
        });
        work(&queue, &shared);
        raising.join().unwrap();
        let result = join(aborting.join().unwrap());
        assert!(
            matches!(result, Ok(2) | Err(TaskError::Aborted)),
            "{result:?}"
        );
        assert_eq!(shared.dropped.load(Ordering::Relaxed), 1);
        assert_eq!(queue.len(), 0);
    });
}

#[test]
fn a_join_meets_the_end_of_its_task() {
    explore(3, || {
        let queue = Queue::new();
        let (task, handle) = spawn(async { Box::new(7) }, queue);
        let running = thread::spawn(move || task.run());
        assert_eq!(*join(handle).unwrap(), 7);
        running.join().unwrap();
    });
}

#[test]
fn a_joiner_changes_its_waker_while_the_task_ends() {
    explore(3, || {
        let queue = Queue::new();
        let (task, mut handle) = spawn(async { Box::new(7) }, queue);
        let running = thread::spawn(move || task.run());
        let early = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
        let value = match early {
            Poll::Ready(value) => value,
            Poll::Pending => join(handle),
        };
        assert_eq!(*value.unwrap(), 7);
        running.join().unwrap();
    });
}

#[test]
fn a_handle_is_dropped_while_its_task_ends() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    explore(3, || {
        let (queue, dropped) = (Queue::new(), Arc::new(AtomicUsize::new(0)));
        let result = Counted(Arc::clone(&dropped));
        let (task, mut handle) = spawn(async move { result }, queue);
        let running = thread::spawn(move || task.run());
        let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
        drop(handle);
        drop(polled);
        running.join().unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_last_waker_goes_while_the_task_is_cancelled() {
    explore(2, || {
        let (queue, shared) = (Queue::new(), Shared::new());
        let (waker, handle) = begun(&queue, &shared, 1);
        let waking = thread::spawn(move || waker.wake());
        handle.abort();
        drop(handle);
        work(&queue, &shared);
        waking.join().unwrap();
        assert_eq!(
            (shared.dropped.load(Ordering::Relaxed), queue.len()),
            (1, 0)
        );
    });
}

/// Items stand for these: memory that the sender writes and the taker reads. The checker reports a
/// race if the hand-over doesn't order the two.
type Parcels = Arc<[Cell<usize>; 8]>;

fn item(number: usize) -> NonNull<u8> {
    NonNull::without_provenance(NonZeroUsize::new(number).expect("numbered from 1"))
}

fn send(owner: &Owner<u8>, parcels: &Parcels, number: usize) {
    parcels[number].set(number);
    owner.push(item(number)).expect("there is room");
}

fn open(item: NonNull<u8>, parcels: &Parcels) -> usize {
    parcels[item.addr().get()].get()
}

/// Steals once, and opens all of it.
fn rob(stealer: &Stealer<u8>, parcels: &Parcels) -> Vec<usize> {
    let (own, _) = ring();
    let first = stealer.steal_into(&own);
    let rest = std::iter::from_fn(|| own.pop());
    let all = first.into_iter().chain(rest);
    all.map(|item| open(item, parcels)).collect()
}

/// The owner sends parcels in two batches and takes back what it gets; thieves rob it meanwhile.
fn contend(batches: [usize; 2], thieves: usize) {
    let (owner, stealer) = ring();
    let parcels: Parcels = Arc::new(std::array::from_fn(|_| Cell::new(0)));
    let thieves: Vec<_> = (0..thieves)
        .map(|_| {
            let (stealer, parcels) = (stealer.clone(), Arc::clone(&parcels));
            thread::spawn(move || rob(&stealer, &parcels))
        })
        .collect();
    let (mut taken, mut next) = (Vec::new(), 1);
    for batch in batches {
        for _ in 0..batch {
            send(&owner, &parcels, next);
            next += 1;
        }
        taken.extend(owner.pop().map(|item| open(item, &parcels)));
    }
    taken.extend(std::iter::from_fn(|| owner.pop()).map(|item| open(item, &parcels)));
    taken.extend(thieves.into_iter().flat_map(|thief| thief.join().unwrap()));
    taken.sort_unstable();
    assert_eq!(taken, (1..next).collect::<Vec<_>>());
}

#[test]
fn the_last_item_goes_to_one_of_two() {
    explore(3, || contend([1, 0], 1));
}

#[test]
fn two_thieves_and_the_owner_share_a_ring() {
    explore(2, || contend([3, 0], 2));
}

#[test]
fn a_thief_meets_a_slot_that_is_used_again() {
    explore(3, || contend([3, 2], 1));
}

#[test]
fn an_injector_hands_over_all_or_refuses() {
    explore(3, || {
        let injector = Arc::new(Injector::new());
        let bringer = Arc::clone(&injector);
        let bringing = thread::spawn(move || bringer.push([item(1), item(2)]).is_ok());
        let (worker, _) = ring();
        let mut taken: Vec<_> = injector.take(&worker, 1).into_iter().collect();
        taken.extend(std::iter::from_fn(|| worker.pop()));
        taken.extend(injector.close());
        let accepted = bringing.join().unwrap();
        assert_eq!(taken.len(), if accepted { 2 } else { 0 });
    });
}

#[test]
fn an_unpark_is_never_missed() {
    explore(3, || {
        let shared = Arc::new((Parker::default(), Cell::new(0)));
        let waker = Arc::clone(&shared);
        let waking = thread::spawn(move || {
            waker.1.set(7);
            assert!(!waker.0.unpark());
        });
        shared.0.park();
        assert_eq!(shared.1.get(), 7);
        waking.join().unwrap();
    });
}

/// The kernel's part of the protocol: an interruption that comes before the wait isn't lost.
#[derive(Default)]
struct Kernel {
    interrupted: Mutex<bool>,
    changed: Condvar,
}

impl Kernel {
    fn interrupt(&self) {
        *self.interrupted.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut interrupted = self.interrupted.lock().unwrap();
        while !*interrupted {
            interrupted = self.changed.wait(interrupted).unwrap();
        }
        *interrupted = false;
    }
}

/// Workers that each take one of the tasks that `waiting` counts, and sleep meanwhile: on the
/// condition, or in the kernel.
struct Crew {
    idle: Idle,
    kernel: Arc<Kernel>,
    waiting: AtomicUsize,
}

impl Crew {
    fn new(workers: usize) -> Arc<Self> {
        let kernel = Arc::new(Kernel::default());
        let alarm = Arc::clone(&kernel);
        Arc::new(Crew {
            idle: Idle::new(workers, move || alarm.interrupt()),
            kernel,
            waiting: AtomicUsize::new(0),
        })
    }

    fn take_one(&self, me: usize, in_kernel: bool) {
        let take = |count: usize| count.checked_sub(1);
        self.idle.begin_search();
        while (self.waiting)
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .is_err()
        {
            let work = || self.waiting.load(Ordering::Relaxed) > 0;
            assert!(self.idle.sleep(me, work, |bed| {
                if !in_kernel {
                    return bed.park();
                }
                if bed.begin_polling() {
                    self.kernel.wait();
                }
                bed.end_polling();
            }));
        }
        self.idle.end_search();
    }

    fn give_one(&self) {
        self.waiting.fetch_add(1, Ordering::Release);
        self.idle.notify();
    }
}

#[test]
fn no_task_waits_beside_a_sleeper() {
    for in_kernel in [false, true] {
        explore(3, move || {
            let crew = Crew::new(1);
            let worker = Arc::clone(&crew);
            let worker = thread::spawn(move || worker.take_one(0, in_kernel));
            crew.give_one();
            worker.join().unwrap();
        });
    }
}

#[test]
fn the_last_searcher_calls_another_for_the_task_that_was_left_to_it() {
    explore(2, || {
        // Each worker takes one task and never comes back, so each task needs its own worker.
        let crew = Crew::new(2);
        let workers = [0, 1].map(|me| {
            let worker = Arc::clone(&crew);
            thread::spawn(move || worker.take_one(me, me == 0))
        });
        crew.give_one();
        crew.give_one();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_close_sends_every_worker_home() {
    explore(3, || {
        let crew = Crew::new(1);
        let worker = Arc::clone(&crew);
        let worker = thread::spawn(move || {
            worker.idle.begin_search();
            while worker.idle.sleep(0, || false, Parker::park) {}
            worker.idle.end_search();
        });
        crew.idle.close();
        worker.join().unwrap();
    });
}
