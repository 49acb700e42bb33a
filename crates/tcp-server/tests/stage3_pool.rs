//! Stage 3: few workers serve many connections.

mod support;

use std::sync::{Barrier, Mutex, PoisonError, mpsc};

use labkit::wait;
use support::{PATIENCE, claims, client, config, line, serve};
use tcp_server::{Config, Echo, Kind};

const KIND: Kind = Kind::Pool;

#[test]
fn a_line_is_echoed_in_pieces_or_together() {
    claims::a_line_is_echoed_in_pieces_or_together(KIND);
}

#[test]
fn the_lines_of_one_connection_are_answered_in_order() {
    claims::lines_are_answered_in_order(KIND);
}

#[test]
fn a_crowd_gets_right_answers() {
    claims::a_crowd_gets_right_answers(KIND);
}

#[test]
fn a_half_closed_peer_gets_all_its_answers() {
    claims::a_half_closed_peer_gets_all_its_answers(KIND);
}

#[test]
fn an_answer_larger_than_all_buffers_arrives_whole() {
    claims::an_answer_larger_than_all_buffers_arrives_whole(KIND);
}

#[test]
fn who_never_reads_stops_nobody_else() {
    claims::who_never_reads_stops_nobody_else(KIND);
}

#[test]
fn idle_connections_hold_no_worker() {
    wait::within(PATIENCE, || {
        let one_worker = Config {
            threads: 1,
            ..config()
        };
        let server = serve(KIND, one_worker, Echo);
        let mut clients: Vec<_> = (0..200).map(|_| client(&server)).collect();
        for round in 0..3 {
            for (number, client) in clients.iter_mut().enumerate().rev() {
                let words = format!("{number} in round {round}");
                let said = client.ask(&words).expect("an answer");
                assert_eq!(said, format!("Echo: {words}"));
            }
        }
        assert_eq!(server.statistics().open, 200);
    });
}

#[test]
fn a_blocked_service_blocks_one_worker_only() {
    wait::within(PATIENCE, || {
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = Mutex::new(blocked);
        let service = move |line: &str, answer: &mut Vec<u8>| {
            if line == "block" {
                let released = blocked.lock().unwrap_or_else(PoisonError::into_inner);
                released.recv().expect("the test releases it");
            }
            answer.extend_from_slice(line.as_bytes());
        };
        let server = serve(KIND, config(), service);
        let mut slow = client(&server);
        slow.send(b"block\n").expect("connected");
        // With the one worker that is left, whichever connection it is.
        for _ in 0..10 {
            let mut quick = client(&server);
            assert_eq!(quick.ask("go").expect("an answer"), "go");
        }
        release.send(()).expect("it waits");
        assert_eq!(line(&mut slow), "block");
    });
}

#[test]
fn both_workers_serve_at_the_same_time() {
    wait::within(PATIENCE, || {
        // Nobody gets an answer before two services run side by side.
        let meeting = Barrier::new(2);
        let service = move |line: &str, answer: &mut Vec<u8>| {
            meeting.wait();
            answer.extend_from_slice(line.as_bytes());
        };
        let server = serve(KIND, config(), service);
        let (mut a, mut b) = (client(&server), client(&server));
        a.send(b"a\n").expect("connected");
        assert_eq!(b.ask("b").expect("an answer"), "b");
        assert_eq!(line(&mut a), "a");
    });
}
