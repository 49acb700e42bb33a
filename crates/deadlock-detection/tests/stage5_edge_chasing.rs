//! Stage 5: nodes that see only their own locks find every deadlock between them, and no phantom.

mod network;

use deadlock_detection::edge_chasing::{Effect, LockName, Message, Node, NodeId, Refused};
use labkit::rng::{Stream, test_seed};
use network::Network;

const fn lock(home: u32, number: u32) -> LockName {
    LockName {
        home: NodeId(home),
        number,
    }
}

/// Under a sanitizer, which is some ten times slower, fewer.
fn seeds(many: usize) -> usize {
    match std::env::var_os("LAB_SANITIZED") {
        Some(_) => many / 20,
        None => many,
    }
}

/// Delivers everything, in order, until nothing is on its way; returns what else happened.
fn settle(nodes: &mut [Node], at: usize, effects: Vec<Effect>) -> Vec<(usize, Effect)> {
    settle_slowly(nodes, at, effects, (usize::MAX, usize::MAX))
}

/// As [`settle`], but what one node sends to another comes only when nothing else is on its way.
fn settle_slowly(
    nodes: &mut [Node],
    at: usize,
    effects: Vec<Effect>,
    slow: (usize, usize),
) -> Vec<(usize, Effect)> {
    let mut waiting: Vec<(usize, Effect)> =
        effects.into_iter().map(|effect| (at, effect)).collect();
    let mut news = Vec::new();
    let number = |id: NodeId| usize::try_from(id.0).unwrap();
    let is_slow = |(from, effect): &(usize, Effect)| match effect {
        Effect::Send(to, _) => (*from, number(*to)) == slow,
        _ => false,
    };
    while !waiting.is_empty() {
        let next = waiting.iter().position(|sent| !is_slow(sent));
        match waiting.remove(next.unwrap_or(0)) {
            (from, Effect::Send(to, message)) => {
                let sender = NodeId(u32::try_from(from).unwrap());
                let effects = nodes[number(to)].receive(sender, message);
                waiting.extend(effects.into_iter().map(|effect| (number(to), effect)));
            }
            other => news.push(other),
        }
    }
    news
}

/// Three nodes, each of which holds a lock of its own.
fn three() -> Vec<Node> {
    let mut nodes: Vec<Node> = (0..3).map(|id| Node::new(NodeId(id))).collect();
    for at in 0..3 {
        let own = lock(u32::try_from(at).unwrap(), 0);
        let effects = nodes[at].acquire(10 + at as u64, &[own]).unwrap();
        let news = settle(&mut nodes, at, effects);
        assert_eq!(news, [(at, Effect::Granted { abandoned: vec![] })]);
    }
    nodes
}

#[test]
fn three_nodes_in_a_ring_find_their_cycle_and_the_youngest_gives_way() {
    let mut nodes = three();
    for at in 0..2 {
        let next = lock(u32::try_from(at).unwrap() + 1, 0);
        let effects = nodes[at].acquire(10 + at as u64, &[next]).unwrap();
        assert_eq!(settle(&mut nodes, at, effects), [], "a wait is no deadlock");
    }
    let effects = nodes[2].acquire(12, &[lock(0, 0)]).unwrap();
    let news = settle(&mut nodes, 2, effects);
    let cycles: Vec<_> = news
        .iter()
        .filter_map(|(at, effect)| match effect {
            Effect::Aborted(cycle) => Some((*at, cycle.0.len())),
            _ => None,
        })
        .collect();
    assert_eq!(cycles, [(2, 3)], "{news:?}");
    let granted = (1, Effect::Granted { abandoned: vec![] });
    assert!(
        news.contains(&granted),
        "what it held goes to the next: {news:?}"
    );
    assert!(!nodes[1].is_blocked() && nodes[0].is_blocked());
    let effects = nodes[1].release_all();
    let news = settle(&mut nodes, 1, effects);
    assert_eq!(news, [(0, Effect::Granted { abandoned: vec![] })]);
}

#[test]
fn a_process_that_wants_several_locks_waits_for_all_of_them() {
    let mut nodes = three();
    // Node 0 wants both others' locks; only node 2 wants node 0's.
    let effects = nodes[0].acquire(10, &[lock(1, 0), lock(2, 0)]).unwrap();
    assert_eq!(settle(&mut nodes, 0, effects), []);
    let effects = nodes[2].acquire(12, &[lock(0, 0)]).unwrap();
    let news = settle(&mut nodes, 2, effects);
    let aborted = |(at, effect): &(usize, Effect)| *at == 2 && matches!(effect, Effect::Aborted(_));
    assert!(news.iter().any(aborted), "{news:?}");
    assert!(nodes[0].is_blocked(), "node 1 still has its lock");
}

/// Who had to give way.
fn victims(news: &[(usize, Effect)]) -> Vec<usize> {
    let aborted = news
        .iter()
        .filter(|(_, effect)| matches!(effect, Effect::Aborted(_)));
    aborted.map(|(at, _)| *at).collect()
}

