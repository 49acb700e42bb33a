//! Stage 4: a loop on each core.

mod support;

use std::io::Write;

use labkit::wait;
use support::{PATIENCE, client, config, echo, line, rest, serve, socket};
use tcp_server::load::{Crowd, Load, Until};
use tcp_server::{Config, Echo, Kind};

const KIND: Kind = Kind::Readiness;

#[test]
fn a_line_is_echoed_in_pieces_or_together() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
        let mut client = client(&server);
        for byte in b"byte by byte\n" {
            client.send(&[*byte]).expect("connected");
        }
        assert_eq!(line(&mut client), "Echo: byte by byte");
        client.send(b"one\r\ntwo\n").expect("connected");
        assert_eq!(line(&mut client), "Echo: one");
        assert_eq!(line(&mut client), "Echo: two");
    });
}

#[test]
fn a_crowd_gets_right_answers() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
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
    });
}

#[test]
fn more_than_the_buffers_hold_goes_through_in_order() {
    wait::within(PATIENCE, || {
        let server = serve(
            KIND,
            Config {
                max_output: 1_000,
                ..config()
            },
            Echo,
        );
        let mut sender = socket(&server);
        let reader = sender.try_clone().expect("a second handle");
        let text: String = (0..400_000).map(|n| format!("{n}\n")).collect();
        let expected: String = (0..400_000).map(|n| format!("Echo: {n}\n")).collect();
        let writer = std::thread::spawn(move || {
            // It blocks for as long as nobody reads the answers.
            sender.write_all(text.as_bytes()).expect("connected");
            sender
                .shutdown(std::net::Shutdown::Write)
                .expect("connected");
        });
        let mut got = Vec::new();
        std::io::copy(&mut &reader, &mut got).expect("closed, not reset");
        writer.join().expect("all was sent");
        assert!(got == expected.as_bytes(), "{} bytes came", got.len());
    });
}

#[test]
fn an_answer_larger_than_all_buffers_arrives_whole() {
    const SIZE: usize = 64 << 20;
    wait::within(PATIENCE, || {
        let service = |_: &str, answer: &mut Vec<u8>| answer.resize(SIZE, b'x');
        let server = serve(KIND, config(), service);
        let mut client = client(&server);
        // Nothing more is sent, so only room to write can wake the loop.
        client.send(b"all of it\n").expect("connected");
        assert_eq!(line(&mut client).len(), SIZE);
    });
}

#[test]
fn who_never_reads_stops_nobody_else_on_the_same_loop() {
    wait::within(PATIENCE, || {
        let one_loop = Config {
            threads: 1,
            ..config()
        };
        let server = serve(KIND, one_loop, Echo);
        let mut deaf = socket(&server);
        deaf.set_nonblocking(true).expect("a socket");
        let line = [b'x'; 999]
            .iter()
            .chain(b"\n")
            .copied()
            .collect::<Vec<u8>>();
        // Until the kernel's buffers on both sides are full.
        let mut patience = 0;
        while patience < 100 {
            match deaf.write(&line) {
                Ok(0) => panic!("a socket takes something, or says that it does not"),
                Ok(_) => patience = 0,
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                    patience += 1;
                    assert_eq!(client(&server).ask("a").expect("an answer"), "Echo: a");
                }
            }
        }
    });
}

#[test]
fn a_half_closed_peer_gets_all_its_answers() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
        let mut socket = socket(&server);
        socket.write_all(b"one\ntwo\r\nthree").expect("connected");
        assert_eq!(rest(socket), "Echo: one\nEcho: two\r\nEcho: three\n");
    });
}
