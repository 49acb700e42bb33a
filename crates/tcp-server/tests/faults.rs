//! What goes wrong around a server: resets, floods, silence, and strangers on its port.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use labkit::wait;
use nix::sys::socket::{setsockopt, sockopt};
use support::{PATIENCE, client, config, deaf, each, line, rest, serve, socket};
use tcp_server::load::{Crowd, Load, Until};
use tcp_server::measure::ServerProcess;
use tcp_server::{Config, Echo, Error, Kind, Server};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tcp-server");

/// Closes with a reset instead of an end.
fn reset(socket: TcpStream) {
    let at_once = nix::libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    setsockopt(&socket, sockopt::Linger, &at_once).expect("a TCP socket");
}

#[test]
fn a_reset_peer_is_counted_and_hurts_nobody() {
    each(|kind| {
        let server = serve(kind, config(), Echo);
        let mut good = client(&server);
        for _ in 0..10 {
            let mut bad = socket(&server);
            bad.write_all(b"half a li").expect("connected");
            // Once it has been accepted: a reset in the backlog is the kernel's affair.
            let accepted = || server.statistics().open == 2;
            assert!(wait::until(PATIENCE, accepted), "{kind}");
            reset(bad);
            let gone = || server.statistics().open == 1;
            assert!(wait::until(PATIENCE, gone), "{kind}");
        }
        assert_eq!(server.statistics().broken, 10, "{kind}");
        assert_eq!(good.ask("a").expect("an answer"), "Echo: a", "{kind}");
    });
}

#[test]
fn who_never_reads_costs_no_more_than_the_limits() {
    each(|kind| {
        let program = Path::new(PROGRAM);
        let server = ServerProcess::start(program, kind, &[]).expect("it starts");
        let first = deaf(server.address());
        let before = server.memory().expect("it runs").pss;
        let all: Vec<TcpStream> = (0..10).map(|_| deaf(server.address())).collect();
        let after = server.memory().expect("it runs").pss;
        // Unsent answers, what was read beside them, and what a growing buffer has in reserve.
        let each = after.saturating_sub(before) / 10;
        eprintln!("{kind}: {} KiB for each that never reads", each / 1024);
        assert!(each < 512 * 1024, "{kind}: {each} bytes for each");
        drop((first, all));
        assert!(server.stop().expect("it ends"), "{kind}");
    });
}

#[test]
fn who_never_reads_is_ended_for_its_silence() {
    each(|kind| {
        let config = Config {
            idle_timeout: Duration::from_millis(300),
            ..config()
        };
        let server = serve(kind, config, Echo);
        let _deaf = deaf(server.local_addr());
        let gone = || server.statistics().open == 0;
        assert!(wait::until(PATIENCE, gone), "{kind}");
        let seen = server.statistics();
        assert!(seen.idle + seen.broken > 0, "{kind}");
    });
}

#[test]
fn single_bytes_split_characters_and_line_ends() {
    each(|kind| {
        let server = serve(kind, config(), Echo);
        let mut socket = socket(&server);
        socket.set_nodelay(true).expect("a TCP socket");
        for byte in "grüß\r\n€\n\r\n".bytes() {
            socket.write_all(&[byte]).expect("connected");
        }
        let said = rest(socket);
        assert_eq!(said, "Echo: grüß\r\nEcho: €\nEcho: \r\n", "{kind}");
    });
}

#[test]
fn a_line_too_long_a_cap_and_silence_have_their_words_everywhere() {
    each(|kind| {
        let config = Config {
            max_line: 10,
            max_connections: 1,
            idle_timeout: Duration::from_millis(200),
            ..config()
        };
        let server = serve(kind, config, Echo);
        let mut only = client(&server);
        only.send(b"too long a line\nok\n").expect("connected");
        assert_eq!(
            line(&mut only),
            "error: line longer than 10 bytes; it was skipped"
        );
        assert_eq!(line(&mut only), "Echo: ok", "{kind}");
        let said = line(&mut only);
        assert!(
            said.starts_with("error: nothing was sent"),
            "{kind}: {said}"
        );
        assert_eq!(only.receive().expect("closed, not reset"), None);
    });
}

#[test]
fn a_full_server_says_so_even_to_who_speaks_first() {
    each(|kind| {
        let config = Config {
            max_connections: 1,
            ..config()
        };
        let server = serve(kind, config, Echo);
        let mut only = client(&server);
        assert_eq!(only.ask("a").expect("an answer"), "Echo: a");
        let mut second = socket(&server);
        // It may be closed already, which is no less a refusal.
        let _ = second.write_all(b"hello\n");
        let mut said = Vec::new();
        let mut byte = [0];
        while let Ok(1) = second.read(&mut byte) {
            said.extend_from_slice(&byte);
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            said.starts_with("error: all 1 connections"),
            "{kind}: {said}"
        );
        assert_eq!(only.ask("b").expect("an answer"), "Echo: b");
    });
}

#[test]
fn a_panic_in_the_service_is_one_connections_affair() {
    each(|kind| {
        let service = |line: &str, answer: &mut Vec<u8>| {
            assert_ne!(line, "boom", "as planned");
            answer.extend_from_slice(line.as_bytes());
        };
        let server = serve(kind, config(), service);
        for _ in 0..5 {
            client(&server)
                .ask("boom")
                .expect_err("its service panicked");
        }
        assert_eq!(client(&server).ask("fine").expect("an answer"), "fine");
    });
}

#[test]
fn limits_out_of_range_are_refused_with_what_would_be_right() {
    let refused = |config: Config| {
        let error = Server::start(Kind::Pool, config, Echo).expect_err("it can't work");
        error.to_string()
    };
    let no_threads = Config {
        threads: 0,
        ..config()
    };
    assert_eq!(refused(no_threads), "threads: 0 is not within 1 to 1024");
    let no_time = Config {
        idle_timeout: Duration::ZERO,
        ..config()
    };
    assert!(refused(no_time).starts_with("an idle time of 0"));
}

#[test]
fn a_load_without_a_server_says_so() {
    let server = serve(Kind::Threads, config(), Echo);
    let address = server.local_addr();
    drop(server);
    let error = Crowd::connect(address, &Load::default()).expect_err("nobody listens");
    assert!(matches!(error, Error::Connect { .. }), "{error}");
}

#[test]
fn wrong_answers_are_counted_by_the_load() {
    wait::within(PATIENCE, || {
        let wrong = |line: &str, answer: &mut Vec<u8>| {
            answer.extend_from_slice(b"Echo: ");
            answer.extend(line.bytes().map(|byte| byte ^ 1));
        };
        let server = serve(Kind::Readiness, config(), wrong);
        let load = Load {
            connections: 7,
            ..Load::default()
        };
        let mut crowd = Crowd::connect(server.local_addr(), &load).expect("all connect");
        let outcome = crowd.run(Until::Batches(3)).expect("the poller works");
        assert_eq!((outcome.messages, outcome.failures), (0, 7));
        let answered = || server.statistics().messages == 7;
        assert!(
            wait::until(PATIENCE, answered),
            "all were answered, wrongly"
        );
    });
}
