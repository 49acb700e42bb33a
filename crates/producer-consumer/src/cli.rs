//! The command line: what can be asked for, and one checked request out of it.

use clap::{Args, Subcommand, ValueEnum};
use labkit::report::{Figure, Report, Table, number};
use labkit::run::{Failure, Outcome, Run};
use labkit::stats::Histogram;
use producer_consumer::load::{self, Load};
use producer_consumer::{Error, Kind};

use crate::demo;

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  producer-consumer                                   the demo: five buffers, how full, how fast
  producer-consumer run --buffer locked               one producer, one consumer, room for 10
  producer-consumer run --buffer mpmc --capacity 1024 --producers 4 --consumers 4 --items 5000000
  producer-consumer run --buffer spsc --capacity 1024 --batch 64 --items 50000000
  producer-consumer stress --items 100000000          through each of the five; none lost, none doubled";

/// What the lab can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare the buffers: how full they are, who waits, how fast they are (the default)
    Demo,
    /// Send items through one buffer, and report who waited how long
    Run {
        /// Which of them
        #[arg(short, long, value_enum, default_value_t = Buffer::Locked)]
        buffer: Buffer,
        #[command(flatten)]
        load: LoadArgs,
    },
    /// Send many items through every buffer, and account for each of them
    Stress {
        /// How many items go through each
        #[arg(short, long, value_name = "N", default_value_t = 10_000_000)]
        items: u64,
        /// How many items each buffer has room for
        #[arg(short, long, value_name = "N", default_value_t = 1024)]
        capacity: usize,
        /// How many producers, and as many consumers, where a buffer is for many
        #[arg(short, long, value_name = "N", default_value_t = 4)]
        threads: usize,
    },
}

/// Who sends how much to whom; the library checks it.
#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// How many items the buffer has room for (segmented has no bound)
    #[arg(short, long, value_name = "N", default_value_t = 10)]
    capacity: usize,
    /// How many threads send
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    producers: usize,
    /// How many threads receive
    #[arg(short = 'r', long, value_name = "N", default_value_t = 1)]
    consumers: usize,
    /// How many items they send together
    #[arg(short, long, value_name = "N", default_value_t = 1_000_000)]
    items: u64,
    /// How many of them at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Buffer {
    /// One lock, two conditions
    Locked,
    /// Two semaphores around a queue
    Semaphores,
    /// A ring for one producer and one consumer
    Spsc,
    /// A ring for many
    Mpmc,
    /// A list of blocks, without a bound
    Segmented,
}

impl From<Buffer> for Kind {
    fn from(buffer: Buffer) -> Self {
        match buffer {
            Buffer::Locked => Kind::Locked,
            Buffer::Semaphores => Kind::Semaphores,
            Buffer::Spsc => Kind::Spsc,
            Buffer::Mpmc => Kind::Mpmc,
            Buffer::Segmented => Kind::Segmented,
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    let report = match command.unwrap_or(Command::Demo) {
        Command::Demo => demo::run(run)?,
        Command::Run { buffer, load } => {
            let load = Load {
                capacity: load.capacity,
                producers: load.producers,
                consumers: load.consumers,
                items: load.items,
                batch: load.batch,
            };
            one_load(run, buffer.into(), load)?
        }
        Command::Stress {
            items,
            capacity,
            threads,
        } => stress(run, items, capacity, threads)?,
    };
    Ok(report.into())
}

/// The report of one load on one buffer.
fn one_load(run: &Run, kind: Kind, load: Load) -> Result<Report, Error> {
    load.check(kind)?;
    let bar = run.bar("items", load.items);
    let outcome = load::run(kind, load, |items| bar.add(items))?;
    bar.clear();
    let rate = load.items as f64 / outcome.seconds;
    let mut table = Table::new(["side", "times waited", "median µs", "99 % µs", "longest µs"]);
    table = table.row(waits("producers", &outcome.send_waits));
    table = table.row(waits("consumers", &outcome.recv_waits));
    Ok(
        Report::new("producer-consumer", format!("{kind}: one load"))
            .lead(format!(
                "{} items from {} to {}, room for {}.",
                number(load.items as f64),
                load.producers,
                load.consumers,
                load.capacity
            ))
            .headline(Figure::new("items per second", rate, "items/s"))
            .check(
                "every item arrived once, and nobody's were overtaken by his own",
                outcome.findings.all_is_well(),
                seen(&outcome.findings),
            )
            .table(table),
    )
}

/// A row about how long one side waited.
pub(crate) fn waits(side: impl Into<String>, waits: &Histogram) -> [String; 5] {
    let micros = |nanos: u64| number(nanos as f64 / 1e3);
    [
        side.into(),
        number(waits.count() as f64),
        micros(waits.quantile(0.5)),
        micros(waits.quantile(0.99)),
        micros(waits.max()),
    ]
}

/// What an audit has found, in words.
pub(crate) fn seen(findings: &producer_consumer::audit::Findings) -> String {
    format!(
        "{} received, {} lost, {} doubled, {} out of order",
        number(findings.received as f64),
        findings.lost,
        findings.doubled,
        findings.disorder
    )
}

/// The report of many items through every buffer.
fn stress(run: &Run, items: u64, capacity: usize, threads: usize) -> Result<Report, Error> {
    let load_of = |kind: Kind| {
        let threads = if kind.is_shared() { threads } else { 1 };
        Load {
            capacity,
            producers: threads,
            consumers: threads,
            items,
            batch: 1,
        }
    };
    for kind in Kind::ALL {
        load_of(kind).check(kind)?;
    }
    let bar = run.bar("items", items * Kind::ALL.len() as u64);
    let mut report = Report::new("producer-consumer", "Every item accounted for").lead(format!(
        "{} items through each buffer. Every consumer ticks each item in a map of its own, and in the \
         end the maps must be disjoint and complete.",
        number(items as f64)
    ));
    let mut table = Table::new(["buffer", "threads", "seconds", "items/s"]);
    for kind in Kind::ALL {
        bar.label(&kind.to_string());
        let load = load_of(kind);
        let outcome = load::run(kind, load, |items| bar.add(items))?;
        report = report.check(
            format!("{kind}: none lost, none doubled, none overtaken"),
            outcome.findings.all_is_well(),
            seen(&outcome.findings),
        );
        table = table.row([
            kind.to_string(),
            format!("{} to {}", load.producers, load.consumers),
            number(outcome.seconds),
            number(items as f64 / outcome.seconds),
        ]);
    }
    bar.clear();
    Ok(report.table(table))
}
