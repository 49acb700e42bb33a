//! Stage 1: one server more above 70 % CPU, one fewer below 30 %, from three, for fifty cycles.

use feedback_control::config::Limits;
use feedback_control::controller::{Controller, Observation, Threshold};
use feedback_control::queue::utilisation;
use labkit::rng::{Stream, test_seed};

fn controller() -> Threshold {
    Threshold::new(Limits::new(1, 10).unwrap(), 0.3, 0.7)
}

fn seen(ready: usize, cpu: f64) -> Observation {
    Observation {
        ready,
        starting: 0,
        cpu,
        rate: 0.0,
    }
}

#[test]
fn a_server_is_as_busy_as_its_work_and_never_more_than_wholly() {
    assert_eq!(utilisation(150.0, 3, 100.0), 0.5);
    assert_eq!(utilisation(0.0, 3, 100.0), 0.0);
    assert_eq!(utilisation(900.0, 3, 100.0), 1.0);
}

#[test]
fn one_more_above_one_fewer_below_and_none_between() {
    let mut controller = controller();
    assert_eq!(controller.desired(&seen(3, 0.71)), 4);
    assert_eq!(controller.desired(&seen(3, 0.29)), 2);
    // "Above 70 %" and "below 30 %" leave the two values themselves alone.
    for cpu in [0.3, 0.5, 0.7] {
        assert_eq!(controller.desired(&seen(3, cpu)), 3, "{cpu}");
    }
}

#[test]
fn the_limits_hold() {
    let mut controller = controller();
    assert_eq!(controller.desired(&seen(10, 1.0)), 10);
    assert_eq!(controller.desired(&seen(1, 0.0)), 1);
}

#[test]
fn servers_that_start_count() {
    let starting = Observation {
        starting: 2,
        ..seen(3, 0.9)
    };
    assert_eq!(controller().desired(&starting), 6);
}

#[test]
fn fifty_cycles_of_random_traffic_as_asked() {
    let mut chance = Stream::named(test_seed(), "fifty cycles");
    let mut controller = controller();
    let (mut servers, mut added, mut dropped) = (3, 0, 0);
    for _ in 0..50 {
        let rate = 600.0 * chance.unit();
        let cpu = utilisation(rate, servers, 100.0);
        let next = controller.desired(&seen(servers, cpu));
        let due = match cpu {
            cpu if cpu > 0.7 => (servers + 1).min(10),
            cpu if cpu < 0.3 => (servers - 1).max(1),
            _ => servers,
        };
        assert_eq!(next, due, "at {cpu} with {servers}");
        added += usize::from(next > servers);
        dropped += usize::from(next < servers);
        servers = next;
    }
    assert!(added > 0 && dropped > 0, "{added} added, {dropped} dropped");
}
