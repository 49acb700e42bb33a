//! Against what a professional would use instead.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use astrolabe_monitoring::Tally;
use labkit::clock::Stopwatch;
use labkit::versus::{Suite, Target, Work};

const WORDS: [&str; 4] = ["to", "be", "or", "not"];
const RECORDED: usize = 1_000_000;

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    suite
        .contest("record words", Work::items(RECORDED as f64, "words"))
        .ours("tally", ours)
        .peer("std HashMap", Target::None, hash_map)
        .run();
    suite.finish()
}

fn words() -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().cycle().take(RECORDED)
}

fn ours() -> Duration {
    let watch = Stopwatch::start();
    let mut tally = Tally::new();
    words().for_each(|word| tally.record(word));
    assert_eq!(tally.total(), RECORDED as u64);
    watch.elapsed()
}

fn hash_map() -> Duration {
    let watch = Stopwatch::start();
    let mut counts: HashMap<String, u64> = HashMap::new();
    words().for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
    assert_eq!(counts.values().sum::<u64>(), RECORDED as u64);
    watch.elapsed()
}
