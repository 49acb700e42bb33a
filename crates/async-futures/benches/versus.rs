//! Against tokio and async-executor, and the process pool against Python's.

mod processes;

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use async_executor::Executor as Smol;
use async_futures::{Executor, sleep, spawn, yield_now};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};
use labkit::clock::Stopwatch;
use labkit::versus::{Suite, Target, Work};
use tokio::runtime::Runtime;

const TASKS: usize = 100_000;
const YIELDERS: usize = 16;
const YIELDS: usize = 10_000;
const PINGS: usize = 50_000;
const TIMERS: usize = 1_000_000;
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let contenders = Contenders::new();
    let mut suite = Suite::from_args(labkit::about!(""));
    contenders.spawn_and_join(&mut suite);
    contenders.yields(&mut suite);
    contenders.ping_pong(&mut suite);
    contenders.timers_set_and_cancelled(&mut suite);
    contenders.sleeping_tasks(&mut suite);
    processes::contest(&mut suite);
    suite.finish()
}

struct Contenders {
    ours: Executor,
    tokio: Runtime,
    tokio_current: Runtime,
    smol: Arc<Smol<'static>>,
    /// Dropped, it ends the threads of `smol`.
    _stop: mpsc::UnboundedSender<()>,
}

impl Contenders {
    fn new() -> Self {
        let smol = Arc::new(Smol::new());
        let (stop, stopped) = mpsc::unbounded::<()>();
        let stopped = Arc::new(futures::lock::Mutex::new(stopped));
        for _ in 0..WORKERS {
            let (smol, stopped) = (Arc::clone(&smol), Arc::clone(&stopped));
            std::thread::spawn(move || {
                let ended = async move { stopped.lock().await.next().await };
                futures::executor::block_on(smol.run(ended));
            });
        }
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_time()
            .build();
        let current = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        Contenders {
            ours: Executor::builder()
                .workers(WORKERS)
                .build()
                .expect("two threads"),
            tokio: tokio.expect("two threads"),
            tokio_current: current.expect("no thread at all"),
            smol,
            _stop: stop,
        }
    }

    /// Runs a root task on ours, from its first poll to its result.
    fn on_ours(&self, root: impl Future<Output = ()> + Send + 'static) -> Duration {
        timed(|| self.ours.block_on(self.ours.spawn(root)).expect("it ends"))
    }

    fn on_tokio(&self, root: impl Future<Output = ()> + Send + 'static) -> Duration {
        timed(|| {
            self.tokio
                .block_on(self.tokio.spawn(root))
                .expect("it ends")
        })
    }

    fn on_current(&self, root: impl Future<Output = ()>) -> Duration {
        timed(|| self.tokio_current.block_on(root))
    }

    fn on_smol(&self, root: impl Future<Output = ()> + Send + 'static) -> Duration {
        timed(|| futures::executor::block_on(self.smol.spawn(root)))
    }

    /// A task spawns many and joins all of them.
    fn spawn_and_join(&self, suite: &mut Suite) {
        let on_tokio = || async {
            let tasks: Vec<_> = (0..TASKS).map(|n| tokio::spawn(touch(n))).collect();
            for task in tasks {
                task.await.expect("it returns");
            }
        };
        suite
            .contest("spawn and join", Work::items(TASKS as f64, "tasks"))
            .ours("ours, two workers", || {
                self.on_ours(async {
                    let tasks: Vec<_> = (0..TASKS).map(|n| spawn(touch(n))).collect();
                    for task in tasks {
                        task.await.expect("it returns");
                    }
                })
            })
            .peer("tokio, two workers", Target::AtLeast(1.0), || {
                self.on_tokio(on_tokio())
            })
            .peer("tokio, current thread", Target::None, || {
                self.on_current(on_tokio())
            })
            .peer("async-executor, two threads", Target::None, || {
                let smol = Arc::clone(&self.smol);
                self.on_smol(async move {
                    let tasks: Vec<_> = (0..TASKS).map(|n| smol.spawn(touch(n))).collect();
                    for task in tasks {
                        task.await;
                    }
                })
            })
            .run();
    }

    /// Some tasks each of which lets the others go first, again and again.
    fn yields(&self, suite: &mut Suite) {
        async fn on_tokio() {
            let yielder = || async {
                for _ in 0..YIELDS {
                    tokio::task::yield_now().await;
                }
            };
            let tasks: Vec<_> = (0..YIELDERS).map(|_| tokio::spawn(yielder())).collect();
            for task in tasks {
                task.await.expect("it returns");
            }
        }
        async fn yielder() {
            for _ in 0..YIELDS {
                yield_now().await;
            }
        }
        suite
            .contest("yield", Work::items((YIELDERS * YIELDS) as f64, "yields"))
            .ours("ours, two workers", || {
                self.on_ours(async {
                    let tasks: Vec<_> = (0..YIELDERS).map(|_| spawn(yielder())).collect();
                    for task in tasks {
                        task.await.expect("it returns");
                    }
                })
            })
            .peer("tokio, two workers", Target::AtLeast(1.0), || {
                self.on_tokio(on_tokio())
            })
            .peer("tokio, current thread", Target::None, || {
                self.on_current(on_tokio())
            })
            .peer("async-executor, two threads", Target::None, || {
                let smol = Arc::clone(&self.smol);
                self.on_smol(async move {
                    let tasks: Vec<_> = (0..YIELDERS).map(|_| smol.spawn(yielder())).collect();
                    for task in tasks {
                        task.await;
                    }
                })
            })
            .run();
    }

