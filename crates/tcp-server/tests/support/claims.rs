//! What each of the four servers has to hold. A stage asks it of the kind that it is about.

use std::io::{self, Write};
use std::net::Shutdown;
use std::thread;

use labkit::wait;
use tcp_server::load::{Crowd, Load, Until};
use tcp_server::{Config, Echo, Kind};

use super::{PATIENCE, client, config, deaf, echo, line, rest, serve, socket};

pub(crate) fn a_line_is_echoed_in_pieces_or_together(kind: Kind) {
    wait::within(PATIENCE, move || {
        let server = echo(kind);
        let mut client = client(&server);
        for byte in b"byte by byte\n" {
            client.send(&[*byte]).expect("connected");
        }
        assert_eq!(line(&mut client), "Echo: byte by byte");
        client.send(b"one\r\ntwo\nthr").expect("connected");
        assert_eq!(line(&mut client), "Echo: one");
        assert_eq!(line(&mut client), "Echo: two");
        client.send(b"ee\n").expect("connected");
        assert_eq!(line(&mut client), "Echo: three");
    });
}

pub(crate) fn lines_are_answered_in_order(kind: Kind) {
    wait::within(PATIENCE, move || {
        let server = echo(kind);
        let mut client = client(&server);
        for number in 0..2_000 {
            let words = format!("{number}\n");
            client.send(words.as_bytes()).expect("connected");
        }
        for number in 0..2_000 {
            assert_eq!(line(&mut client), format!("Echo: {number}"));
        }
    });
}

pub(crate) fn a_half_closed_peer_gets_all_its_answers(kind: Kind) {
    wait::within(PATIENCE, move || {
        let server = echo(kind);
        let mut socket = socket(&server);
        socket.write_all(b"one\ntwo\r\nthree").expect("connected");
        assert_eq!(rest(socket), "Echo: one\nEcho: two\r\nEcho: three\n");
    });
}

pub(crate) fn a_crowd_gets_right_answers(kind: Kind) {
    wait::within(PATIENCE, move || {
        let server = echo(kind);
        let load = Load {
            connections: 300,
            pipeline: 5,
            ..Load::default()
        };
        let mut crowd = Crowd::connect(server.local_addr(), &load).expect("all connect");
        let outcome = crowd.run(Until::Batches(10)).expect("the poller works");
        assert_eq!((outcome.messages, outcome.failures), (300 * 5 * 10, 0));
        // The last answer may be read before it is counted.
        let counted = || server.statistics().messages == outcome.messages;
        assert!(wait::until(PATIENCE, counted), "each is counted once");
        let seen = server.statistics();
        assert_eq!(seen.latency.count(), seen.messages);
        assert_eq!((seen.accepted, seen.open), (300, 300));
        let answers = Echo::PREFIX.len() as u64 * seen.messages;
        assert_eq!(seen.bytes_out, seen.bytes_in + answers);
    });
}

pub(crate) fn more_than_the_buffers_hold_goes_through_in_order(kind: Kind) {
    wait::within(PATIENCE, move || {
        let config = Config {
            max_output: 1_000,
            ..config()
        };
        let server = serve(kind, config, Echo);
        let mut sender = socket(&server);
        let reader = sender.try_clone().expect("a second handle");
        let text: String = (0..400_000).map(|n| format!("{n}\n")).collect();
        let expected: String = (0..400_000).map(|n| format!("Echo: {n}\n")).collect();
        let writer = thread::spawn(move || {
            // It blocks for as long as nobody reads the answers.
            sender.write_all(text.as_bytes()).expect("connected");
            sender.shutdown(Shutdown::Write).expect("connected");
        });
        let mut got = Vec::new();
        io::copy(&mut &reader, &mut got).expect("closed, not reset");
        writer.join().expect("all was sent");
        assert!(got == expected.as_bytes(), "{} bytes came", got.len());
    });
}

pub(crate) fn an_answer_larger_than_all_buffers_arrives_whole(kind: Kind) {
    const SIZE: usize = 64 << 20;
    wait::within(PATIENCE, move || {
        let service = |_: &str, answer: &mut Vec<u8>| answer.resize(SIZE, b'x');
        let server = serve(kind, config(), service);
        let mut client = client(&server);
        // Nothing more is sent, so only room to write can wake the server.
        client.send(b"all of it\n").expect("connected");
        assert_eq!(line(&mut client).len(), SIZE);
    });
}

pub(crate) fn who_never_reads_stops_nobody_else(kind: Kind) {
    wait::within(PATIENCE, move || {
        let one_thread = Config {
            threads: 1,
            ..config()
        };
        let server = serve(kind, one_thread, Echo);
        let _deaf = deaf(server.local_addr());
        let mut other = client(&server);
        assert_eq!(other.ask("and I?").expect("an answer"), "Echo: and I?");
    });
}