#[test]
fn a_cycle_that_a_longer_one_hid_is_found_after_it() {
    let mut nodes: Vec<Node> = (0..4).map(|id| Node::new(NodeId(id))).collect();
    let ages = [99, 11, 12, 13];
    let mut ask = |at: usize, wanted: &[LockName], slow| {
        let effects = nodes[at].acquire(ages[at], wanted).unwrap();
        settle_slowly(&mut nodes, at, effects, slow)
    };
    let swift = (usize::MAX, usize::MAX);
    for at in 0..3 {
        ask(at, &[lock(u32::try_from(at).unwrap(), 0)], swift);
    }
    ask(3, &[lock(3, 0), lock(2, 1)], swift);
    // 1 waits for 0 and for 3, 0 for 3, 3 for 2; 2 then closes both 2-1-3 and 2-1-0-3. The probe reaches 3 by
    // the longer way first, and 3 lets it pass once. When 0 has given way, the shorter cycle is still there.
    ask(1, &[lock(0, 0), lock(2, 1)], swift);
    ask(0, &[lock(3, 0)], swift);
    ask(3, &[lock(2, 0)], swift);
    let news = ask(2, &[lock(1, 0)], (1, 2));
    assert_eq!(victims(&news), [0, 3], "{news:?}");
}

#[test]
fn the_same_abort_twice_hurts_once() {
    let mut nodes = three();
    for (at, next) in [(0, 1), (1, 0)] {
        let effects = nodes[at].acquire(10 + at as u64, &[lock(next, 0)]).unwrap();
        let news = settle(&mut nodes, at, effects);
        let cycle = news.into_iter().find_map(|(_, effect)| match effect {
            Effect::Aborted(cycle) => Some(cycle),
            _ => None,
        });
        if let Some(cycle) = cycle {
            let effects = nodes[1].receive(NodeId(0), Message::Abort(cycle));
            assert_eq!(settle(&mut nodes, 1, effects), []);
            return;
        }
    }
    panic!("no deadlock was found");
}

#[test]
fn what_the_dead_held_goes_to_the_next_and_what_they_kept_is_lost() {
    let mut nodes = three();
    // Node 1 holds a lock of node 0 as well, for which node 0 waits; node 2 waits for node 1's own.
    for (at, wanted) in [(1, lock(0, 5)), (0, lock(0, 5)), (2, lock(1, 0))] {
        let effects = nodes[at].acquire(20 + at as u64, &[wanted]).unwrap();
        settle(&mut nodes, at, effects);
    }
    assert!(nodes[0].is_blocked() && nodes[2].is_blocked());
    let effects = nodes[0].peer_gone(NodeId(1));
    let abandoned = vec![lock(0, 5)];
    assert_eq!(
        settle(&mut nodes, 0, effects),
        [(0, Effect::Granted { abandoned })]
    );
    assert_eq!(nodes[2].peer_gone(NodeId(1)), [Effect::Lost(lock(1, 0))]);
    assert!(!nodes[2].is_blocked());
    assert_eq!(nodes[2].acquire(22, &[lock(1, 1)]), Err(Refused::Lost));
}

#[test]
fn impossible_wishes_are_refused() {
    let mut nodes = three();
    assert_eq!(nodes[0].acquire(1, &[]), Err(Refused::Number));
    assert_eq!(nodes[0].acquire(1, &[lock(1, 0); 65]), Err(Refused::Number));
    assert_eq!(nodes[0].acquire(1, &[lock(0, 0)]), Err(Refused::Relock));
    assert_eq!(
        nodes[0].acquire(1, &[lock(1, 1), lock(1, 1)]),
        Err(Refused::Relock)
    );
    let effects = nodes[0].acquire(1, &[lock(1, 0)]).unwrap();
    settle(&mut nodes, 0, effects);
    assert_eq!(nodes[0].acquire(1, &[lock(1, 1)]), Err(Refused::Blocked));
}

#[test]
fn in_thousands_of_runs_everybody_ends_and_nobody_sees_a_phantom() {
    let mut chance = Stream::named(test_seed(), "networks");
    let (mut found, mut aborted) = (0, 0);
    for run in 0..seeds(3_000) {
        let size = 2 + u32::try_from(chance.index(4)).unwrap();
        let mut network = Network::new(size, 1 + u32::from(size < 3), 4, run % 2 == 1);
        network.run(&mut chance, None);
        found += network.found;
        aborted += network.aborted;
    }
    println!("{found} cycles found, {aborted} processes aborted");
    assert!(aborted > 100 && found >= aborted);
}

#[test]
fn in_a_thousand_runs_a_node_dies_and_the_others_end() {
    let mut chance = Stream::named(test_seed(), "deaths");
    let mut abandoned = 0;
    for run in 0..seeds(1_000) {
        let size = 3 + u32::try_from(chance.index(3)).unwrap();
        let mut network = Network::new(size, 1, 5, run % 2 == 1);
        let at = 1 + chance.below(120);
        let killed = chance.index(size as usize);
        network.run(&mut chance, Some((killed, at)));
        abandoned += network.abandoned;
    }
    assert!(
        abandoned > 10,
        "{abandoned} locks of the dead were handed on"
    );
}

/// Three real processes over TCP: a ring that deadlocks, and then one of them is killed while it holds a
/// lock of another and keeps one that a third waits for.
#[test]
fn three_processes_break_their_cycle_and_survive_a_kill() {
    use deadlock_detection::cluster::{self, Cluster};
    let (ring, crash) = labkit::wait::within(std::time::Duration::from_secs(120), || {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_deadlock-detection"));
        let mut cluster = Cluster::start(program, 3).expect("three nodes start");
        let ring = cluster::ring(&mut cluster).expect("the ring ends");
        (
            ring,
            cluster::crash(&mut cluster).expect("the others go on"),
        )
    });
    assert_eq!((ring.cycle.0.len(), ring.victim, ring.done), (3, 2, 3));
    assert_eq!(crash.abandoned, [lock(0, 5)]);
    assert_eq!(crash.lost, lock(1, 5));
}
