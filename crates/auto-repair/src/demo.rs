//! The demonstration: the point of the lab, with real figures.

use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table};
use labkit::run::Run;

use crate::Tally;

const WORDS: [&str; 5] = ["to", "be", "or", "not", "question"];

/// Counts words drawn from the run's seed.
#[must_use]
pub fn run(run: &Run) -> Report {
    let recorded: u64 = run.size(1_000_000, 10_000);
    let mut draws = run.rng("words");
    let mut tally = Tally::new();
    let watch = Stopwatch::start();
    for _ in 0..recorded {
        tally.record(WORDS[draws.index(WORDS.len())]);
    }
    let rate = recorded as f64 / watch.seconds();
    let most = tally.most_frequent();
    let (word, times) = most.map_or(("none", 0), |(word, times)| (word, times));
    Report::new("auto-repair", "Auto repair")
        .lead("Every word that was recorded is counted once.")
        .headline(Figure::new("words per second", rate, "words/s"))
        .check(
            "the counts add up",
            tally.total() == recorded,
            format!("{} of {recorded}", tally.total()),
        )
        .table(Table::new(["most frequent", "times"]).row([word.to_owned(), times.to_string()]))
}
