//! Stage 3: the rule of the Kubernetes autoscaler, on the examples that Kubernetes publishes.

use feedback_control::config::Limits;
use feedback_control::controller::{
    Behaviour, Controller, Observation, TargetTracking, Velocity, recommend,
};

fn limits() -> Limits {
    Limits::new(1, 1000).unwrap()
}

fn seen(ready: usize, starting: usize, cpu: f64) -> Observation {
    Observation {
        ready,
        starting,
        cpu,
        rate: 0.0,
    }
}

fn rule(ready: usize, starting: usize, cpu: f64, target: f64) -> usize {
    recommend(&seen(ready, starting, cpu), target, 0.1, limits())
}

#[test]
fn the_worked_examples_of_the_documentation() {
    // Horizontal Pod Autoscaling, "Algorithm details": 200m for a target of 100m doubles, 50m halves.
    assert_eq!(rule(4, 0, 0.2, 0.1), 8);
    assert_eq!(rule(4, 0, 0.05, 0.1), 2);
    // HorizontalPodAutoscaler Walkthrough: 305 % of a target of 50 % turns one replica into seven.
    assert_eq!(rule(1, 0, 3.05, 0.5), 7);
    // Kubernetes blog on v1.33, configurable tolerance: 50 replicas at 90 %, the target being 75 %,
    // become 60.
    assert_eq!(rule(50, 0, 0.90, 0.75), 60);
}

#[test]
fn the_worked_examples_of_its_replica_calculator() {
    // replica_calculator_test.go: three pods at a mean of 50 % of a target of 30 %.
    assert_eq!(rule(3, 0, 0.5, 0.3), 5);
    // ... one of them not ready, the others at 60 %: counted as idle, four and not six.
    assert_eq!(rule(2, 1, 0.6, 0.3), 4);
    // ... two of them not ready, the third at 40 %: the verdict would turn, so three stay.
    assert_eq!(rule(1, 2, 0.4, 0.3), 3);
}

#[test]
fn nothing_happens_within_the_tolerance_its_edges_included() {
    for cpu in [0.63, 0.65, 0.7, 0.75, 0.77] {
        assert_eq!(rule(10, 0, cpu, 0.7), 10, "{cpu}");
    }
    assert_eq!(rule(10, 0, 0.78, 0.7), 12);
    assert_eq!(rule(10, 0, 0.62, 0.7), 9);
}

#[test]
fn what_is_exact_is_not_rounded_up() {
    // 0.7 / 0.1 is 6.999999999999999 in binary, 3 × 1.1 / 0.3 more than 11.
    assert_eq!(rule(1, 0, 0.7, 0.1), 7);
    assert_eq!(rule(3, 0, 1.1, 0.3), 11);
}

#[test]
fn eighty_replicas_go_down_as_the_documentation_says() {
    // "Scaling policies": 10 % or 4 a period, whichever is more: 80, 72, 64 ..., below 40 by 4.
    let behaviour = Behaviour {
        window: 1,
        down: Velocity {
            share: 0.1,
            servers: 4,
        },
        ..Behaviour::default()
    };
    let mut controller = TargetTracking::new(Limits::new(10, 100).unwrap(), 0.5, behaviour);
    let mut servers = 80;
    let mut path = vec![servers];
    while servers > 10 {
        let next = controller.desired(&seen(servers, 0, 0.01));
        assert!(next < servers, "{path:?}");
        servers = next;
        path.push(servers);
    }
    assert_eq!(
        path,
        [80, 72, 64, 57, 51, 45, 40, 36, 32, 28, 24, 20, 16, 12, 10]
    );
}

#[test]
fn a_step_up_doubles_or_adds_four() {
    let mut controller = TargetTracking::new(limits(), 0.1, Behaviour::default());
    assert_eq!(controller.desired(&seen(1, 0, 1.0)), 5);
    assert_eq!(controller.desired(&seen(30, 0, 1.0)), 60);
}

#[test]
fn the_number_falls_only_to_the_largest_recommendation_of_the_window() {
    let behaviour = Behaviour {
        window: 3,
        ..Behaviour::default()
    };
    let mut controller = TargetTracking::new(limits(), 0.5, behaviour);
    let mut desired = |cpu| controller.desired(&seen(10, 0, cpu));
    // Recommendations 10, 8, 6, 7, 6, each of them from ten servers.
    assert_eq!(desired(0.5), 10);
    assert_eq!(desired(0.4), 10);
    assert_eq!(desired(0.3), 10);
    assert_eq!(desired(0.35), 8);
    assert_eq!(desired(0.3), 7);
    // Up is at once.
    assert_eq!(desired(0.8), 16);
}

#[test]
fn the_limits_hold() {
    let mut controller =
        TargetTracking::new(Limits::new(2, 12).unwrap(), 0.5, Behaviour::default());
    assert_eq!(controller.desired(&seen(10, 0, 1.0)), 12);
    for _ in 0..19 {
        controller.desired(&seen(2, 0, 0.0));
    }
    assert_eq!(controller.desired(&seen(2, 0, 0.0)), 2);
}
