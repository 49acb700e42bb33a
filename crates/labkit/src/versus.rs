//! Benches against a peer: ours and theirs in turn, in one run, judged by their ratio.
//!
//! Absolute times drift with the machine's mood; a ratio of neighbours in time doesn't. Each round
//! measures every contender once, every other round in the opposite order; the ratio is taken round
//! by round, and reported as its median with a bootstrap interval. Never decides pass or fail: a
//! bench is not a test.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::args::About;
use crate::clock::Stopwatch;
use crate::progress::Bar;
use crate::report::{Contender, Contest, Report};
use crate::rng::Stream;
use crate::stats::{bootstrap, median};

/// Rounds that are counted at least, after one that only warms up.
const ROUNDS: usize = 11;
/// Rounds with `--quick`.
const QUICK_ROUNDS: usize = 3;
/// Short rounds suffer most from what else the machine does, and cost least to repeat: a contest goes
/// on until it has lasted this long, for at most so many rounds.
const LONG_ENOUGH: Duration = Duration::from_secs(20);
const MOST_ROUNDS: usize = 101;

/// How much one round does, and how that is called.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    amount: f64,
    unit: &'static str,
}

impl Work {
    /// `amount` items a round; rates are then in `unit` per second.
    #[must_use]
    pub fn items(amount: f64, unit: &'static str) -> Self {
        Work { amount, unit }
    }
}

/// The ratio to a peer that a specification asks for.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// Ours is to be at least this many times as fast.
    AtLeast(f64),
    /// The peer is there for comparison only.
    None,
}

impl Target {
    fn value(self) -> Option<f64> {
        match self {
            Target::AtLeast(ratio) => Some(ratio),
            Target::None => None,
        }
    }
}

#[derive(Debug, Parser)]
struct Flags {
    /// Only contests whose name contains this
    filter: Option<String>,
    /// Fewer rounds: a first look
    #[arg(long)]
    quick: bool,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one self-contained HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Given by `cargo bench`; changes nothing
    #[arg(long, hide = true)]
    bench: bool,
}

/// All contests of one lab.
#[derive(Debug)]
pub struct Suite {
    flags: Flags,
    report: Report,
}

impl Suite {
    /// A suite set up by the command line's flags; ends the process on wrong ones, or after
    /// `--help`.
    #[must_use]
    pub fn from_args(about: About) -> Self {
        let flags = Flags::parse();
        let title = format!("{}: against its peers", about.name);
        let report = Report::new(about.name, title).lead(
            "Every contender in turn, round by round; a ratio above 1 means that ours was faster.",
        );
        Suite { flags, report }
    }

    /// Whether fewer, smaller rounds were asked for.
    #[must_use]
    pub fn quick(&self) -> bool {
        self.flags.quick
    }

