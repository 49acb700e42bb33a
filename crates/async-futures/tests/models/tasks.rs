//! The state word: wake against poll against abort against the drop of the handle.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use async_futures::TaskError;
use async_futures::task::{Runnable, Schedule, Why, spawn};
use loom::cell::Cell;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::explore;

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
