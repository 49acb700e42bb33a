//! Stage 4: PID control in logarithms, clamped, without wind-up.

use feedback_control::config::Limits;
use feedback_control::controller::{Controller, Gains, Observation, Pid};

const TARGET: f64 = 0.8;

fn pid(max: usize) -> Pid {
    Pid::new(Limits::new(1, max).unwrap(), TARGET, Gains::default())
}

/// Runs the loop over servers that follow at once; `work` is in servers.
fn follow(pid: &mut Pid, servers: &mut usize, work: f64, cycles: usize) -> Vec<usize> {
    (0..cycles)
        .map(|_| {
            let seen = Observation {
                ready: *servers,
                starting: 0,
                cpu: (work / *servers as f64).min(1.0),
                rate: 0.0,
            };
            *servers = pid.desired(&seen);
            *servers
        })
        .collect()
}

#[test]
fn it_finds_the_number_for_the_set_point_and_stays() {
    for work in [0.5, 1.0, 3.3, 10.0, 37.0, 120.0] {
        let (mut pid, mut servers) = (pid(500), 3);
        let path = follow(&mut pid, &mut servers, work, 60);
        let cpu = work / servers as f64;
        assert!(cpu <= TARGET * 1.06, "{work}: {path:?}");
        let one_fewer = work / (servers as f64 - 1.0).max(1e-9);
        assert!(
            servers == 1 || one_fewer > TARGET * 0.94,
            "{work}: {path:?}"
        );
        let end = &path[40..];
        assert!(end.iter().all(|n| *n == servers), "{work}: {path:?}");
    }
}

#[test]
fn a_long_time_at_the_limit_is_forgotten_at_once() {
    let (mut pid, mut servers) = (pid(10), 10);
    follow(&mut pid, &mut servers, 50.0, 1000);
    assert_eq!(servers, 10);
    // An integral that had wound up for a thousand cycles would keep ten for about as many.
    let path = follow(&mut pid, &mut servers, 2.0, 5);
    assert!(path[4] <= 4, "{path:?}");
}

#[test]
fn an_order_that_is_not_followed_is_forgotten_at_once() {
    let mut pid = pid(100);
    let stuck = |cpu| Observation {
        ready: 5,
        starting: 0,
        cpu,
        rate: 0.0,
    };
    // Somebody else has no more servers to give, for as long as it is busy.
    for _ in 0..1000 {
        assert!(pid.desired(&stuck(1.0)) > 5);
    }
    // An integral of all those errors would still ask for dozens.
    let asked = pid.desired(&stuck(0.3));
    assert!(asked < 5, "{asked}");
}

#[test]
fn servers_that_start_are_not_ordered_again() {
    let mut pid = pid(100);
    let seen = Observation {
        ready: 10,
        starting: 3,
        cpu: 1.0,
        rate: 0.0,
    };
    // 10 busy of 13: 77 %, with twelve it would be 83 %.
    assert_eq!(pid.desired(&seen), 13);
}

#[test]
fn each_term_does_its_part() {
    let seen = |ready| Observation {
        ready,
        starting: 0,
        cpu: 0.8,
        rate: 0.0,
    };
    let with = |proportional, integral, derivative| {
        let gains = Gains {
            proportional,
            integral,
            derivative,
        };
        Pid::new(Limits::new(1, 100).unwrap(), 0.4, gains)
    };
    // At twice the set point, full reaction doubles.
    assert_eq!(with(1.0, 0.0, 0.0).desired(&seen(10)), 20);
    assert_eq!(with(0.0, 1.0, 0.0).desired(&seen(10)), 20);
    assert_eq!(with(0.0, 0.0, 1.0).desired(&seen(10)), 20);
    // Half of it makes 14. The same error again: P answers it the same, I adds it up, D sees no change.
    let mut terms = [
        with(0.5, 0.0, 0.0),
        with(0.0, 0.5, 0.0),
        with(0.0, 0.0, 0.5),
    ];
    let twice = terms.each_mut().map(|pid| {
        assert_eq!(pid.desired(&seen(10)), 14);
        pid.desired(&seen(14))
    });
    assert_eq!(twice, [14, 20, 10]);
}

#[test]
fn silence_is_a_number_too() {
    let (mut pid, mut servers) = (pid(50), 40);
    let path = follow(&mut pid, &mut servers, 0.0, 30);
    assert_eq!(servers, 1, "{path:?}");
}
