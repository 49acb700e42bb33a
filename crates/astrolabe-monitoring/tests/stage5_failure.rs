//! Stage 5: who is silent is suspected, who comes back is welcome, and nobody is fooled by a clock.

mod support;

use std::time::Duration;

use astrolabe_monitoring::agent::Notice;
use astrolabe_monitoring::detector::{Arrivals, Detector};
use astrolabe_monitoring::simulation::{Tree, theory, world};
use astrolabe_monitoring::table::{Standing, Table};
use astrolabe_monitoring::zone::{Key, Path};
use labkit::sim::{Fault, NodeId, Skew, explore};

use support::{LAB, ROUND, path, plan, row, until_all_count};

/// Rounds in which a change comes to all in these small trees, generously.
const SPREAD: u32 = 20;

/// Rounds in which a silence is suspected at the latest.
fn bound() -> u32 {
    let detector = Detector::every(ROUND);
    u32::try_from(detector.bound(detector.most).as_secs()).expect("short") + 1
}

fn grown(nodes: usize, loss: f64, seed: u64) -> Tree {
    let mut tree = plan(nodes, loss, seed).world();
    until_all_count(&mut tree, nodes, 100);
    let settled = tree.now() + ROUND * 40;
    tree.run_until(settled);
    tree.take_said();
    tree
}

#[test]
fn suspicion_is_minus_the_logarithm_of_the_chance() {
    let mut detector = Detector::every(ROUND);
    detector.prior = ROUND;
    let arrivals = Arrivals::first(ROUND, &detector);
    // With a mean of one second, one interval in ten is longer than ln 10 seconds.
    for (factor, phi) in [(0.0, 0.0), (1.0, 1.0), (3.0, 3.0), (8.0, 8.0)] {
        let silence = Duration::from_secs_f64(factor * std::f64::consts::LN_10);
        assert!(
            (arrivals.phi(ROUND + silence) - phi).abs() < 1e-6,
            "{factor}"
        );
    }
    assert_eq!(arrivals.phi(Duration::ZERO), 0.0, "before it came");
}

#[test]
fn the_detector_learns_within_its_bounds() {
    let detector = Detector::every(ROUND);
    let learn = |interval: Duration, times: u32| {
        let mut arrivals = Arrivals::first(Duration::ZERO, &detector);
        (1..=times).for_each(|time| arrivals.heard(interval * time, &detector));
        arrivals.deadline(&detector) - arrivals.last()
    };
    let slow = learn(ROUND * 2, 200);
    let usual = learn(ROUND, 200);
    let bound = detector.bound(ROUND);
    assert!(
        usual.abs_diff(bound) < ROUND / 10,
        "{usual:?}, not {bound:?}"
    );
    assert!(slow.abs_diff(bound * 2) < ROUND / 10, "{slow:?}");
    assert_eq!(learn(ROUND / 1_000, 500), detector.bound(detector.least));
    assert_eq!(learn(ROUND * 20, 500), detector.bound(detector.most));
    // A silence that was suspected is forgotten when it ends.
    let mut back = Arrivals::first(Duration::ZERO, &detector);
    back.heard(ROUND * 1_000, &detector);
    assert_eq!(
        back.deadline(&detector) - back.last(),
        detector.bound(detector.prior)
    );
}

/// In how many rounds, by what the detectors of its peers have learned, the silence of a node is suspected
/// by all of them.
fn bound_of(tree: &Tree, victim: &Path) -> f64 {
    let detector = Detector::every(ROUND);
    let level = victim.depth() - 1;
    let peers = tree.nodes().filter(|(_, agent)| {
        agent.path().zone(level) == victim.zone(level) && agent.path() != victim
    });
    let bounds = peers.filter_map(|(_, agent)| {
        let arrivals = agent.table(level).slot(victim.key(level))?.arrivals();
        Some((arrivals.deadline(&detector) - arrivals.last()).as_secs_f64())
    });
    bounds.fold(0.0, f64::max)
}

