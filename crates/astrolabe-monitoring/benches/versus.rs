//! Datagrams handled per core per second, beside bare UDP; and rounds for ten thousand nodes.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_monitoring::agent::{Agent, Config, Round};
use astrolabe_monitoring::detector::Detector;
use astrolabe_monitoring::message::Message;
use astrolabe_monitoring::query::Attribute;
use astrolabe_monitoring::simulation::{Plan, measure, theory};
use astrolabe_monitoring::value::Value;
use astrolabe_monitoring::wire::{LONGEST, Seal, decode, encode};
use labkit::clock::Stopwatch;
use labkit::rng::Stream;
use labkit::sim::{Context, Effect, Event, Node, Payload};
use labkit::versus::{Suite, Target, Work};

/// Nodes of one zone, all on one thread; and rounds in which each of them begins an exchange.
const NODES: usize = 22;
const ROUNDS: u32 = 60;

type Address = SocketAddr;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let (messages, sizes) = Zone::new(false).run();
    let work = Work::items(messages as f64, "messages");
    suite
        .contest("UDP messages of gossip on one core", work)
        .ours("signed, over sockets", || {
            timed(&mut Zone::new(true), messages)
        })
        .peer("signed, without sockets", Target::None, || {
            timed(&mut Zone::new(false), messages)
        })
        .peer("bare UDP, as many bytes", Target::None, || bare(&sizes))
        .run();
    let nodes = if suite.quick() { 1_000 } else { 10_000 };
    for loss in [0.0, 0.1, 0.3] {
        suite.note(rounds(nodes, loss));
    }
    suite.finish()
}

/// How far a change gets, as a sentence.
fn rounds(nodes: u32, loss: f64) -> String {
    let plan = Plan::new(nodes, loss, 1).expect("an allowed plan");
    let watch = Stopwatch::start();
    let (convergence, tree) = measure(&plan, |_| ());
    let seconds = watch.seconds();
    let theory = theory(nodes);
    let rounds = |rounds: Option<f64>| rounds.unwrap_or(f64::NAN);
    let change = rounds(convergence.change.rounds());
    format!(
        "{nodes} nodes, {} % lost: a change came to 99.9 % in {change} rounds, {:.2} times log2 n + ln n = \
         {theory:.1} (at most 1.2 is asked for), with {:.1} kB sent per node; from nothing, all were \
         counted by 99.9 % in {} rounds. Simulated at {:.0} events a second.",
        100.0 * loss,
        change / theory,
        convergence.change.bytes as f64 / 1e3 / f64::from(nodes),
        rounds(convergence.start.rounds()),
        tree.stats().events as f64 / seconds,
    )
}

fn timed(zone: &mut Zone, messages: u64) -> Duration {
    let watch = Stopwatch::start();
    let (handled, _) = zone.run();
    let elapsed = watch.elapsed();
    // Chance is the same in every run, and so is what is sent; time isn't part of it.
    assert_eq!(handled, messages);
    elapsed
}

/// As many datagrams of the same sizes, sent and received on one thread.
fn bare(sizes: &[usize]) -> Duration {
    let [from, to] = [socket(), socket()];
    let address = to.local_addr().expect("it is bound");
    let (datagram, mut buffer) = ([7; LONGEST], [0; LONGEST]);
    let watch = Stopwatch::start();
    for size in sizes {
        from.send_to(&datagram[..*size], address).expect("loopback");
        black_box(to.recv_from(&mut buffer).expect("loopback"));
    }
    watch.elapsed()
}

fn socket() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port")
}

/// The nodes of one zone, each message encoded, sent, received, checked, decoded and handled in turn.
struct Zone {
    nodes: Vec<(Address, Agent<Address>)>,
    sockets: Vec<UdpSocket>,
    seal: Seal,
    chance: Stream,
    now: Duration,
    handled: u64,
    sizes: Vec<usize>,
}

impl Zone {
    fn new(over_sockets: bool) -> Self {
        let sockets: Vec<UdpSocket> = (0..NODES).map(|_| socket()).collect();
        let addresses: Vec<Address> = match over_sockets {
            true => sockets
                .iter()
                .map(|it| it.local_addr().expect("bound"))
                .collect(),
            // Of the same length and order, and nobody there.
            false => (1..)
                .take(NODES)
                .map(|port| (Ipv4Addr::LOCALHOST, port).into())
                .collect(),
        };
        let seeds: Arc<[Address]> = [addresses[0]].into();
        let make = |(node, address): (usize, Address)| {
            let round = Duration::from_secs(1);
            let measured =
                ["cpu", "mem", "load"].map(|name| (Attribute::new(name), Value::from(50)));
            let config = Config {
                path: format!("/site/rack/n{node}").parse().expect("a path"),
                round,
                detector: Some(Detector::every(round)),
                attributes: measured.into(),
            };
            (address, Agent::new(config, address, Arc::clone(&seeds)))
        };
        Zone {
            nodes: addresses.into_iter().enumerate().map(make).collect(),
            sockets: if over_sockets { sockets } else { Vec::new() },
            seal: Seal::new(b"a key of the bench's own"),
            chance: Stream::named(1, "bench"),
            now: Duration::ZERO,
            handled: 0,
            sizes: Vec::new(),
        }
    }

    /// All rounds; how many messages were handled, and their sizes.
    fn run(&mut self) -> (u64, Vec<usize>) {
        (0..NODES).for_each(|node| self.give(node, Event::Start));
        for _ in 0..ROUNDS {
            for node in 0..NODES {
                self.now += Duration::from_secs(1) / 22;
                self.give(node, Event::Timer(Round));
            }
        }
        (self.handled, std::mem::take(&mut self.sizes))
    }

    /// Gives a node an event, and all that follows from it to whom it is for.
    fn give(&mut self, node: usize, event: Event<'_, Agent<Address>>) {
        let mut effects = Vec::new();
        let (from, agent) = &mut self.nodes[node];
        let from = *from;
        agent.handle(
            event,
            &mut Context::new(self.now, &mut self.chance, &mut effects),
        );
        for effect in effects {
            if let Effect::Send { to, message } = effect {
                self.deliver(node, from, to, &message);
            }
        }
    }

    fn deliver(&mut self, node: usize, from: Address, to: Address, message: &Message<Address>) {
        let at = self
            .nodes
            .iter()
            .position(|it| it.0 == to)
            .expect("one of us");
        let datagram = encode(message, &self.seal).expect("short enough");
        self.sizes.push(message.size());
        self.handled += 1;
        let decoded = if self.sockets.is_empty() {
            decode(&datagram, &self.seal)
        } else {
            let mut buffer = [0; LONGEST];
            self.sockets[node].send_to(&datagram, to).expect("loopback");
            let (len, _) = self.sockets[at].recv_from(&mut buffer).expect("loopback");
            decode(&buffer[..len], &self.seal)
        };
        let message = decoded.expect("whole and signed").message;
        self.give(at, Event::Message { from, message });
    }
}