    /// Starts a contest; it happens when [`ContestBuilder::run`] is called.
    pub fn contest<'a>(&'a mut self, name: impl Into<String>, work: Work) -> ContestBuilder<'a> {
        ContestBuilder {
            suite: self,
            name: name.into(),
            work,
            entries: Vec::new(),
        }
    }

    /// Adds a sentence to the report: what else was found, or why something was left out.
    pub fn note(&mut self, text: impl Into<String>) {
        self.change(|report| report.text(text));
    }

    /// Prints the report and writes it where the flags ask for it.
    #[must_use]
    pub fn finish(self) -> ExitCode {
        if let Err(error) = crate::run::print(&self.report.to_terminal()) {
            eprintln!("error: cannot print the report: {error}");
            return ExitCode::FAILURE;
        }
        let files = [
            (&self.flags.json, self.report.to_json()),
            (&self.flags.html, self.report.to_html()),
        ];
        for (path, text) in files {
            if let Some(path) = path
                && let Err(error) = fs::write(path, text)
            {
                eprintln!("error: cannot write {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
        ExitCode::SUCCESS
    }

    fn change(&mut self, with: impl FnOnce(Report) -> Report) {
        let report = std::mem::replace(&mut self.report, Report::new("", ""));
        self.report = with(report);
    }
}

/// A contest under construction.
pub struct ContestBuilder<'a> {
    suite: &'a mut Suite,
    name: String,
    work: Work,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    name: String,
    target: Target,
    note: String,
    /// None for a contender that isn't on this machine.
    round: Option<Box<dyn FnMut() -> Duration + 'a>>,
}

impl<'a> ContestBuilder<'a> {
    /// Enters ours; `round` does the work once and returns how long the timed part took.
    #[must_use]
    pub fn ours(self, name: impl Into<String>, round: impl FnMut() -> Duration + 'a) -> Self {
        self.peer(name, Target::None, round)
    }

    /// Enters a peer; ours must have been entered before.
    #[must_use]
    pub fn peer(
        mut self,
        name: impl Into<String>,
        target: Target,
        round: impl FnMut() -> Duration + 'a,
    ) -> Self {
        self.entries.push(Entry {
            name: name.into(),
            target,
            note: String::new(),
            round: Some(Box::new(round)),
        });
        self
    }

    /// Names a peer that isn't on this machine, and how to get it.
    #[must_use]
    pub fn missing(mut self, name: impl Into<String>, target: Target, how: &str) -> Self {
        self.entries.push(Entry {
            name: name.into(),
            target,
            note: format!("not found; {how}"),
            round: None,
        });
        self
    }

    /// Runs the contest and adds it to the suite's report.
    pub fn run(mut self) {
        let wanted = self.suite.flags.filter.as_deref();
        if wanted.is_some_and(|filter| !self.name.contains(filter)) {
            return;
        }
        let rates = self.measure();
        let contest = Contest {
            name: self.name,
            unit: format!("{}/s", self.work.unit),
            rounds: rates[0].len(),
            contenders: judge(&self.entries, &rates),
        };
        self.suite.change(|report| report.contest(contest));
    }

    /// The rates of every entry, round by round; none for those that are missing.
    fn measure(&mut self) -> Vec<Vec<f64>> {
        let (least, most) = if self.suite.flags.quick {
            (QUICK_ROUNDS, QUICK_ROUNDS)
        } else {
            (ROUNDS, MOST_ROUNDS)
        };
        let bar = Bar::new(&self.name, most as u64);
        let watch = Stopwatch::start();
        let mut rates = vec![Vec::with_capacity(most); self.entries.len()];
        for round in 0..=most {
            if round > least && watch.elapsed() >= LONG_ENOUGH {
                break;
            }
            let mut order: Vec<usize> = (0..self.entries.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for at in order {
                if let Some(measure) = &mut self.entries[at].round {
                    let seconds = measure().as_secs_f64();
                    // The first round fills caches, starts threads and grows buffers.
                    if round > 0 {
                        rates[at].push(self.work.amount / seconds);
                    }
                }
            }
            bar.add(1);
        }
        rates
    }
}

/// Sums up what was measured: rates, and the ratio of ours to each peer.
fn judge(entries: &[Entry<'_>], rates: &[Vec<f64>]) -> Vec<Contender> {
    // The interval's resampling needs chance, not surprise: a fixed seed repeats it.
    let mut chance = Stream::named(0, "versus");
    entries
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            let ratios: Vec<f64> = rates[0]
                .iter()
                .zip(&rates[at])
                .map(|(ours, theirs)| ours / theirs)
                .collect();
            let measured = !ratios.is_empty();
            Contender {
                name: entry.name.clone(),
                rate: measured.then(|| median(&rates[at])),
                ratio: (measured && at > 0).then(|| bootstrap(&ratios, median, &mut chance)),
                target: entry.target.value(),
                note: entry.note.clone(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, target: Target) -> Entry<'static> {
        Entry {
            name: name.to_owned(),
            target,
            note: String::new(),
            round: None,
        }
    }

    #[test]
    fn the_ratio_is_taken_round_by_round() {
        let entries = [
            entry("ours", Target::None),
            entry("peer", Target::AtLeast(1.0)),
            entry("missing", Target::AtLeast(1.0)),
        ];
        // The machine became ten times slower in the second round; the ratio didn't change.
        let rates = [vec![200.0, 20.0, 200.0], vec![100.0, 10.0, 100.0], vec![]];
        let judged = judge(&entries, &rates);
        assert_eq!(judged[0].ratio, None);
        assert_eq!(judged[1].ratio.map(|ratio| ratio.mid), Some(2.0));
        assert_eq!(judged[1].reached(), Some(true));
        assert_eq!(judged[2].rate, None);
        assert_eq!(judged[2].reached(), None);
    }
}
