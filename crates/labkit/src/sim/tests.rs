//! What a world promises: repeatable runs, the network's shares, faults, clocks, disks.

use std::time::Duration;

use super::*;
use crate::trace::{Fate, MarkKind, Trace};

const MS: Duration = Duration::from_millis(1);

/// Every `period` sends a number to the node behind it, counts what arrives, and keeps that on disk.
struct Counter {
    next: NodeId,
    sync: bool,
    sent: u64,
    arrived: u64,
    recovered: usize,
    last_time: Duration,
}

#[derive(Clone)]
struct Number(u64);

impl Payload for Number {
    fn digest(&self, digest: &mut Digest) {
        digest.word(self.0);
    }

    fn size(&self) -> usize {
        8
    }

    fn label(&self) -> String {
        self.0.to_string()
    }
}

impl Node for Counter {
    type Address = NodeId;
    type Message = Number;
    type Timer = u8;
    type Output = u64;

    fn handle(&mut self, event: Event<'_, Self>, context: &mut Context<'_, Self>) {
        self.last_time = context.now();
        match event {
            Event::Start => context.set(0, 10 * MS),
            Event::Restart { disk } => {
                self.recovered = disk.len();
                context.set(0, 10 * MS);
            }
            Event::Timer(_) => {
                self.sent += 1;
                context.append(vec![1]);
                if self.sync {
                    context.sync();
                }
                context.send(self.next, Number(self.sent));
                context.output(self.sent);
                context.set(0, 10 * MS);
            }
            Event::Message { .. } => self.arrived += 1,
        }
    }
}

fn counters(seed: u64, network: Network, nodes: u32, sync: bool) -> World<Counter> {
    World::new(seed, network, nodes, move |id| Counter {
        next: NodeId((id.0 + 1) % nodes),
        sync,
        sent: 0,
        arrived: 0,
        recovered: 0,
        last_time: Duration::ZERO,
    })
}

fn chaotic(seed: u64) -> (u64, Stats) {
    let mut world = counters(seed, Network::lossy(0.1), 5, false);
    world.schedule(Schedule::chaos(
        seed,
        &Chaos {
            nodes: 5,
            until: 3_000 * MS,
            rounds: 10,
            most_down: 2,
        },
    ));
    world.run_until(4_000 * MS);
    assert_eq!(world.nodes().count(), 5, "chaos leaves everybody up");
    (world.digest(), world.stats())
}

#[test]
fn the_same_seed_is_the_same_run_bit_for_bit() {
    explore("labkit", 20, |seed| {
        assert_eq!(chaotic(seed), chaotic(seed));
        assert_ne!(chaotic(seed).0, chaotic(seed + 1).0);
    });
}

