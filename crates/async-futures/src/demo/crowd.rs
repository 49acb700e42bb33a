//! What a crowd costs: tasks that sleep, and clients that are echoed.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use async_futures::net::{TcpListener, TcpStream};
use async_futures::{Error, Executor, echo, join_all, sleep, spawn};
use labkit::chart::Chart;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, number};
use labkit::run::Run;
use labkit::shutdown::Shutdown;

/// How long each of a crowd sleeps.
const NAP: Duration = Duration::from_millis(200);
const MESSAGE: &[u8; 32] = b"a message of thirty-two bytes...";

/// More and more tasks that all sleep for the same time, on two threads.
pub(super) fn sleepers(report: Report, run: &Run) -> Result<Report, Error> {
    let crowds = run.size(
        [10, 100, 1_000, 10_000, 100_000],
        [10, 100, 1_000, 3_000, 10_000],
    );
    let executor = Executor::builder().workers(2).build()?;
    let (mut points, mut woken, mut early) = (Vec::new(), 0, 0);
    for crowd in crowds {
        let watch = Stopwatch::start();
        let slept = executor.block_on(async move {
            let tasks = (0..crowd).map(|_| {
                spawn(async move {
                    let nap = Stopwatch::start();
                    sleep(NAP).await;
                    nap.elapsed()
                })
            });
            join_all(tasks.collect::<Vec<_>>()).await
        });
        points.push((f64::from(crowd), 1e3 * watch.seconds()));
        for nap in slept {
            woken += 1;
            early += u32::from(nap? < NAP);
        }
    }
    let most = crowds[crowds.len() - 1];
    let by_threads =
        |(crowd, _): &(f64, f64)| (*crowd, (crowd / 2.0).ceil() * 1e3 * NAP.as_secs_f64());
    let threads = points
        .iter()
        .map(by_threads)
        .take_while(|(_, ms)| *ms <= 1e5)
        .collect();
    let total: i32 = crowds.into_iter().sum();
    Ok(report
        .check(
            "every sleeper was woken, and none early",
            woken == total && early == 0,
            format!("{woken} of {total}"),
        )
        .heading("A crowd that waits")
        .text(format!(
            "Up to {most} tasks sleep for {} ms each, on two threads. If each blocked a thread, two \
             threads would need the dashed time.",
            NAP.as_millis()
        ))
        .chart(
            Chart::lines("Until all of them have slept")
                .x("tasks")
                .y("ms")
                .log_x()
                .log_y()
                .series("executor, two threads", points)
                .reference("two threads that block", threads),
        ))
}

/// Clients that talk to the echo server, all on one executor.
pub(super) fn clients(report: Report, run: &Run) -> Result<Report, Error> {
    let (clients, rounds) = (run.size(200, 50), run.size(50, 20));
    let executor = Executor::builder().workers(2).build()?;
    let watch = Stopwatch::start();
    let served = executor.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let stop = Shutdown::new();
        let until = stop.clone();
        let server = spawn(async move { echo::serve(listener, clients, &until).await });
        let talking = (0..clients).map(|_| spawn(talk(address, rounds)));
        for done in join_all(talking.collect::<Vec<_>>()).await {
            done??;
        }
        stop.trigger();
        Ok::<_, Error>(server.await?)
    })?;
    let messages = clients * rounds;
    let rate = messages as f64 / watch.seconds();
    let bytes = messages * MESSAGE.len();
    Ok(report
        .check(
            "every client was echoed, byte by byte",
            served.connections == clients as u64 && served.bytes == bytes as u64,
            format!(
                "{} connections, {} of {bytes} bytes",
                served.connections, served.bytes
            ),
        )
        .check(
            "nothing is left of it",
            executor.metrics().sockets == 0,
            format!("{} sockets watched", executor.metrics().sockets),
        )
        .text(format!(
            "{clients} clients and their server shared the same two threads and one epoll: {} \
             messages a second there and back.",
            number(rate)
        ))
        .figure(Figure::new("echoes", rate, "messages/s")))
}

async fn talk(address: SocketAddr, rounds: usize) -> std::io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = [0; MESSAGE.len()];
    for _ in 0..rounds {
        stream.write_all(MESSAGE).await?;
        stream.read_exact(&mut answer).await?;
        if answer != *MESSAGE {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}
