//! Stage 5: tasks, and an end that loses nothing.

mod support;

use std::io::{Read, Write};
use std::iter::repeat_n;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use labkit::wait;
use support::{PATIENCE, claims, client, config, each, echo, serve, socket};
use tcp_server::{Client, Kind};

#[test]
fn a_task_echoes_in_pieces_or_together() {
    claims::a_line_is_echoed_in_pieces_or_together(Kind::Tasks);
}

#[test]
fn a_crowd_of_tasks_gets_right_answers() {
    claims::a_crowd_gets_right_answers(Kind::Tasks);
}

#[test]
fn a_half_closed_peer_of_a_task_gets_all_its_answers() {
    claims::a_half_closed_peer_gets_all_its_answers(Kind::Tasks);
}

#[test]
fn a_task_that_may_not_write_waits_until_it_may() {
    claims::an_answer_larger_than_all_buffers_arrives_whole(Kind::Tasks);
}

#[test]
fn a_peer_that_never_reads_holds_up_no_other_task() {
    claims::who_never_reads_stops_nobody_else(Kind::Tasks);
}

#[test]
fn a_stop_closes_idle_connections_at_once_and_the_port() {
    each(|kind| {
        let server = echo(kind);
        let address = server.local_addr();
        let mut clients: Vec<Client> = (0..20).map(|_| client(&server)).collect();
        for client in &mut clients {
            assert_eq!(client.ask("a").expect("an answer"), "Echo: a", "{kind}");
        }
        let farewell = server.shutdown(PATIENCE);
        assert_eq!(farewell.cut, 0, "{kind}");
        assert_eq!(farewell.statistics.messages, 20, "{kind}");
        assert_eq!(farewell.statistics.open, 0, "{kind}");
        for client in &mut clients {
            let end = client.receive().expect("closed, not reset");
            assert_eq!(end, None, "{kind}");
        }
        TcpStream::connect(address).expect_err("nobody listens any more");
    });
}

/// For how long a stop is watched that waits for an answer: a wrong one closes at once.
const A_WHILE: Duration = Duration::from_millis(300);

/// Whether the other side has closed; what it said before stays to be read.
fn is_closed(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).expect("a socket");
    let seen = socket.peek(&mut [0]);
    socket.set_nonblocking(false).expect("a socket");
    seen.is_ok_and(|length| length == 0)
}

/// A gate that services wait at until it is opened.
#[derive(Default)]
struct Gate {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().expect("nobody panics at the gate");
        state.0 += 1;
        self.changed.notify_all();
        let open = self.changed.wait_while(state, |state| !state.1);
        drop(open.expect("nobody panics at the gate"));
    }

    fn has_visitor(&self) -> bool {
        self.state.lock().expect("nobody panics at the gate").0 > 0
    }

    fn open(&self) {
        self.state.lock().expect("nobody panics at the gate").1 = true;
        self.changed.notify_all();
    }
}

#[test]
fn what_had_arrived_before_the_stop_is_answered() {
    each(|kind| {
        let gate = Arc::new(Gate::default());
        let visited = Arc::clone(&gate);
        let service = move |line: &str, answer: &mut Vec<u8>| {
            visited.pass();
            answer.extend_from_slice(line.as_bytes());
        };
        let server = serve(kind, config(), service);
        let mut socket = socket(&server);
        socket.write_all(b"first\n").expect("connected");
        let is_gone = || {
            let now = server.statistics();
            now.accepted > 0 && now.open == 0
        };
        let seen = wait::until(PATIENCE, || gate.has_visitor() || is_gone());
        assert!(seen && !is_gone(), "{kind}: the connection was given up");
        // The service holds the first line; the second one is in the kernel's buffer.
        socket.write_all(b"second\nhalf").expect("connected");
        let stopping = thread::spawn(move || server.shutdown(PATIENCE));
        // The stop is under way, and doesn't close what is still to be answered.
        assert!(!wait::until(A_WHILE, || is_closed(&socket)), "{kind}");
        gate.open();
        let mut said = String::new();
        socket.read_to_string(&mut said).expect("closed, not reset");
        assert_eq!(said, "first\nsecond\n", "{kind}");
        assert_eq!(stopping.join().expect("it stopped").cut, 0, "{kind}");
    });
}

#[test]
fn who_never_reads_is_cut_off_at_the_deadline() {
    each(|kind| {
        // 128 MiB of answers: more than the kernel's buffers ever hold.
        let service = |_: &str, answer: &mut Vec<u8>| answer.extend(repeat_n(b'x', 64 * 1024));
        let server = serve(kind, config(), service);
        let mut deaf = socket(&server);
        deaf.write_all(&b"more\n".repeat(2_000)).expect("connected");
        assert!(wait::until(PATIENCE, || server.statistics().open == 1));
        let farewell = server.shutdown(Duration::from_millis(200));
        assert_eq!(farewell.cut, 1, "{kind}");
        assert_eq!(farewell.statistics.open, 0, "{kind}");
    });
}