#[test]
fn recording_changes_nothing() {
    let run = |record: bool| {
        let mut world = counters(3, Network::lossy(0.2), 3, true);
        if record {
            world.record(Trace::new("t", ["a", "b", "c"]));
        }
        world.run_until(1_000 * MS);
        world.digest()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn what_a_node_is_told_arrives_at_once_whatever_the_network_does() {
    let mut world = counters(1, Network::lossy(1.0), 2, false);
    world.run_until(MS);
    world.inflict(Fault::Partition(vec![vec![NodeId(0)]]));
    world.tell(NodeId(0), Number(7));
    assert_eq!(world.node(NodeId(0)).map(|node| node.arrived), Some(1));
    world.inflict(Fault::Crash(NodeId(0)));
    world.tell(NodeId(0), Number(8));
    assert_eq!((world.stats().delivered, world.stats().unreachable), (1, 1));
}

#[test]
fn every_message_is_accounted_for() {
    let mut world = counters(1, Network::lossy(0.3), 10, false);
    world.schedule(Schedule::new().at(500 * MS, Fault::Crash(NodeId(3))));
    world.schedule(
        Schedule::new()
            .at(600 * MS, Fault::Partition(vec![vec![NodeId(0)]]))
            .at(900 * MS, Fault::Heal),
    );
    // All stop sending by crashing, and what is under way arrives.
    for id in 0..10 {
        world.schedule(Schedule::new().at(20_000 * MS, Fault::Crash(NodeId(id))));
    }
    world.run_until(30_000 * MS);
    let stats = world.stats();
    let ends = stats.delivered + stats.lost + stats.cut + stats.unreachable;
    assert_eq!(stats.sent + stats.duplicated, ends, "{stats:?}");
    assert_eq!(stats.bytes, 8 * stats.sent);
    let loss = stats.lost as f64 / stats.sent as f64;
    assert!((0.28..0.32).contains(&loss), "{stats:?}");
    assert!(stats.cut > 0 && stats.duplicated > 0, "{stats:?}");
}

#[test]
fn a_one_way_partition_is_open_the_other_way() {
    let mut world = counters(1, Network::steady(MS), 2, false);
    world.inflict(Fault::OneWay {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
    });
    world.run_until(1_000 * MS);
    let arrived = |id| world.node(NodeId(id)).expect("up").arrived;
    assert_eq!((arrived(1), arrived(0) > 90), (0, true));
}

#[test]
fn a_crash_stops_timers_and_a_restart_gets_what_was_synced() {
    for (sync, least) in [(true, 10), (false, 0)] {
        let mut world = counters(1, Network::steady(MS), 2, sync);
        world.schedule(
            Schedule::new()
                .at(105 * MS, Fault::Crash(NodeId(0)))
                .at(1_000 * MS, Fault::Restart(NodeId(0))),
        );
        world.run_until(999 * MS);
        assert!(world.node(NodeId(0)).is_none());
        world.run_until(1_095 * MS);
        let node = world.node(NodeId(0)).expect("up again");
        assert!((least..=10).contains(&node.recovered), "{}", node.recovered);
        assert_eq!(node.sent, 9, "only timers set after the restart run out");
    }
}

#[test]
fn a_crash_midway_performs_a_prefix_of_the_effects() {
    let mut torn = 0;
    for seed in 0..50 {
        let mut world = counters(seed, Network::steady(MS), 2, true);
        world.schedule(Schedule::new().at(95 * MS, Fault::CrashMidway(NodeId(0))));
        world.run_until(200 * MS);
        let sent = world.node(NodeId(1)).expect("up").arrived;
        world.inflict(Fault::Restart(NodeId(0)));
        let kept = world.node(NodeId(0)).expect("up again").recovered as u64;
        assert!(kept >= sent, "sent only after it was synced");
        torn += u32::from(kept > sent);
    }
    assert!(torn > 0, "it crashes between sync and send as well");
}

#[test]
fn a_skewed_clock_shows_another_time_and_runs_at_another_speed() {
    let mut world = counters(1, Network::steady(MS), 2, false);
    let skew = Skew {
        offset_ns: -5_000_000_000,
        drift_ppm: 100_000,
    };
    world.inflict(Fault::Clock(NodeId(0), skew));
    world.run_until(10_005 * MS);
    let (fast, right) = (
        world.node(NodeId(0)).expect("up"),
        world.node(NodeId(1)).expect("up"),
    );
    // Ten per cent too fast: 11 s by its own count, less the five that it is behind.
    assert!(
        fast.last_time.abs_diff(6_000 * MS) < 20 * MS,
        "{:?}",
        fast.last_time
    );
    assert_eq!((right.sent, fast.sent), (1_000, 1_100));
}

#[test]
fn a_timer_set_again_runs_out_once_and_a_cancelled_one_never() {
    struct Setter(u32);
    impl Node for Setter {
        type Address = NodeId;
        type Message = Number;
        type Timer = u8;
        type Output = ();
        fn handle(&mut self, event: Event<'_, Self>, context: &mut Context<'_, Self>) {
            match event {
                Event::Start => {
                    context.set(1, MS);
                    context.set(1, 5 * MS);
                    context.set(2, 2 * MS);
                    context.cancel(2);
                }
                Event::Timer(timer) => {
                    assert_eq!((timer, context.now()), (1, 5 * MS));
                    self.0 += 1;
                }
                _ => {}
            }
        }
    }
    let mut world = World::new(1, Network::steady(MS), 1, |_| Setter(0));
    world.run_until(100 * MS);
    assert_eq!(world.node(NodeId(0)).map(|node| node.0), Some(1));
}

#[test]
fn outputs_come_with_time_and_place() {
    let mut world = counters(1, Network::steady(MS), 2, false);
    assert!(world.run_while_not(1_000 * MS, |world| world.stats().sent >= 2));
    let said: Vec<_> = world.take_said().into();
    assert_eq!(
        (said[1].at, said[1].node, said[1].what),
        (10 * MS, NodeId(1), 1)
    );
    assert!(!world.run_while_not(20 * MS, |_| false));
}

#[test]
fn a_world_records_what_passes_between_its_nodes() {
    let mut world = counters(5, Network::lossy(0.3), 3, false);
    world.record(Trace::new("story", ["a", "b", "c"]));
    world.schedule(
        Schedule::new()
            .at(200 * MS, Fault::Crash(NodeId(1)))
            .at(300 * MS, Fault::Restart(NodeId(1)))
            .at(400 * MS, Fault::Partition(vec![vec![NodeId(2)]])),
    );
    world.run_until(600 * MS);
    let (stats, trace) = (world.stats(), world.take_trace().expect("recorded"));
    let with = |fate| trace.messages().iter().filter(|it| it.fate == fate).count() as u64;
    assert_eq!(with(Fate::Lost), stats.lost);
    assert_eq!(with(Fate::Cut), stats.cut);
    assert_eq!(with(Fate::Delivered), stats.delivered);
    assert_eq!(with(Fate::NobodyThere), stats.unreachable);
    let kinds: Vec<_> = trace.marks().iter().map(|mark| mark.kind).collect();
    assert_eq!(
        kinds,
        [MarkKind::Crash, MarkKind::Restart, MarkKind::Partition]
    );
}