    /// Two tasks and two channels of the `futures` crate, the same for all.
    fn ping_pong(&self, suite: &mut Suite) {
        suite
            .contest("ping-pong", Work::items(PINGS as f64, "round trips"))
            .ours("ours, two workers", || {
                let (ping, pong) = pair();
                self.on_ours(async {
                    let pong = spawn(pong);
                    ping.await;
                    pong.await.expect("it returns");
                })
            })
            .peer("tokio, two workers", Target::None, || {
                let (ping, pong) = pair();
                self.on_tokio(async {
                    let pong = tokio::spawn(pong);
                    ping.await;
                    pong.await.expect("it returns");
                })
            })
            .peer("tokio, current thread", Target::None, || {
                let (ping, pong) = pair();
                self.on_current(async {
                    let pong = tokio::spawn(pong);
                    ping.await;
                    pong.await.expect("it returns");
                })
            })
            .peer("async-executor, two threads", Target::None, || {
                let (ping, pong) = pair();
                let smol = Arc::clone(&self.smol);
                self.on_smol(async move {
                    let pong = smol.spawn(pong);
                    ping.await;
                    pong.await;
                })
            })
            .run();
    }

    /// A million timers, all set at once and none of which fires: what timeouts are.
    fn timers_set_and_cancelled(&self, suite: &mut Suite) {
        suite
            .contest(
                "10^6 timers set and cancelled",
                Work::items(TIMERS as f64, "timers"),
            )
            .ours("ours", || {
                self.on_ours(async { set_and_cancel(|n| sleep(far(n))) })
            })
            .peer("tokio", Target::None, || {
                self.on_tokio(async { set_and_cancel(|n| tokio::time::sleep(far(n))) })
            })
            .run();
    }

    /// A million tasks that sleep for 100 to 200 ms and are joined.
    fn sleeping_tasks(&self, suite: &mut Suite) {
        suite
            .contest("10^6 tasks that sleep", Work::items(TIMERS as f64, "tasks"))
            .ours("ours, two workers", || {
                self.on_ours(async {
                    let tasks: Vec<_> = (0..TIMERS).map(|n| spawn(sleep(near(n)))).collect();
                    for task in tasks {
                        task.await.expect("it returns");
                    }
                })
            })
            .peer("tokio, two workers", Target::None, || {
                self.on_tokio(async {
                    let tasks: Vec<_> = (0..TIMERS)
                        .map(|n| tokio::spawn(async move { tokio::time::sleep(near(n)).await }))
                        .collect();
                    for task in tasks {
                        task.await.expect("it returns");
                    }
                })
            })
            .run();
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let watch = Stopwatch::start();
    work();
    watch.elapsed()
}

/// What an empty task does: it reads its own number, so that no executor can do without storing it.
async fn touch(number: usize) {
    black_box(number);
}

fn far(number: usize) -> Duration {
    Duration::from_millis(10_000 + number as u64 % 50_000)
}

fn near(number: usize) -> Duration {
    Duration::from_millis(100 + number as u64 % 100)
}

fn set_and_cancel<F: Future<Output = ()>>(sleep: impl Fn(usize) -> F) {
    let mut sleeps: Vec<Pin<Box<F>>> = (0..TIMERS).map(|n| Box::pin(sleep(n))).collect();
    // A poll sets the timer; that of a task would leave its waker, and nobody is to be woken here.
    let mut context = Context::from_waker(Waker::noop());
    let pending = sleeps
        .iter_mut()
        .map(|sleep| sleep.as_mut().poll(&mut context).is_pending());
    assert_eq!(pending.filter(|pending| *pending).count(), TIMERS);
}

/// Two futures that send a number to and fro.
fn pair() -> (
    impl Future<Output = ()> + Send,
    impl Future<Output = ()> + Send,
) {
    let (mut to_pong, mut at_pong) = mpsc::channel::<usize>(0);
    let (mut to_ping, mut at_ping) = mpsc::channel::<usize>(0);
    let ping = async move {
        for number in 0..PINGS {
            to_pong.send(number).await.expect("it listens");
            assert_eq!(at_ping.next().await, Some(number));
        }
    };
    let pong = async move {
        while let Some(number) = at_pong.next().await {
            to_ping.send(number).await.expect("it listens");
        }
    };
    (ping, pong)
}
