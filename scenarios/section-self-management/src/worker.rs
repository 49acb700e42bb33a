//! What the supervised processes do.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process;
use std::thread;
use std::time::Duration;

use astrolabe_monitoring::live::{Server, Settings};
use feedback_control::live::worker::{Work, burn, serve};
use labkit::run::Run;
use labkit::shutdown::Shutdown;

use crate::gossip::{ROUND, seal};

/// How long a worker takes to start, beside what its process takes.
const BOOT: Duration = Duration::from_millis(100);
/// A batch job computes a little, then rests: it stands for work that can wait.
const BATCH: (u64, Duration) = (200_000, Duration::from_millis(40));

/// A worker: a server that computes for each request, and a node of the gossip.
///
/// # Errors
/// If it can't listen, or its node fails.
pub(crate) fn run(
    name: &str,
    join: SocketAddr,
    (rounds, service_us): (u64, u64),
    run: &Run,
) -> Result<(), Box<dyn Error>> {
    let shutdown = run.shutdown();
    // One that was killed is remembered for a while: who takes its place is somebody else.
    let path = format!("/lab/web/{name}-{}", process::id()).parse()?;
    let node = Server::bind(Settings {
        path,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        join: vec![join],
        round: ROUND,
        seal: seal(),
        seed: run.seed,
    })?;
    let told = shutdown.clone();
    let gossip = thread::spawn(move || node.run(&told));
    let work = Work {
        rounds,
        service: Duration::from_micros(service_us),
    };
    serve(work, BOOT, &shutdown)?;
    shutdown.trigger();
    gossip.join().map_err(|_| "the gossip has panicked")??;
    Ok(())
}

/// A batch job: computes now and then, until it is told to end.
pub(crate) fn batch(shutdown: &Shutdown) -> Result<(), Box<dyn Error>> {
    let (rounds, rest) = BATCH;
    while !shutdown.wait_timeout(rest) {
        burn(rounds);
    }
    Ok(())
}
