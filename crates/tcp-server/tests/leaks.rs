//! Nothing is left after a stop: threads and descriptors are counted, so this test is alone in its
//! process.

mod support;

use std::io::Write;
use std::process;

use labkit::wait;
use support::{PATIENCE, client, echo, socket};
use tcp_server::Kind;
use tcp_server::memory::Process;

/// Threads and open descriptors of this process.
fn held() -> (u64, u64) {
    let this = Process::read(process::id()).expect("it runs");
    (this.threads, this.descriptors)
}

#[test]
fn no_thread_and_no_socket_is_left_after_a_stop_or_a_drop() {
    let before = held();
    for kind in Kind::ALL {
        for drains in [true, false] {
            let server = echo(kind);
            let mut clients: Vec<_> = (0..30).map(|_| client(&server)).collect();
            for client in &mut clients {
                assert_eq!(client.ask("a").expect("an answer"), "Echo: a");
            }
            let mut half = socket(&server);
            half.write_all(b"half a li").expect("connected");
            assert!(wait::until(PATIENCE, || server.statistics().open == 31));
            let now = held();
            let more = now.0 > before.0 && now.1 >= before.1 + 2 * 31;
            assert!(more, "{kind}: threads and both ends of sockets: {now:?}");
            if drains {
                assert_eq!(server.shutdown(PATIENCE).cut, 0, "{kind}");
            } else {
                drop(server);
            }
            drop((clients, half));
            // A thread is listed a moment longer than it can be joined.
            let clean = wait::until(PATIENCE, || held() <= before);
            assert!(clean, "{kind}: {:?} before, {:?} after", before, held());
        }
    }
}
