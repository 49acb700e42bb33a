//! Stage 2: a plant that queues, and traffic for it.

use std::io::Write as _;

use feedback_control::config::{Config, Limits};
use feedback_control::plant::Plant;
use feedback_control::queue::{Queue, erlang_c};
use feedback_control::traffic::{self, Model, to_csv};
use labkit::rng::{Stream, test_seed};
use proptest::prelude::*;

fn plant(initial: usize, start_up: usize) -> Plant {
    let limits = Limits::new(1, 100).unwrap();
    Plant::new(Config::new(Queue::default(), limits, initial, start_up).unwrap())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

#[test]
fn erlang_c_equals_its_closed_forms() {
    // M/M/1: the probability to wait is the load. M/M/2: C = 2ρ²/(1+ρ) with ρ = a/2.
    for percent in 1..100 {
        let rho = f64::from(percent) / 100.0;
        assert!(near(erlang_c(1, rho), rho));
        let two = 2.0 * rho * rho / (1.0 + rho);
        assert!(near(erlang_c(2, 2.0 * rho), two), "{rho}");
    }
    assert_eq!(erlang_c(3, 3.0), 1.0);
    assert_eq!(erlang_c(3, 0.0), 0.0);
}

#[test]
fn erlang_c_equals_the_sum_of_its_definition() {
    for (servers, offered) in [(5, 3.0_f64), (10, 8.5), (20, 19.0)] {
        let mut term = 1.0;
        let mut sum = 0.0;
        for k in 0..servers {
            sum += term;
            term *= offered / f64::from(k + 1);
        }
        let waiting = term * f64::from(servers) / (f64::from(servers) - offered);
        let expected = waiting / (sum + waiting);
        let got = erlang_c(usize::try_from(servers).unwrap(), offered);
        assert!(near(got, expected), "{got} {expected}");
    }
}

#[test]
fn the_mean_response_of_a_quiet_queue_is_that_of_mmc() {
    // M/M/1 with λ = 50, μ = 100: 1/(μ-λ) = 20 ms.
    let passed = Queue::default().pass(50.0, 1, 0.0);
    assert!(near(passed.response_s, 0.02), "{passed:?}");
    // and P(T > t) = e^{-(μ-λ)t}.
    assert!(near(passed.late, (-50.0 * 0.1_f64).exp()), "{passed:?}");
    assert_eq!((passed.dropped, passed.backlog), (0.0, 0.0));
    assert!(near(passed.cpu, 0.5));
}

#[test]
fn overload_queues_and_then_drops_and_nothing_is_lost_count_of() {
    let queue = Queue::default();
    let passed = queue.pass(150.0, 1, 20.0);
    // 20 + 2250 come, 1500 are served, 50 may wait.
    assert!(near(passed.backlog, 50.0), "{passed:?}");
    assert!(near(passed.dropped, 720.0), "{passed:?}");
    assert_eq!((passed.cpu, passed.late), (1.0, 1.0));
    assert!(queue.is_over(150.0, &passed));
}

#[test]
fn the_spare_capacity_that_is_named_is_enough() {
    let queue = Queue::default();
    let spare = Queue::needed_spare(queue.slo_s, queue.service_rate);
    for servers in [1, 5, 33, 60] {
        let rate = 100.0 * servers as f64 - spare;
        assert!(
            !queue.is_over(rate, &queue.pass(rate, servers, 0.0)),
            "{servers}"
        );
    }
    // ... and for many servers hardly more than that.
    let daring = 6000.0 - 0.9 * spare;
    assert!(queue.is_over(daring, &queue.pass(daring, 60, 0.0)));
}

#[test]
fn a_server_works_only_after_its_start_up_and_costs_before() {
    let mut plant = plant(3, 2);
    plant.advance(0.0);
    plant.scale_to(5);
    let seen: Vec<(usize, usize)> = (0..4)
        .map(|_| plant.advance(0.0))
        .map(|sample| (sample.ready, sample.starting))
        .collect();
    assert_eq!(seen, [(3, 2), (3, 2), (5, 0), (5, 0)]);
}

#[test]
fn the_last_ordered_is_given_up_first() {
    let mut plant = plant(3, 2);
    plant.scale_to(5);
    plant.advance(0.0);
    plant.scale_to(6);
    plant.scale_to(4);
    assert_eq!((plant.ready(), plant.starting()), (3, 1));
    plant.scale_to(2);
    assert_eq!((plant.ready(), plant.starting()), (2, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn more_servers_or_a_shorter_line_never_make_it_worse(
        rate in 0.0..4000.0_f64, servers in 1_usize..50, line in 0.0..2000.0_f64, more in 1_usize..5,
    ) {
        let queue = Queue::default();
        let now = queue.pass(rate, servers, line);
        for better in [queue.pass(rate, servers + more, line), queue.pass(rate, servers, line / 2.0)] {
            prop_assert!(better.late <= now.late + 1e-12, "{better:?} {now:?}");
            prop_assert!(better.dropped <= now.dropped + 1e-9);
            prop_assert!(!queue.is_over(rate, &better) || queue.is_over(rate, &now));
        }
        let shorter = queue.pass(rate, servers, line / 2.0);
        prop_assert!(shorter.backlog <= now.backlog);
        // Every request is served, waits or was dropped.
        let served = queue.cycle_s * 100.0 * servers as f64;
        let come = rate * queue.cycle_s + line;
        prop_assert!(now.dropped + now.backlog <= come + 1e-6);
        prop_assert!(now.dropped + now.backlog >= come - served - 1e-6);
    }
}

#[test]
fn csv_reads_back_to_the_last_digit() {
    let mut chance = Stream::named(test_seed(), "csv");
    let trace = Model::Step.generate(300, 123.4, &mut chance).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(to_csv(&trace).as_bytes()).unwrap();
    let read = traffic::read(file.path()).unwrap();
    assert_eq!(read.rates(), trace.rates());
}

#[test]
fn a_bad_line_is_named_with_what_is_wrong() {
    let cases = [
        ("cycle;rate\n0,1\n", "1: the first line is"),
        ("cycle,rate\n0,1\n1\n", "3: 1 fields"),
        ("cycle,rate\n0,1\n2,1\n", "3: cycle \"2\" where 1 is due"),
        (
            "cycle,rate\n0,1\n\n# x\n1,many\n",
            "5: rate \"many\" is not a number",
        ),
        ("cycle,rate\n0,-1\n", "2: the rate is -1"),
        ("cycle,rate\n0,NaN\n", "2: the rate is NaN"),
        ("cycle,rate\n0,inf\n", "2: the rate is inf"),
        ("cycle,rate\n0,1,2\n", "2: 3 fields"),
    ];
    for (text, wanted) in cases {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let error = traffic::read(file.path()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
