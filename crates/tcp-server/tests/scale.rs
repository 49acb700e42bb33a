//! Ten thousand connections at once: all answered, and let go again.
//!
//! The server is a process of its own, so that either side has its own limit of open files.

use std::path::Path;
use std::time::Duration;

use labkit::{skip, wait};
use tcp_server::load::{Load, allow_open_files, connections_with};
use tcp_server::{Kind, measure};

const CONNECTIONS: usize = 10_000;
/// Longer than the slowest machine needs for any of the four.
const PATIENCE: Duration = Duration::from_secs(300);

fn ten_thousand_connections_echo(kind: Kind) {
    let possible = connections_with(allow_open_files());
    if possible < CONNECTIONS {
        skip::because(&format!(
            "{CONNECTIONS} connections need more open files than are allowed; {possible} are tried \
             instead (raise the hard limit: ulimit -Hn)"
        ));
    }
    let load = Load {
        connections: CONNECTIONS.min(possible),
        ..Load::default()
    };
    let sample = wait::within(PATIENCE, move || {
        let program = Path::new(env!("CARGO_BIN_EXE_tcp-server"));
        let time = Duration::from_millis(500);
        measure::sample(program, kind, &load, time).expect("all connect")
    });
    eprintln!(
        "{kind}: {:.0} messages/s, {:.1} KiB in the process and {:.1} KiB in the kernel each",
        sample.outcome.rate(),
        sample.process_bytes / 1024.0,
        sample.kernel_bytes / 1024.0,
    );
    assert_eq!(sample.outcome.failures, 0, "{kind}");
    // Each was answered at least once more after all had been answered once.
    assert!(sample.outcome.messages >= load.connections as u64, "{kind}");
    let per_connection = sample.threads > load.connections as u64;
    assert_eq!(
        per_connection,
        kind == Kind::Threads,
        "{} threads",
        sample.threads
    );
    assert!(sample.process_bytes < 64.0 * 1024.0, "{kind}");
    assert!(sample.ended_well, "{kind}");
}

#[test]
fn on_threads() {
    ten_thousand_connections_echo(Kind::Threads);
}

#[test]
fn on_a_pool() {
    ten_thousand_connections_echo(Kind::Pool);
}

#[test]
fn on_readiness_loops() {
    ten_thousand_connections_echo(Kind::Readiness);
}

#[test]
fn on_tasks() {
    ten_thousand_connections_echo(Kind::Tasks);
}
