//! Stage 5: sockets on the executor's own reactor.

mod support;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::Duration;

use async_futures::net::{TcpListener, TcpStream};
use async_futures::{echo, join_all, spawn, timeout, yield_now};
use labkit::shutdown::Shutdown as Stop;
use labkit::wait::until;
use support::{PATIENCE, executor, in_time, sanitized};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Runs a client against an echo server on one executor, and says what was served.
fn against_echo<F>(
    workers: usize,
    cap: usize,
    client: impl FnOnce(SocketAddr) -> F + Send + 'static,
) -> echo::Served
where
    F: Future<Output = ()>,
{
    let executor = executor(workers);
    let served = executor.block_on(async {
        let listener = TcpListener::bind(ANY).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let stop = Stop::new();
        let stopped = stop.clone();
        let server = spawn(async move { echo::serve(listener, cap, &stopped).await });
        client(address).await;
        stop.trigger();
        server.await.expect("the server returns")
    });
    // Tasks of the client that were left alone see the end of their connections as well.
    assert!(until(PATIENCE, || executor.metrics().sockets == 0));
    served
}

async fn ask(stream: &TcpStream, message: &[u8]) -> io::Result<()> {
    stream.write_all(message).await?;
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).await?;
    assert_eq!(answer, message);
    Ok(())
}

#[test]
fn what_is_sent_comes_back() {
    in_time(|| {
        let served = against_echo(1, 10, |address| async move {
            let stream = TcpStream::connect(address).await.expect("it listens");
            for message in [&b"x"[..], b"hello", &[7; 5000]] {
                ask(&stream, message).await.expect("an echo");
            }
            stream.shutdown(Shutdown::Write).expect("it is open");
            let end = stream.read(&mut [0; 8]).await.expect("an orderly end");
            assert_eq!(end, 0);
        });
        let bytes = 1 + 5 + 5000;
        assert_eq!(
            served,
            echo::Served {
                connections: 1,
                bytes
            }
        );
    });
}

/// More than the kernel's buffers hold, so that writers have to wait for readers.
#[test]
fn a_writer_waits_for_a_slow_reader() {
    in_time(|| {
        let total: usize = if sanitized() { 1 << 20 } else { 16 << 20 };
        let served = against_echo(2, 10, move |address| async move {
            let stream = TcpStream::connect(address).await.expect("it listens");
            let stream = std::sync::Arc::new(stream);
            let writer = std::sync::Arc::clone(&stream);
            let writing = spawn(async move {
                let chunk: Vec<u8> = (0..=255).cycle().take(1 << 16).collect();
                for _ in 0..total / chunk.len() {
                    writer
                        .write_all(&chunk)
                        .await
                        .expect("it is read in the end");
                }
                writer.shutdown(Shutdown::Write).expect("it is open");
            });
            let (mut buffer, mut received) = ([0; 4096], 0);
            loop {
                let len = stream.read(&mut buffer).await.expect("an echo");
                if len == 0 {
                    break;
                }
                let right = buffer[..len].iter().zip(received..);
                assert!(
                    right
                        .into_iter()
                        .all(|(byte, at)| usize::from(*byte) == at % 256)
                );
                received += len;
                yield_now().await;
            }
            assert_eq!(received, total);
            writing.await.expect("it wrote all");
        });
        assert_eq!(served.bytes, total as u64);
    });
}

/// The lab's promise: a thousand clients at once, all of them connected before the first one speaks.
#[test]
fn a_thousand_clients_are_echoed() {
    in_time(|| {
        let clients: usize = if sanitized() { 50 } else { 1_000 };
        let (_, most) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
            .expect("a limit can be asked for");
        let wanted = most.min(8192);
        nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, wanted, most)
            .expect("the soft limit can be raised to the hard one");
        let rounds = 5;
        let served = against_echo(2, clients, move |address| async move {
            let connecting = (0..clients).map(|_| spawn(TcpStream::connect(address)));
            let mut streams = Vec::new();
            for stream in join_all(connecting.collect::<Vec<_>>()).await {
                streams.push(stream.expect("no panic").expect("it listens"));
            }
            let talking = streams.into_iter().enumerate().map(|(client, stream)| {
                spawn(async move {
                    for round in 0..rounds {
                        let message = format!("client {client:04}, round {round}");
                        ask(&stream, message.as_bytes()).await?;
                    }
                    Ok::<_, io::Error>(())
                })
            });
            for done in join_all(talking.collect::<Vec<_>>()).await {
                done.expect("no panic").expect("echoes");
            }
        });
        let len = "client 0000, round 0".len() as u64;
        let bytes = clients as u64 * rounds * len;
        let connections = clients as u64;
        assert_eq!(served, echo::Served { connections, bytes });
    });
}

#[test]
fn a_connection_beyond_the_cap_waits_for_its_turn() {
    in_time(|| {
        against_echo(1, 1, |address| async move {
            let first = TcpStream::connect(address).await.expect("it listens");
            ask(&first, b"first").await.expect("an echo");
            // The kernel takes the second; the server doesn't yet.
            let second = TcpStream::connect(address)
                .await
                .expect("the queue has room");
            second
                .write_all(b"second")
                .await
                .expect("buffers have room");
            let mut answer = [0; 6];
            let early = timeout(Duration::from_millis(50), second.read(&mut answer)).await;
            assert!(early.is_err(), "it is not its turn");
            drop(first);
            second.read_exact(&mut answer).await.expect("its turn");
            assert_eq!(&answer, b"second");
        });
    });
}

#[test]
fn a_drain_ends_connections_that_say_nothing() {
    in_time(|| {
        let served = against_echo(1, 10, |address| async move {
            for _ in 0..3 {
                let stream = TcpStream::connect(address).await.expect("it listens");
                ask(&stream, b"here").await.expect("an echo");
                // It stays open, and in silence.
                drop(spawn(async move {
                    let end = stream.read(&mut [0; 1]).await.expect("an orderly end");
                    assert_eq!(end, 0);
                }));
            }
        });
        assert_eq!(served.connections, 3);
    });
}

#[test]
fn a_refused_connection_is_an_error_and_nothing_is_left() {
    in_time(|| {
        let executor = executor(1);
        let nobody = std::net::TcpListener::bind(ANY)
            .and_then(|listener| listener.local_addr())
            .expect("a port that was free");
        let refused = executor.block_on(timeout(PATIENCE, TcpStream::connect(nobody)));
        let error = refused.expect("an answer").expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(executor.metrics().sockets, 0);
    });
}

#[test]
fn a_reader_whose_task_is_aborted_is_forgotten() {
    in_time(|| {
        let executor = executor(1);
        let peer = std::net::TcpListener::bind(ANY).expect("a free port");
        let address = peer.local_addr().expect("it is bound");
        let reading = executor.spawn(async move {
            let stream = TcpStream::connect(address).await.expect("it listens");
            stream.read(&mut [0; 1]).await
        });
        let held = peer.accept().expect("a connection");
        reading.abort();
        executor.block_on(reading).expect_err("it was aborted");
        assert_eq!(executor.metrics().sockets, 0);
        drop(held);
    });
}
