//! Stage 6: nodes over real sockets; what a stranger sends is counted and dropped.

mod support;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use astrolabe_monitoring::aggregate::Partial;
use astrolabe_monitoring::error::Error;
use astrolabe_monitoring::live::{Client, Server, Settings, Traffic};
use astrolabe_monitoring::message::{Action, Delta, Message};
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::row::{Content, Row};
use astrolabe_monitoring::wire::{LONGEST, Seal, encode};
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;
use labkit::wait;

use support::{leaf, path};

type Address = SocketAddr;

const PATIENCE: Duration = Duration::from_secs(60);

fn seal() -> Seal {
    Seal::new(b"a key of the tests' own")
}

/// Any free port.
fn loopback() -> Address {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// A node in a thread.
struct Running {
    address: Address,
    shutdown: Shutdown,
    thread: JoinHandle<Result<Traffic, Error>>,
}

impl Running {
    fn start(at: &str, join: &[Address], seal: Seal) -> Self {
        let server = Server::bind(Settings {
            path: path(at),
            listen: loopback(),
            join: join.to_vec(),
            round: Duration::from_millis(20),
            seal,
            seed: 1,
        });
        let server = server.expect("a free port");
        let (address, shutdown) = (server.address(), Shutdown::new());
        let switch = shutdown.clone();
        let thread = thread::spawn(move || server.run(&switch));
        Running {
            address,
            shutdown,
            thread,
        }
    }

    fn stop(self) -> Traffic {
        self.shutdown.trigger();
        self.thread.join().expect("no panic").expect("no failure")
    }
}

fn counts(node: Address) -> u64 {
    let mut client = Client::new(seal(), Stream::named(2, "client"));
    let answer = client.ask(node, Action::Read, &Query::standing(), PATIENCE);
    answer
        .expect("it answers")
        .map_or(0, |summary| summary.covered)
}

#[test]
fn nodes_find_each_other_and_answer() {
    wait::within(PATIENCE * 2, || {
        let first = Running::start("/a/n1", &[], seal());
        let join = [first.address];
        let others = ["/a/n2", "/b/n3"].map(|at| Running::start(at, &join, seal()));
        assert!(wait::until(PATIENCE, || others
            .iter()
            .all(|it| counts(it.address) == 3)));
        // A new query, at a node that has never heard of it.
        let query = Query::parse("SELECT COUNT(*), MAX(load), TOP(2, cpu)").expect("a query");
        let mut client = Client::new(seal(), Stream::named(3, "client"));
        let node = others[1].address;
        let summary = client
            .query(node, &query, PATIENCE, false)
            .expect("an answer");
        assert_eq!(summary.partials[0], Partial::Count(3));
        for node in others {
            node.stop();
        }
        let traffic = first.stop();
        assert!(
            traffic.received > 0 && traffic.counts.news > 0,
            "{traffic:?}"
        );
        assert_eq!(traffic.forged + traffic.malformed + traffic.oversized, 0);
    });
}

#[test]
fn a_strangers_datagrams_are_counted_and_change_nothing() {
    wait::within(PATIENCE * 2, || {
        let node = Running::start("/a/n1", &[], seal());
        let socket = UdpSocket::bind(loopback()).expect("a free port");
        let stranger = Seal::new(b"another key, of somebody else");
        let mut delta = Delta::from(&path("/a/n2"));
        let content = Content::Leaf(leaf("/a/n2", &[("cpu", 99)]));
        let row = Row::new("n2".into(), 1_000, 1, [loopback()].into(), content);
        delta.rows = vec![(1, Arc::new(row))];
        let forged = encode(&Message::Delta(delta), &stranger).expect("short");
        // Nothing, a word, too much, another key, and not even our format.
        let sent = [
            &b""[..],
            b"hello",
            &[0; LONGEST + 100],
            &forged,
            &forged[1..],
        ];
        for datagram in sent {
            socket.send_to(datagram, node.address).expect("loopback");
        }
        // It is asked behind them on the same way, so they have arrived before.
        assert!(wait::until(PATIENCE, || counts(node.address) == 1));
        let another = Running::start("/a/n3", &[node.address], stranger);
        assert_eq!(counts(node.address), 1);
        another.stop();
        let traffic = node.stop();
        assert_eq!(
            (traffic.oversized, traffic.malformed),
            (1, 3),
            "{traffic:?}"
        );
        assert!(traffic.forged >= 1, "{traffic:?}");
    });
}

#[test]
fn of_two_nodes_with_one_name_one_ends_with_an_error() {
    wait::within(PATIENCE * 2, || {
        let first = Running::start("/a/n1", &[], seal());
        let pair = [(); 2].map(|()| Running::start("/a/n2", &[first.address], seal()));
        let ended = |it: &&Running| it.thread.is_finished();
        assert!(wait::until(PATIENCE, || pair.iter().any(|it| ended(&it))));
        // The other one stays, and is counted.
        assert!(wait::until(PATIENCE, || counts(first.address) == 2));
        assert_eq!(pair.iter().filter(ended).count(), 1);
        for node in pair {
            node.shutdown.trigger();
            match node.thread.join().expect("no panic") {
                Ok(traffic) => assert!(traffic.counts.conflicts > 0),
                Err(error) => assert!(error.to_string().contains("/a/n2 is taken"), "{error}"),
            }
        }
        first.stop();
    });
}
