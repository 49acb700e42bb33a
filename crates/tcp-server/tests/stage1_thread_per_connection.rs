//! Stage 1: a thread for each connection answers lines.

mod support;

use std::io::Write;
use std::sync::Arc;
use std::thread;

use labkit::wait;
use support::{PATIENCE, client, echo, line, serve, socket};
use tcp_server::service::{Echo, Service};
use tcp_server::{Kind, Server};

const KIND: Kind = Kind::Threads;

#[test]
fn the_service_puts_echo_before_the_line() {
    let mut answer = b"> ".to_vec();
    Echo.answer("hello", &mut answer);
    assert_eq!(answer, b"> Echo: hello", "what is there already stays");
}

#[test]
fn a_line_is_echoed() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
        let mut client = client(&server);
        assert_eq!(client.ask("hello").expect("an answer"), "Echo: hello");
        assert_eq!(client.ask("").expect("an answer"), "Echo: ");
        assert_eq!(client.ask("again").expect("an answer"), "Echo: again");
    });
}

#[test]
fn it_listens_on_this_machine_only_unless_told_otherwise() {
    let server = echo(KIND);
    assert!(server.local_addr().ip().is_loopback());
    assert_ne!(server.local_addr().port(), 0);
    assert_eq!(client(&server).ask("a").expect("an answer"), "Echo: a");
}

#[test]
fn clients_are_served_side_by_side() {
    wait::within(PATIENCE, || {
        let server = Arc::new(echo(KIND));
        // All are connected before the first one speaks, and the last one speaks first.
        let mut clients: Vec<_> = (0..50).map(|_| client(&server)).collect();
        for (number, client) in clients.iter_mut().enumerate().rev() {
            let said = client.ask(&number.to_string()).expect("an answer");
            assert_eq!(said, format!("Echo: {number}"));
        }
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let server = Arc::clone(&server);
                thread::spawn(move || {
                    let mut client = client(&server);
                    for round in 0..200 {
                        let words = format!("{number} says {round}");
                        let said = client.ask(&words).expect("an answer");
                        assert_eq!(said, format!("Echo: {words}"));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("all its answers were right");
        }
    });
}

#[test]
fn a_line_may_come_in_pieces_and_lines_may_come_together() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
        let mut client = client(&server);
        for byte in b"byte by byte\n" {
            client.send(&[*byte]).expect("connected");
        }
        assert_eq!(line(&mut client), "Echo: byte by byte");
        client.send(b"one\ntwo\nthr").expect("connected");
        assert_eq!(line(&mut client), "Echo: one");
        assert_eq!(line(&mut client), "Echo: two");
        client.send(b"ee\n").expect("connected");
        assert_eq!(line(&mut client), "Echo: three");
    });
}

#[test]
fn any_service_can_be_brought() {
    wait::within(PATIENCE, || {
        let service = |line: &str, answer: &mut Vec<u8>| {
            answer.extend(line.chars().rev().collect::<String>().into_bytes());
        };
        let server = serve(KIND, support::config(), service);
        assert_eq!(client(&server).ask("abc").expect("an answer"), "cba");
    });
}

#[test]
fn a_silent_client_takes_nothing_from_others() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
        let mut silent = socket(&server);
        silent.write_all(b"half a li").expect("connected");
        assert_eq!(client(&server).ask("a").expect("an answer"), "Echo: a");
    });
}

#[test]
fn a_port_in_use_is_said_with_advice() {
    let first = echo(KIND);
    assert_eq!(client(&first).ask("a").expect("an answer"), "Echo: a");
    let config = tcp_server::Config {
        address: first.local_addr(),
        ..support::config()
    };
    let error = Server::start(KIND, config, Echo).expect_err("it is taken");
    let words = error.to_string();
    assert!(words.contains("cannot listen on"), "{words}");
    assert!(words.contains("--port 0"), "{words}");
}
