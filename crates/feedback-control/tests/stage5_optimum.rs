//! Stage 5: forecasts, the predictive controller, and the clairvoyant that nobody beats.

use feedback_control::comparison::{self, compare};
use feedback_control::config::{Config, Limits};
use feedback_control::controller::{Controller, Kind, Observation, Outlook, Predictive, Tuning};
use feedback_control::feedback::simulate;
use feedback_control::forecast::{Model as Forecast, Smoothing};
use feedback_control::optimum::schedule;
use feedback_control::plant::Plant;
use feedback_control::queue::Queue;
use feedback_control::score::Score;
use feedback_control::traffic::Model;
use labkit::rng::Stream;
use proptest::prelude::*;

const SMOOTHING: Smoothing = Smoothing {
    level: 0.5,
    trend: 0.5,
    season: 0.5,
    damping: 1.0,
};

fn small(max: usize, initial: usize, start_up: usize) -> Config {
    let limits = Limits::new(1, max).unwrap();
    Config::new(Queue::default(), limits, initial, start_up).unwrap()
}

#[test]
fn holt_follows_a_straight_line() {
    let mut model = Forecast::new(SMOOTHING, 0);
    for x in 0..60 {
        model.observe(10.0 + 3.0 * f64::from(x));
    }
    // The next is 10 + 3·60.
    for (steps, expected) in [(1, 190.0), (5, 202.0)] {
        let ahead = model.ahead(steps);
        assert!((ahead - expected).abs() < 0.01, "{ahead} {expected}");
    }
}

#[test]
fn two_steps_of_holt_by_hand() {
    let damped = Smoothing {
        damping: 0.5,
        ..SMOOTHING
    };
    let mut model = Forecast::new(damped, 0);
    for value in [10.0, 14.0, 20.0] {
        model.observe(value);
    }
    // 14: level 12, trend 1. 20: expected 12.5, level 16.25, trend ½·4.25 + ½·0.5 = 2.375.
    assert!((model.ahead(1) - (16.25 + 1.1875)).abs() < 1e-12);
    assert!((model.ahead(2) - (16.25 + 1.1875 + 0.59375)).abs() < 1e-12);
}

#[test]
fn winters_knows_the_season_after_one() {
    let season = [5.0, 9.0, 2.0, 4.0];
    let mut model = Forecast::new(SMOOTHING, 4);
    for at in 0..8 {
        model.observe(season[at % 4]);
    }
    for steps in 1..=9 {
        let expected = season[(8 + steps - 1) % 4];
        let ahead = model.ahead(steps);
        assert!(
            (ahead - expected).abs() < 0.01,
            "{steps}: {ahead} {expected}"
        );
    }
}

#[test]
fn the_predictive_controller_orders_before_the_traffic_comes() {
    let outlook = Outlook {
        start_up: 3,
        season: None,
        ..Outlook::default()
    };
    let mut controller = Predictive::new(Limits::new(1, 100).unwrap(), outlook);
    let mut desired = 0;
    for cycle in 0..30 {
        // Ten milliseconds a request, ten more requests a second with each cycle.
        let rate = 500.0 + 50.0 * f64::from(cycle);
        let seen = Observation {
            ready: 25,
            starting: 0,
            cpu: rate * 0.01 / 25.0,
            rate,
        };
        desired = controller.desired(&seen);
    }
    // The last was 1950; four cycles later it is 2150, which 21.5 servers just do.
    assert!((22..=26).contains(&desired), "{desired}");
}

/// The cheapest of all schedules, by trying every one.
fn by_trying(config: &Config, rates: &[f64]) -> f64 {
    fn go(plant: &Plant, config: &Config, rates: &[f64]) -> f64 {
        let Some((rate, rest)) = rates.split_first() else {
            return 0.0;
        };
        let mut plant = plant.clone();
        let sample = plant.advance(*rate);
        let cycle_s = config.queue.cycle_s;
        let price = config.price;
        let own = price.of(sample.ordered(), sample.over_slo, sample.dropped, cycle_s);
        let cheapest = (1..=config.limits.max())
            .map(|servers| {
                let mut next = plant.clone();
                next.scale_to(servers);
                go(&next, config, rest)
            })
            .fold(f64::INFINITY, f64::min);
        own + if rest.is_empty() { 0.0 } else { cheapest }
    }
    go(&Plant::new(*config), config, rates)
}

#[test]
fn the_clairvoyant_finds_what_trying_everything_finds() {
    let mut chance = Stream::named(3, "by trying");
    let mut grown = 0;
    for start_up in 0..3 {
        for _ in 0..10 {
            let mut rates: Vec<f64> = (0..7).map(|_| 350.0 * chance.unit()).collect();
            let mut config = small(3, 2, start_up);
            // Dear enough that it is worth to order ahead.
            config.price.over_slo_minute = 0.1;
            let found = schedule(&config, &rates).unwrap().cost;
            let tried = by_trying(&config, &rates);
            assert!(found <= tried + 1e-9, "{rates:?}: {found}, tried {tried}");
            // Where traffic only grows, it has no use for what it may do and a controller may not:
            // give a ready server up while another starts.
            rates.sort_by(f64::total_cmp);
            let found = schedule(&config, &rates).unwrap();
            let tried = by_trying(&config, &rates);
            assert!(
                (found.cost - tried).abs() < 1e-9,
                "{rates:?}: {found:?}, tried {tried}"
            );
            grown += usize::from(start_up > 0 && found.servers.windows(2).any(|w| w[0] < w[1]));
        }
    }
    assert!(grown > 5, "few schedules grew: {grown}");
}

#[test]
fn the_clairvoyant_orders_ahead_of_a_step() {
    let config = small(40, 5, 3);
    let rates: Vec<f64> = (0..60)
        .map(|c| if c < 30 { 400.0 } else { 3000.0 })
        .collect();
    let found = schedule(&config, &rates).unwrap();
    assert_eq!(found.servers.len(), 60);
    assert!(
        found.servers[29] < 10 && found.servers[30] >= 30,
        "{:?}",
        found.servers
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nobody_is_cheaper_than_the_clairvoyant(
        seed in any::<u64>(), start_up in 0_usize..5, initial in 1_usize..20, max in 20_usize..60,
        base in 50.0..3000.0_f64,
    ) {
        let config = small(max, initial, start_up);
        for model in Model::ALL {
            let mut chance = Stream::named(seed, model.name());
            let trace = model.generate(250, base, &mut chance).unwrap();
            let optimum = schedule(&config, trace.rates()).unwrap();
            for kind in Kind::ALL {
                let mut controller = kind.build(&config, &Tuning::default());
                let samples = simulate(config, controller.as_mut(), trace.rates());
                let cost = Score::of(&samples, &config).cost;
                prop_assert!(cost >= optimum.cost * (1.0 - 1e-12), "{kind:?} {cost} {}", optimum.cost);
            }
        }
    }
}

#[test]
fn the_best_controller_pays_at_most_fifteen_percent_more() {
    // Seeds that the parameters were not chosen on; the mean of several, as the claim is.
    let config = comparison::standard().unwrap();
    for model in Model::ALL {
        let ratios = (100..106).map(|seed| {
            let trace = comparison::traffic(model, comparison::CYCLES, seed).unwrap();
            let comparison = compare(&config, &Tuning::default(), trace).unwrap();
            let best = comparison.best().unwrap();
            comparison.ratio(best)
        });
        let mean = ratios.sum::<f64>() / 6.0;
        assert!((1.0..=1.15).contains(&mean), "{model:?}: {mean}");
    }
}
