//! Stage 5: an average that forgets, the same time on other days, and how good both are.

use labkit::rng::Stream;
use metrics_logging::config::MINUTE;
use metrics_logging::detect::score::{Score, alarms, score};
use metrics_logging::detect::{Detector, Ewma, Method, SeasonalMedian};
use metrics_logging::fleet::{Anomaly, Fleet, Kind, Plan};

fn anomaly(samples: std::ops::Range<usize>) -> Anomaly {
    Anomaly {
        samples,
        kind: Kind::Spike,
    }
}

fn flags(length: usize, flagged: &[usize]) -> Vec<bool> {
    (0..length).map(|at| flagged.contains(&at)).collect()
}

#[test]
fn flags_close_together_are_one_alarm() {
    assert_eq!(
        alarms(&flags(100, &[3, 4, 9, 40, 41, 99])),
        [3..10, 40..42, 99..100]
    );
    assert_eq!(alarms(&flags(100, &[])), []);
    assert_eq!(
        alarms(&flags(30, &[0, 10, 21])),
        [0..11, 21..22],
        "ten apart is close, eleven isn't"
    );
}

#[test]
fn alarms_and_anomalies_are_counted_in_events() {
    let put_in = [anomaly(10..15), anomaly(50..60), anomaly(90..95)];
    // Two alarms in the first anomaly, none in the second, one too late for the third, one for nothing.
    let flags = flags(200, &[12, 24, 106, 107, 150]);
    let found = score(&flags, &put_in);
    let expected = Score {
        right_alarms: 2,
        alarms: 4,
        found: 1,
        anomalies: 3,
    };
    assert_eq!(found, expected);
    assert!((found.precision() - 0.5).abs() < 1e-12);
    assert!((found.recall() - 1.0 / 3.0).abs() < 1e-12);
    assert!((found.f1() - 0.4).abs() < 1e-12);
}

#[test]
fn nothing_put_in_and_nothing_said_is_perfect() {
    let none = score(&flags(10, &[]), &[]);
    assert_eq!(
        (none.precision(), none.recall(), none.f1()),
        (1.0, 1.0, 1.0)
    );
    let silent = score(&flags(10, &[]), &[anomaly(1..2)]);
    assert_eq!(
        (silent.precision(), silent.recall(), silent.f1()),
        (1.0, 0.0, 0.0)
    );
}

#[test]
fn an_average_that_forgets_follows_a_level_and_sees_a_jump() {
    let mut chance = Stream::named(1, "ewma");
    let mut detector = Ewma::new(0.1);
    let quiet = (0..500)
        .map(|_| detector.observe(100.0 + chance.unit()))
        .fold(0.0, f64::max);
    assert!(quiet < 5.0, "{quiet}");
    assert!(detector.observe(110.0) > 10.0);
    // One wild value hasn't made wild values usual.
    assert!(detector.observe(110.0) > 10.0);
    // But a new level is learned in the end.
    let last = (0..500)
        .map(|_| detector.observe(110.0 + chance.unit()))
        .last();
    assert!(last.is_some_and(|score| score < 5.0), "{last:?}");
}

#[test]
fn yesterdays_anomaly_doesnt_hide_todays() {
    const PERIOD: usize = 100;
    let mut chance = Stream::named(2, "seasonal");
    let mut detector = SeasonalMedian::new(PERIOD, 7);
    let day = |at: usize| 50.0 + 20.0 * (std::f64::consts::TAU * at as f64 / PERIOD as f64).sin();
    let mut scores = Vec::new();
    for at in 0..8 * PERIOD {
        // From the sixth day on, the value of the afternoon comes in the night, every day.
        let wild = at >= 6 * PERIOD && at % PERIOD == 75;
        let value = if wild { 70.0 } else { day(at) };
        scores.push(detector.observe(value + chance.unit()));
    }
    assert!(
        scores[..3 * PERIOD].iter().all(|score| *score == 0.0),
        "too little is known"
    );
    for day in 6..8 {
        let score = scores[day * PERIOD + 75];
        assert!(score > 10.0, "day {day}: {score}");
        assert!(
            scores[day * PERIOD + 25] < 6.0,
            "the same value in the afternoon is usual"
        );
    }
}

#[test]
fn the_seasonal_median_finds_what_windows_cant() {
    let plan = Plan {
        services: 3,
        days: 10,
        step: MINUTE,
        start: 0,
    };
    let (mut seasonal, mut rolling) = (Score::default(), Score::default());
    for seed in 0..3 {
        for trace in Fleet::simulate(plan, seed).traces {
            let of_kind: Vec<Anomaly> = trace
                .anomalies
                .iter()
                .filter(|it| it.kind == Kind::OutOfSeason)
                .cloned()
                .collect();
            seasonal += score(
                &Method::SeasonalMedian.flags(&trace.values, plan.per_day()),
                &of_kind,
            );
            rolling += score(
                &Method::RollingZ.flags(&trace.values, plan.per_day()),
                &of_kind,
            );
        }
    }
    assert!(seasonal.anomalies > 10, "{seasonal:?}");
    assert!(seasonal.recall() > 0.9, "{seasonal:?}");
    assert!(rolling.recall() < 0.6, "{rolling:?}");
}

#[test]
fn precision_and_recall_are_high_over_seeds_nobody_chose() {
    let plan = Plan {
        services: 4,
        days: 10,
        step: MINUTE,
        start: 0,
    };
    let mut all = Score::default();
    for seed in 50..53 {
        for trace in Fleet::simulate(plan, seed).traces {
            all += score(
                &Method::SeasonalMedian.flags(&trace.values, plan.per_day()),
                &trace.anomalies,
            );
        }
    }
    assert!(all.recall() >= 0.9 && all.precision() >= 0.9, "{all:?}");
}
