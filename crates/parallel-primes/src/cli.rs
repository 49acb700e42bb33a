//! The command line: what can be asked for, and one checked request out of it.

use std::io;

use labkit::run::{Failure, Outcome, Run};

use parallel_primes::cache::Caches;
use parallel_primes::error::Error;
use parallel_primes::ladder::Rung;
use parallel_primes::list::list;
use parallel_primes::nth::{nth, upper_bound};
use parallel_primes::wheel::Geometry;
use parallel_primes::{number, parallel};

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  parallel-primes                         the demo: every rung, balance, speed-up
  parallel-primes count 1e10              how many primes there are below 10^10
  parallel-primes count 2^64-1e6 2^64-1   the last million 64-bit numbers
  parallel-primes list 1e12 2^64-1 | head the first primes from 10^12 on
  parallel-primes nth 1e9                 the billionth prime
  parallel-primes speedup 1e10            Amdahl's and Gustafson's laws, measured

A range [START, END) has its end left out; END is at most 2^64-1, which is not prime.
Numbers may be written as 1000000, 1_000_000, 1e6, 10^6 or 2^64-59.";

/// What the lab can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Climb the ladder, share the work, measure the speed-up (the default)
    Demo,
    /// Count the primes of a range
    Count {
        #[command(flatten)]
        range: RangeArgs,
        #[command(flatten)]
        threads: ThreadArgs,
        /// Count with another rung of the ladder, on one thread
        #[arg(long, value_enum)]
        rung: Option<Rung>,
    },
    /// Print the primes of a range, one on a line, as they are found
    List {
        #[command(flatten)]
        range: RangeArgs,
    },
    /// Print the N-th prime; the first is 2
    Nth {
        /// Which prime
        n: String,
        #[command(flatten)]
        threads: ThreadArgs,
    },
    /// Measure the speed-up of counting below END on 1, 2, 4 ... threads, and fit the laws to it
    Speedup {
        /// Where the range ends
        #[arg(default_value = "1e9")]
        end: String,
        #[command(flatten)]
        threads: ThreadArgs,
    },
}

/// A range as it is written.
#[derive(Debug, clap::Args)]
pub(crate) struct RangeArgs {
    /// Where the range starts; if it is the only number, where it ends, and it starts at 0
    #[arg(value_name = "START")]
    first: String,
    /// Where the range ends; this number itself is left out
    #[arg(value_name = "END")]
    second: Option<String>,
}

/// A number of threads as it is written.
#[derive(Debug, clap::Args)]
pub(crate) struct ThreadArgs {
    /// How many threads work [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    threads: Option<usize>,
}

impl RangeArgs {
    fn checked(&self) -> Result<std::ops::Range<u64>, Error> {
        number::range(&self.first, self.second.as_deref())
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what went wrong with its output.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    let caches = Caches::detect();
    let geometry = Geometry::for_caches(caches);
    match command.unwrap_or(Command::Demo) {
        Command::Demo => return Ok(demo::run(run, caches)?.into()),
        Command::Count {
            range,
            rung: Some(rung),
            ..
        } => println!("{}", rung.count(range.checked()?, caches)?),
        Command::Count { range, threads, .. } => {
            let (range, threads) = (range.checked()?, parallel::threads(threads.threads)?);
            let bar = run.bar("counting primes", range.end - range.start);
            let loads = parallel::count(range, threads, geometry, |numbers| bar.add(numbers));
            bar.clear();
            println!("{}", parallel::total(&loads));
        }
        Command::List { range } => {
            let range = range.checked()?;
            let bar = run.bar("listing primes", range.end - range.start);
            list(range, geometry, &mut io::stdout().lock(), |numbers| {
                bar.add(numbers);
            })?;
        }
        Command::Nth { n, threads } => {
            let (n, threads) = (number::parse(&n)?, parallel::threads(threads.threads)?);
            let bar = run.bar("counting primes", upper_bound(n));
            let prime = nth(n, threads, geometry, |numbers| bar.add(numbers))?;
            bar.clear();
            println!("{prime}");
        }
        Command::Speedup { end, threads } => {
            let (end, threads) = (number::parse(&end)?, parallel::threads(threads.threads)?);
            return Ok(demo::speedup_alone(run, end, threads, geometry).into());
        }
    }
    Ok(Outcome::Silent)
}
