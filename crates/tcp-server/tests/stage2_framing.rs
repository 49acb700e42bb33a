//! Stage 2: line ends and lengths, and what a connection may cost.

mod support;

use std::io::{Read, Write};
use std::time::Duration;

use labkit::wait;
use support::{PATIENCE, claims, client, config, echo, line, serve, socket};
use tcp_server::framer::{Found, Frame, Framer};
use tcp_server::session::{End, Limits, Session};
use tcp_server::{Config, Echo, Kind};

const KIND: Kind = Kind::Threads;
const LIMITS: Limits = Limits {
    max_line: 10,
    max_output: 64,
};

/// All frames of a text, each as text; `!` is a line that was too long.
fn frames(limit: usize, bytes: &[u8]) -> Vec<String> {
    let mut framer = Framer::new(limit);
    let (mut found, mut at) = (Vec::new(), 0);
    loop {
        let step = framer.next(&bytes[at..]);
        at += step.used;
        match step.frame {
            Some(Frame::Line { text, crlf }) => {
                let end = if crlf { "\\r\\n" } else { "\\n" };
                found.push(format!("{}{end}", String::from_utf8_lossy(text)));
            }
            Some(Frame::TooLong) => found.push("!".to_owned()),
            None => return found,
        }
    }
}

#[test]
fn lines_end_with_lf_or_crlf() {
    for (bytes, expected) in [
        (&b"a\nb\r\nc"[..], &["a\\n", "b\\r\\n"][..]),
        (b"\n\r\n", &["\\n", "\\r\\n"]),
        (b"a\rb\n", &["a\rb\\n"]),
        (b"a\r\r\n", &["a\r\\r\\n"]),
        (b"1234567890\n", &["1234567890\\n"]),
        (b"1234567890\r\n", &["1234567890\\r\\n"]),
        (b"12345678901\nab\n", &["!", "ab\\n"]),
        (b"12345678901\r\nab\n", &["!", "ab\\n"]),
        (b"1234567890123", &["!"]),
        (b"1234567890123\n\n", &["!", "\\n"]),
    ] {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(frames(10, bytes), expected, "{text:?}");
    }
}

#[test]
fn a_line_that_is_too_long_is_told_before_its_end_and_once() {
    let mut framer = Framer::new(10);
    let nothing = Found {
        used: 0,
        frame: None,
    };
    assert_eq!(framer.next(b"12345678901"), nothing, "it may still be a CR");
    assert_eq!(framer.next(b"123456789012").frame, Some(Frame::TooLong));
    for _ in 0..3 {
        let step = framer.next(b"more and more");
        assert_eq!((step.used, step.frame), (13, None), "it is skipped");
    }
    let step = framer.next(b"end\nok\n");
    assert_eq!(step.used, 7);
    let line = Frame::Line {
        text: b"ok",
        crlf: false,
    };
    assert_eq!(step.frame, Some(line));
}

#[test]
fn a_session_answers_with_the_line_end_that_it_was_asked_with() {
    let mut session = Session::new(LIMITS);
    session.receive(b"a\r\nb\n12345678901\nc\n", &Echo);
    let said = String::from_utf8_lossy(session.output()).into_owned();
    let too_long = "error: line longer than 10 bytes; it was skipped";
    assert_eq!(said, format!("Echo: a\r\nEcho: b\n{too_long}\n"));
    let length = session.output().len();
    session.sent(length, &Echo);
    assert_eq!(session.output(), b"Echo: c\n", "it had waited for room");
}