#[test]
fn a_killed_node_leaves_every_answer_within_the_detectors_bound() {
    explore(LAB, 6, |seed| {
        for loss in [0.0, 0.3] {
            let plan = plan(40, loss, seed);
            let mut tree = grown(40, loss, seed);
            let victim = NodeId(u32::try_from(seed % 40).expect("small"));
            let bound = bound_of(&tree, &plan.paths()[victim.index()]);
            assert!(bound >= 9.0, "{bound} rounds: nobody has learned anything");
            tree.inflict(Fault::Crash(victim));
            // The last news of it still spreads at first, and that it is gone has to spread as well; both
            // take longer if both ways of an exchange have to succeed.
            let spread = 1.6 * theory(40) / ((1.0 - loss) * (1.0 - loss));
            let rounds = until_all_count(&mut tree, 39, 200);
            assert!(
                rounds <= bound + spread,
                "{rounds} rounds, not {bound} + {spread}"
            );
        }
    });
}

#[test]
fn a_peer_suspects_when_its_detector_says_so() {
    let mut tree = grown(10, 0.0, 4);
    let paths = plan(10, 0.0, 4).paths();
    let (victim, peer) = (NodeId(0), NodeId(1));
    assert_eq!(paths[0].zone(2), paths[1].zone(2));
    tree.inflict(Fault::Crash(victim));
    let told = tree.now() + ROUND * 4;
    tree.run_until(told);
    let slot = tree
        .node(peer)
        .and_then(|it| it.table(2).slot(paths[0].key(2)))
        .expect("known");
    // Time at the node passes as the world's does, from its start at zero.
    let deadline = slot.arrivals().deadline(&Detector::every(ROUND));
    tree.run_until(deadline - ROUND);
    assert!(
        tree.take_said().iter().all(|it| it.node != peer),
        "too early"
    );
    tree.run_until(deadline + ROUND * 2);
    let suspected = Notice::Suspected(paths[0].to_string());
    assert!(
        tree.take_said()
            .iter()
            .any(|it| (it.node, &it.what) == (peer, &suspected))
    );
}

#[test]
fn nobody_is_suspected_without_reason() {
    explore(LAB, 4, |seed| {
        let mut tree = grown(60, 0.3, seed);
        let long = tree.now() + ROUND * 200;
        tree.run_until(long);
        let said = tree.take_said();
        // One interval in a hundred million, if it were exactly exponential; some are a little longer.
        assert!(
            said.len() <= 6,
            "{} of 60 nodes in 200 rounds: {said:?}",
            said.len()
        );
        until_all_count(&mut tree, 60, 40);
    });
}

#[test]
fn a_node_that_comes_back_is_counted_again() {
    explore(LAB, 5, |seed| {
        // Back before it is suspected, while it is, when it is gone, and when it is forgotten.
        for away in [3, bound(), 3 * bound(), 12 * bound()] {
            let mut tree = grown(12, 0.0, seed);
            tree.inflict(Fault::Crash(NodeId(5)));
            let back = tree.now() + ROUND * away;
            tree.run_until(back);
            tree.inflict(Fault::Restart(NodeId(5)));
            until_all_count(&mut tree, 12, 3 * SPREAD);
        }
    });
}

#[test]
fn a_whole_zone_that_comes_back_is_counted_again() {
    explore(LAB, 4, |seed| {
        let nodes = 27;
        for away in [5, bound() + 5, 3 * bound()] {
            let mut tree = grown(nodes, 0.0, seed);
            let site = (0..9).map(NodeId);
            site.clone().for_each(|id| tree.inflict(Fault::Crash(id)));
            let back = tree.now() + ROUND * away;
            tree.run_until(back);
            site.for_each(|id| tree.inflict(Fault::Restart(id)));
            until_all_count(&mut tree, nodes, 2 * bound() + 3 * SPREAD);
        }
    });
}

