//! Simulated requests per second, the order of messages against a heap of all of them, and what the
//! adaptive strategy costs against the best of the others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::rng::Stream;
use labkit::versus::{Suite, Target, Work};
use replication_strategies::comparison::{MIXES, compare_mixes};
use replication_strategies::config::{Config, Settings};
use replication_strategies::network::Network;
use replication_strategies::simulator::simulate;
use replication_strategies::strategy::Kind;
use replication_strategies::topology::Topology;

/// Requests of a round.
const REQUESTS: u64 = 1_000_000;

/// Messages of a round.
const MESSAGES: u32 = 500_000;

/// Seeds that no parameter was chosen on.
const SEEDS: Range<u64> = 100..110;

/// One message in the books of a heap: when it arrives, and the message.
type Entry = Reverse<(u64, u32, [u64; 3])>;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    for (name, write_share) in [("95 % reads", 0.05), ("50 % reads", 0.5)] {
        let settings = Settings {
            write_share,
            requests: REQUESTS,
            ..Settings::default()
        };
        let config = Config::new(settings).expect("allowed settings");
        let round = |kind: Kind| {
            let config = &config;
            move || {
                let watch = Stopwatch::start();
                assert_eq!(simulate(config, kind, 1).unaccounted, 0);
                watch.elapsed()
            }
        };
        let requests = Work::items(REQUESTS as f64, "requests");
        let mut contest = suite
            .contest(format!("simulated requests, one core, {name}"), requests)
            .ours(Kind::Full.name(), round(Kind::Full));
        for kind in Kind::ALL.into_iter().skip(1) {
            contest = contest.peer(kind.name(), Target::None, round(kind));
        }
        contest.run();
    }
    let sends = sends();
    suite
        .contest(
            "messages in order",
            Work::items(f64::from(MESSAGES), "messages"),
        )
        .ours("tournament of links", || tournament(&sends))
        .peer("std BinaryHeap", Target::AtLeast(1.0), || heap(&sends))
        .run();
    let seeds = if suite.quick() { 100..102 } else { SEEDS };
    for note in ratios(seeds) {
        suite.note(note);
    }
    suite.finish()
}

fn topology() -> Topology {
    let settings = Settings::default();
    Topology::of_regions(&settings.regions, settings.mbit).expect("known regions")
}

/// What is sent: from where, where to, how long after the one before, how many bytes.
fn sends() -> Vec<(usize, usize, u64, u32)> {
    let mut chance = Stream::named(1, "sends");
    (0..MESSAGES)
        .map(|_| {
            let bytes = u32::try_from(chance.below(400_000)).expect("small");
            (
                chance.index(10),
                chance.index(10),
                chance.below(200_000),
                bytes,
            )
        })
        .collect()
}

/// Some thousand messages are under way at any time.
fn tournament(sends: &[(usize, usize, u64, u32)]) -> Duration {
    let mut network = Network::new(topology());
    let (mut now, mut delivered) = (0, 0);
    let watch = Stopwatch::start();
    for (from, to, gap, bytes) in sends {
        now += gap;
        while network.next_at() <= now {
            delivered += usize::from(network.deliver().is_some());
        }
        network.send(*from, *to, now, *bytes, [now; 3]);
    }
    while network.deliver().is_some() {
        delivered += 1;
    }
    assert_eq!(delivered, sends.len());
    watch.elapsed()
}

/// The same arithmetic of links, with all messages in one heap.
fn heap(sends: &[(usize, usize, u64, u32)]) -> Duration {
    let topology = topology();
    let mut busy_until = vec![0_u64; 100];
    let mut heap: BinaryHeap<Entry> = BinaryHeap::new();
    let (mut now, mut delivered, mut received) = (0, 0, 0);
    let watch = Stopwatch::start();
    for (from, to, gap, bytes) in sends {
        now += gap;
        while let Some(Reverse((at, size, _))) = heap.peek()
            && *at <= now
        {
            received += u64::from(*size);
            heap.pop();
            delivered += 1;
        }
        let link = from * 10 + to;
        let sent = now.max(busy_until[link]) + topology.transmission_ns(u64::from(*bytes));
        busy_until[link] = sent;
        heap.push(Reverse((
            sent + topology.one_way_ns(*from, *to),
            *bytes,
            [now; 3],
        )));
    }
    while let Some(Reverse((_, size, _))) = heap.pop() {
        received += u64::from(size);
        delivered += 1;
    }
    assert_eq!(delivered, sends.len());
    assert!(received > 0);
    watch.elapsed()
}

/// What the adaptive strategy costs as a multiple of the best other one, as a sentence for each mix.
fn ratios(seeds: Range<u64>) -> Vec<String> {
    let count = seeds.clone().count();
    let mut of_mixes = vec![Vec::new(); MIXES.len()];
    for seed in seeds {
        let mixes = compare_mixes(&Settings::default(), seed, &|| ()).expect("allowed settings");
        for (ratios, mix) in of_mixes.iter_mut().zip(&mixes) {
            ratios.push(mix.adaptive_ratio());
        }
    }
    let told = of_mixes.iter().zip(MIXES).map(|(ratios, share)| {
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        format!(
            "Adaptive against the best other strategy, {} % writes, {count} seeds: {:.3} times its cost on \
             average, {worst:.3} at worst; it is to be at most 1.05.",
            100.0 * share,
            labkit::stats::mean(ratios),
        )
    });
    told.collect()
}
