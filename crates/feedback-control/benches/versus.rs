//! Simulated cycles per second, and what each controller pays against the clairvoyant.

use std::process::ExitCode;
use std::time::Duration;

use feedback_control::comparison::{self, CYCLES, compare};
use feedback_control::controller::{Kind, Tuning};
use feedback_control::feedback::simulate;
use feedback_control::optimum::schedule;
use feedback_control::traffic::Model;
use labkit::clock::Stopwatch;
use labkit::versus::{Suite, Target, Work};

/// Seeds that the controllers' parameters were not chosen on.
const SEEDS: std::ops::Range<u64> = 100..120;

/// Runs of a trace that a round has, so that it takes milliseconds.
const REPEATS: usize = 20;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let config = comparison::standard().expect("allowed numbers");
    let trace = comparison::traffic(Model::Random, CYCLES, 100).expect("an allowed length");
    let round = |kind: Kind| {
        let trace = &trace;
        move || {
            let watch = Stopwatch::start();
            for _ in 0..REPEATS {
                let mut controller = kind.build(&config, &Tuning::default());
                let samples = simulate(config, controller.as_mut(), trace.rates());
                assert_eq!(samples.len(), CYCLES);
            }
            watch.elapsed()
        }
    };
    let cycles = Work::items((CYCLES * REPEATS) as f64, "cycles");
    suite
        .contest("simulated cycles", cycles)
        .ours("threshold", round(Kind::Threshold))
        .peer("PID", Target::None, round(Kind::Pid))
        .peer("target tracking", Target::None, round(Kind::TargetTracking))
        .peer("predictive", Target::None, round(Kind::Predictive))
        .run();
    suite
        .contest("clairvoyant schedule", Work::items(CYCLES as f64, "cycles"))
        .ours("dynamic programming, 1 to 120 servers", || -> Duration {
            let watch = Stopwatch::start();
            let optimum = schedule(&config, trace.rates()).expect("few enough states");
            assert_eq!(optimum.servers.len(), CYCLES);
            watch.elapsed()
        })
        .run();
    let seeds = if suite.quick() { 100..102 } else { SEEDS };
    for model in Model::ALL {
        suite.note(ratios(model, seeds.clone()));
    }
    suite.finish()
}

/// The controllers' mean ratios to the clairvoyant, as a sentence.
fn ratios(model: Model, seeds: std::ops::Range<u64>) -> String {
    let config = comparison::standard().expect("allowed numbers");
    let count = seeds.clone().count();
    let mut sums = [0.0; Kind::ALL.len()];
    for seed in seeds {
        let trace = comparison::traffic(model, CYCLES, seed).expect("an allowed length");
        let comparison = compare(&config, &Tuning::default(), trace).expect("few enough states");
        for (sum, entry) in sums.iter_mut().zip(&comparison.entries) {
            *sum += comparison.ratio(entry) / count as f64;
        }
    }
    let parts: Vec<String> = Kind::ALL
        .iter()
        .zip(sums)
        .map(|(kind, ratio)| format!("{} {ratio:.3}", kind.name()))
        .collect();
    format!(
        "Cost against the clairvoyant, {} traffic, mean of {count} seeds: {}; the best is to be at most 1.15.",
        model.name(),
        parts.join(", ")
    )
}