#[test]
fn a_last_line_needs_no_end() {
    let mut session = Session::new(LIMITS);
    session.receive(b"a\nlast", &Echo);
    session.end(End::Closed, &Echo);
    assert_eq!(session.output(), b"Echo: a\nEcho: last\n");
    assert!(!session.is_over(), "there is something to send");
    session.sent(19, &Echo);
    assert!(session.is_over());
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    let mut session = Session::new(LIMITS);
    let mut fed = 0;
    while session.wants_input() {
        session.receive(b"123456789\n123456789\n", &Echo);
        fed += 1;
        assert!(fed < 100, "it never has enough");
    }
    let kept = session.output().len();
    assert!(kept < LIMITS.max_output + 20, "{kept} bytes are waiting");
    // Everything that was taken is answered in the end, and no more is kept.
    let mut lines = 0;
    while !session.output().is_empty() {
        lines += session.output().iter().filter(|b| **b == b'\n').count();
        let length = session.output().len();
        session.sent(length, &Echo);
    }
    assert_eq!(lines, 2 * fed);
    assert_eq!(session.buffered(), 0, "a quiet session holds no buffers");
    assert!(session.wants_input());
    session.receive(b"half", &Echo);
    assert!(session.buffered() < 64, "and half a line costs little");
}

#[test]
fn bytes_that_are_no_text_kill_nothing() {
    wait::within(PATIENCE, || {
        let server = echo(KIND);
        let mut client = client(&server);
        client.send(b"\xff\xfe \xc3\nplain\n").expect("connected");
        assert_eq!(line(&mut client), "Echo: \u{fffd}\u{fffd} \u{fffd}");
        assert_eq!(line(&mut client), "Echo: plain");
    });
}

#[test]
fn after_a_line_that_is_too_long_the_next_one_is_answered() {
    wait::within(PATIENCE, || {
        let server = serve(
            KIND,
            Config {
                max_line: 100,
                ..config()
            },
            Echo,
        );
        let mut client = client(&server);
        client.send(&[b'x'; 100_000]).expect("connected");
        let said = line(&mut client);
        assert_eq!(said, "error: line longer than 100 bytes; it was skipped");
        assert_eq!(client.ask("\nok").expect("an answer"), "Echo: ok");
        assert_eq!(server.statistics().too_long, 1);
    });
}

#[test]
fn a_half_closed_peer_gets_all_its_answers() {
    claims::a_half_closed_peer_gets_all_its_answers(KIND);
}

#[test]
fn one_connection_too_many_is_told_so_and_a_free_place_is_used_again() {
    wait::within(PATIENCE, || {
        let server = serve(
            KIND,
            Config {
                max_connections: 2,
                ..config()
            },
            Echo,
        );
        let (mut first, mut second) = (client(&server), client(&server));
        assert_eq!(first.ask("1").expect("an answer"), "Echo: 1");
        assert_eq!(second.ask("2").expect("an answer"), "Echo: 2");
        let said = line(&mut client(&server));
        assert_eq!(said, "error: all 2 connections are in use; try again later");
        assert_eq!(server.statistics().refused, 1);
        drop(first);
        assert!(wait::until(PATIENCE, || server.statistics().open < 2));
        assert_eq!(client(&server).ask("3").expect("an answer"), "Echo: 3");
    });
}

#[test]
fn who_is_silent_for_too_long_is_told_so_and_closed() {
    wait::within(PATIENCE, || {
        let idle_timeout = Duration::from_millis(100);
        let config = Config {
            idle_timeout,
            ..config()
        };
        let server = serve(KIND, config, Echo);
        let mut socket = socket(&server);
        socket.write_all(b"half a line").expect("connected");
        let mut said = String::new();
        socket.read_to_string(&mut said).expect("closed in words");
        assert!(
            said.starts_with("error: nothing was sent or read"),
            "{said}"
        );
        assert_eq!(server.statistics().idle, 1);
    });
}

#[test]
fn a_service_that_panics_loses_its_connection_only() {
    wait::within(PATIENCE, || {
        let service = |line: &str, answer: &mut Vec<u8>| {
            assert_ne!(line, "boom", "as planned");
            answer.extend_from_slice(line.as_bytes());
        };
        let server = serve(KIND, config(), service);
        let (mut good, mut bad) = (client(&server), client(&server));
        bad.ask("boom").expect_err("its service panicked");
        assert_eq!(good.ask("fine").expect("an answer"), "fine");
    });
}
