//! What holds of every controller, over seeds: limits, peace under constant load, recovery.

use std::convert::Infallible;

use feedback_control::comparison;
use feedback_control::config::{Config, Limits};
use feedback_control::controller::{Kind, Observation, Tuning};
use feedback_control::feedback::{Sample, System, simulate, step};
use feedback_control::plant::Plant;
use feedback_control::queue::Queue;
use feedback_control::traffic::Model;
use labkit::rng::{Stream, test_seed};
use proptest::prelude::*;

fn run(kind: Kind, config: Config, rates: &[f64]) -> Vec<Sample> {
    let mut controller = kind.build(&config, &Tuning::default());
    simulate(config, controller.as_mut(), rates)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn constant_load_comes_to_rest(
        rate in 0.0..5000.0_f64, initial in 1_usize..80, start_up in 0_usize..6,
        jitter in 0.0..0.005_f64, seed in any::<u64>(),
    ) {
        let limits = Limits::new(1, 80).unwrap();
        let config = Config::new(Queue::default(), limits, initial, start_up).unwrap();
        let mut chance = Stream::named(seed, "jitter");
        let mut steady = |jitter: f64| rate * (1.0 + jitter * (2.0 * chance.unit() - 1.0));
        for jitter in [0.0, jitter] {
            let rates: Vec<f64> = (0..600).map(|_| steady(jitter)).collect();
            for kind in Kind::ALL {
                let samples = run(kind, config, &rates);
                // Winters' model needs a day (240 cycles) before it can be believed.
                let end = &samples[400..];
                // Under noise a number between two whole ones may show both of them, but no more.
                let most = end.iter().map(Sample::ordered).max().unwrap();
                let least = end.iter().map(Sample::ordered).min().unwrap();
                let allowed = usize::from(jitter > 0.0);
                prop_assert!(most - least <= allowed, "{kind:?}, {jitter}: {least} to {most}");
                // The one that knows the objective keeps it, but for some of the noise; the
                // others' CPU says little about latency where servers are few.
                let over = end.iter().filter(|sample| sample.over_slo).count();
                let is_kept = kind != Kind::Predictive || over <= 20 * allowed;
                prop_assert!(is_kept, "{kind:?}: {over} of {}", end.len());
            }
        }
    }

    #[test]
    fn nobody_leaves_the_limits(
        min in 1_usize..20, more in 0_usize..30, from in 0.0..1.0_f64, seed in any::<u64>(),
        base in 0.0..20_000.0_f64,
    ) {
        let max = min + more;
        let limits = Limits::new(min, max).unwrap();
        let initial = limits.ceil(min as f64 + from * more as f64);
        let config = Config::new(Queue::default(), limits, initial, 2).unwrap();
        for model in Model::ALL {
            let mut chance = Stream::named(seed, model.name());
            let trace = model.generate(150, base, &mut chance).unwrap();
            for kind in Kind::ALL {
                for sample in run(kind, config, trace.rates()) {
                    prop_assert!((min..=max).contains(&sample.ordered()), "{kind:?}: {sample:?}");
                }
            }
        }
    }

    #[test]
    fn no_observation_breaks_a_controller(
        seen in prop::collection::vec((0_usize..50, 0_usize..50, 0.0..1.0_f64, 0.0..1e9_f64), 1..60),
    ) {
        let config = comparison::standard().unwrap();
        for kind in Kind::ALL {
            let mut controller = kind.build(&config, &Tuning::default());
            for (ready, starting, cpu, rate) in &seen {
                let seen = Observation { ready: *ready, starting: *starting, cpu: *cpu, rate: *rate };
                let desired = controller.desired(&seen);
                prop_assert!((1..=120).contains(&desired), "{kind:?}: {desired} for {seen:?}");
            }
        }
    }

    #[test]
    fn a_flash_crowd_is_recovered_from(height in 1.5..4.5_f64, seed in any::<u64>()) {
        let config = comparison::standard().unwrap();
        let mut chance = Stream::named(seed, "noise");
        let crowd = |cycle: usize| if (300..400).contains(&cycle) { height } else { 1.0 };
        let rates: Vec<f64> = (0..700)
            .map(|cycle| 2000.0 * crowd(cycle) * (1.0 + 0.02 * (2.0 * chance.unit() - 1.0)))
            .collect();
        for kind in Kind::ALL {
            let samples = run(kind, config, &rates);
            // The threshold controller needs a cycle for each server.
            let served = &samples[385..400];
            let over = served.iter().filter(|sample| sample.over_slo).count();
            prop_assert!(over <= 5, "{kind:?}: {over} of {} at the crowd's end", served.len());
            let dropped: f64 = served.iter().map(|sample| sample.dropped).sum();
            let arrived: f64 = served.iter().map(|sample| sample.arrived).sum();
            prop_assert!(dropped <= 0.01 * arrived, "{kind:?} drops {dropped}");
            // 30 % CPU is enough for the threshold controller to keep what it has.
            let left = samples[699].ordered() as f64;
            prop_assert!(left <= 20.0 / 0.3 + 1.0, "{kind:?} kept {left}");
        }
    }
}

/// Servers of which somebody else hands out only so many.
struct Rationed {
    plant: Plant,
    most: usize,
}

impl System for Rationed {
    type Error = Infallible;

    fn advance(&mut self, rate: f64) -> Result<Sample, Infallible> {
        Ok(self.plant.advance(rate))
    }

    fn scale_to(&mut self, servers: usize) -> Result<(), Infallible> {
        self.plant.scale_to(servers.min(self.most));
        Ok(())
    }
}

#[test]
fn a_loop_that_gets_less_than_it_asks_for_goes_on_from_there() {
    let limits = Limits::new(1, 120).unwrap();
    let config = Config::new(Queue::default(), limits, 10, 2).unwrap();
    for kind in Kind::ALL {
        let mut controller = kind.build(&config, &Tuning::default());
        let plant = Plant::new(config);
        let mut system = Rationed { plant, most: 10 };
        let mut last = |system: &mut Rationed, rate, cycles| {
            let turns = (0..cycles).map(|_| step(system, controller.as_mut(), rate).unwrap());
            turns.last().unwrap()
        };
        let short = last(&mut system, 2000.0, 200);
        assert_eq!(short.ordered(), 10, "{kind:?}");
        assert!(short.over_slo, "{kind:?}: {short:?}");
        system.most = 120;
        let enough = last(&mut system, 2000.0, 40);
        assert!(!enough.over_slo, "{kind:?}: {enough:?}");
        assert!(enough.ordered() < 40, "{kind:?}: {enough:?}");
        let quiet = last(&mut system, 200.0, 60);
        assert!(quiet.ordered() < 10, "{kind:?}: {quiet:?}");
    }
}

#[test]
fn traffic_repeats_with_its_seed_and_is_never_negative() {
    for model in Model::ALL {
        let draw = |seed| {
            let mut chance = Stream::named(seed, "traffic");
            model.generate(600, 1000.0, &mut chance).unwrap()
        };
        let seed = test_seed();
        assert_eq!(draw(seed), draw(seed));
        assert_ne!(draw(seed).rates(), draw(seed + 1).rates());
        assert!(draw(seed).rates().iter().all(|rate| *rate >= 0.0));
    }
}

#[test]
fn the_same_trace_gives_the_same_samples() {
    let config = comparison::standard().unwrap();
    for model in Model::ALL {
        let trace = comparison::traffic(model, 500, 9).unwrap();
        for kind in Kind::ALL {
            assert_eq!(
                run(kind, config, trace.rates()),
                run(kind, config, trace.rates())
            );
        }
    }
}
