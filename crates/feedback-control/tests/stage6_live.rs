//! Stage 6: the same loop over real processes.

use std::path::Path;
use std::time::Duration;

use feedback_control::config::Limits;
use feedback_control::controller::{Controller, Threshold};
use feedback_control::feedback::{Sample, run};
use feedback_control::live::Scale;
use feedback_control::live::balancer::Line;
use feedback_control::live::cluster::Cluster;
use feedback_control::live::cpu::parse_stat;
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;
use labkit::wait;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn cpu_time_is_read_past_any_name() {
    let tail = "S 1 7 7 0 -1 4194560 150 0 0 0 123 45 9 9 20 0 2 0 77 1000 200";
    let expected = Some(Duration::from_millis(1680));
    assert_eq!(parse_stat(&format!("7 (sleep) {tail}")), expected);
    assert_eq!(parse_stat(&format!("7 (a) b (c d) {tail}")), expected);
    assert_eq!(parse_stat("7 (short) S 1 7"), None);
    assert_eq!(parse_stat(""), None);
}

#[test]
fn a_full_line_drops_and_counts() {
    let line = Line::new(Duration::from_secs(1));
    for _ in 0..5 {
        line.join(Duration::ZERO, 3);
    }
    let tally = line.take_tally();
    assert_eq!((tally.arrived, tally.dropped, line.waiting()), (5, 2, 3));
}

fn cluster(scale: Scale) -> Cluster {
    let program = env!("CARGO_BIN_EXE_feedback-control").into();
    let chance = Stream::named(1, "live");
    Cluster::start(program, scale, 1, chance, Shutdown::new()).unwrap()
}

/// Waits for the first worker to answer.
fn warm(cluster: &Cluster) -> u32 {
    assert!(wait::until(PATIENCE, || cluster.ready() == 1));
    cluster.pids()[0]
}

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// As many cycles as a minute has, unless something happens before.
const CYCLES: usize = 150;

#[test]
fn real_workers_come_with_the_load_and_go_with_it() {
    wait::within(4 * PATIENCE, || {
        let scale = Scale {
            cycle: Duration::from_millis(400),
            boot: Duration::from_millis(50),
            ..Scale::default()
        };
        let mut cluster = cluster(scale);
        warm(&cluster);
        let mut controller = Threshold::new(Limits::new(1, 3).unwrap(), 0.3, 0.6);
        let desired: &mut dyn Controller = &mut controller;
        // A storm until three work, then hardly anything until one is left.
        let high = 2.5 * scale.service_rate();
        let up = run(&mut cluster, desired, |so_far: &[Sample]| {
            let there = so_far.last().is_some_and(|sample| sample.ready == 3);
            (!there && so_far.len() < CYCLES).then_some(high)
        })
        .unwrap();
        assert_eq!(up.last().unwrap().ready, 3, "{up:?}");
        let busy = up.iter().map(|sample| sample.cpu).fold(0.0, f64::max);
        assert!(busy > 0.6, "the operating system saw them compute: {busy}");
        let pids = cluster.pids();
        let down = run(&mut cluster, desired, |so_far: &[Sample]| {
            let there = so_far.last().is_some_and(|sample| sample.ordered() == 1);
            (!there && so_far.len() < CYCLES).then_some(2.0)
        })
        .unwrap();
        assert_eq!(down.last().unwrap().ordered(), 1, "{down:?}");
        let gone = || pids.iter().filter(|pid| is_gone(**pid)).count() == 2;
        assert!(wait::until(PATIENCE, gone), "two of {pids:?} ended");
        let tally = cluster.stop();
        assert_eq!(tally.failed, 0, "{tally:?}");
        assert_eq!(tally.arrived, tally.answered + tally.dropped, "{tally:?}");
        assert!(tally.answered > 0);
        assert!(pids.iter().all(|pid| is_gone(*pid)), "nothing is left");
    });
}