#[test]
fn two_halves_of_a_cut_tree_count_themselves_and_then_all() {
    explore(LAB, 3, |seed| {
        let mut tree = grown(27, 0.0, seed);
        tree.inflict(Fault::Partition(vec![(0..9).map(NodeId).collect()]));
        let cut = tree.now() + ROUND * (2 * bound() + SPREAD);
        tree.run_until(cut);
        let standing = astrolabe_monitoring::query::Query::standing();
        for (id, agent) in tree.nodes() {
            let half = if id.0 < 9 { 9 } else { 18 };
            assert_eq!(agent.summary(&standing).nodes, half, "{}", agent.path());
        }
        tree.inflict(Fault::Heal);
        until_all_count(&mut tree, 27, 4 * SPREAD);
    });
}

#[test]
fn clocks_that_are_wrong_or_jump_change_nothing() {
    explore(LAB, 4, |seed| {
        let mut tree = grown(12, 0.0, seed);
        for (node, seconds) in [(1, 3_600), (4, -3_600), (7, 86_400)] {
            let skew = Skew {
                offset_ns: seconds * 1_000_000_000,
                drift_ppm: 200,
            };
            tree.inflict(Fault::Clock(NodeId(node), skew));
        }
        let later = tree.now() + ROUND * 60;
        tree.run_until(later);
        let said = tree.take_said();
        assert!(said.is_empty(), "{said:?}");
        until_all_count(&mut tree, 12, 1);
    });
}

#[test]
fn of_two_nodes_with_one_name_the_younger_is_told_to_go() {
    explore(LAB, 6, |seed| {
        let mut paths: Vec<Path> = (0..4).map(|node| path(&format!("/a/n{node}"))).collect();
        paths.push(path("/a/n1"));
        let plan = plan(paths.len(), 0.0, seed);
        let mut tree = world(&plan, paths, Some(Detector::every(ROUND)));
        tree.run_until(ROUND / 1_000);
        tree.inflict(Fault::Crash(NodeId(4)));
        tree.run_until(ROUND * 20);
        tree.inflict(Fault::Restart(NodeId(4)));
        tree.run_until(ROUND * 60);
        let told: Vec<(NodeId, bool)> = tree
            .take_said()
            .into_iter()
            .filter_map(|said| match said.what {
                Notice::Duplicate { elder, .. } => Some((said.node, elder)),
                _ => None,
            })
            .collect();
        assert!(told.contains(&(NodeId(4), true)), "{told:?}");
        assert!(
            !told.contains(&(NodeId(1), true)),
            "the elder stays: {told:?}"
        );
    });
}

#[test]
fn a_restart_is_not_taken_for_a_namesake() {
    explore(LAB, 10, |seed| {
        let mut tree = grown(12, 0.2, seed);
        for id in [3, 5, 8] {
            tree.inflict(Fault::Crash(NodeId(id)));
            tree.inflict(Fault::Restart(NodeId(id)));
        }
        let later = tree.now() + ROUND * 30;
        tree.run_until(later);
        let said = tree.take_said();
        let taken = |it: &Notice<NodeId>| matches!(it, Notice::Duplicate { .. });
        assert!(!said.iter().any(|it| taken(&it.what)), "{said:?}");
    });
}

#[test]
fn what_is_forgotten_leaves_its_version_behind() {
    let detector = Detector::every(ROUND);
    let mut table = Table::new();
    for (name, version) in [("own", 3), ("dead", 40)] {
        table.merge(&row(name, version, 1), Duration::ZERO, Some(&detector));
    }
    let (own, bound) = (Key::of("own"), detector.bound(detector.prior));
    let dead = |table: &Table<NodeId>| table.slot(Key::of("dead")).map(|slot| slot.standing());
    for (factor, standing) in [
        (0.9, Some(Standing::Here)),
        (1.1, Some(Standing::Suspected)),
        (2.1, Some(Standing::Gone)),
        (10.1, None),
    ] {
        let suspected = table.sweep(own, bound.mul_f64(factor), &detector);
        assert_eq!(
            suspected.len(),
            usize::from(standing == Some(Standing::Suspected))
        );
        assert_eq!((dead(&table), table.version()), (standing, 43), "{factor}");
    }
}
