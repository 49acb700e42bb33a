//! How full a buffer of ten is, over time, when one side is faster, and when it comes in bursts.

use std::thread;
use std::time::Duration;

use labkit::chart::Chart;
use labkit::clock::Stopwatch;
use labkit::report::{Report, Table, number};
use labkit::run::Run;
use producer_consumer::{Error, bounded};

use super::ROOM;

/// How long an item takes to be made, or used.
const WORK: Duration = Duration::from_micros(100);

/// Two that don't go at the same pace: how long each works on item `n`.
struct Pace {
    name: &'static str,
    make: fn(u32) -> Duration,
    consume: fn(u32) -> Duration,
}

const PACES: [Pace; 3] = [
    Pace {
        name: "producer twice as fast",
        make: |_| WORK / 2,
        consume: |_| WORK,
    },
    Pace {
        name: "consumer twice as fast",
        make: |_| WORK,
        consume: |_| WORK / 2,
    },
    Pace {
        name: "bursts of fifteen",
        make: |n| {
            if n % 15 == 0 {
                WORK * 15
            } else {
                Duration::ZERO
            }
        },
        consume: |_| WORK,
    },
];

/// What was seen of one pair.
struct Seen {
    /// Milliseconds, and how many items waited then.
    depths: Vec<(f64, f64)>,
    /// How long each of them stood waiting in all, in milliseconds.
    blocked: f64,
    hungry: f64,
    in_order: bool,
}

/// The depth over time, for three kinds of pace.
pub(super) fn over_time(report: Report, run: &Run) -> Result<Report, Error> {
    let items = run.size(150, 60);
    let mut chart = Chart::lines(format!("Items that wait in a buffer with room for {ROOM}"))
        .x("ms")
        .y("items");
    let mut table = Table::new([
        "pace",
        "mean depth",
        "producer waited ms",
        "consumer waited ms",
    ]);
    let (mut deepest, mut in_order) = (0.0_f64, true);
    let mut end = 0.0_f64;
    for pace in &PACES {
        let seen = watch_pair(pace, items)?;
        let depth = |at: &(f64, f64)| at.1;
        deepest = seen.depths.iter().map(depth).fold(deepest, f64::max);
        end = seen.depths.last().map_or(end, |last| end.max(last.0));
        in_order &= seen.in_order;
        let mean = seen.depths.iter().map(depth).sum::<f64>() / seen.depths.len() as f64;
        table = table.row([
            pace.name.to_owned(),
            number(mean),
            number(seen.blocked),
            number(seen.hungry),
        ]);
        chart = chart.series(pace.name, seen.depths);
    }
    let room = ROOM as f64;
    Ok(report
        .check(
            "the bound held",
            deepest <= room,
            format!("at most {} of {ROOM}", number(deepest)),
        )
        .check(
            "what was sent first was received first",
            in_order,
            format!("{items} items at each pace"),
        )
        .heading("How full it is")
        .text(
            "A buffer evens out bursts, never a difference of pace: if one side is faster all the time, \
             the buffer is soon full, or always empty, and the faster one waits. Depth is noted at each \
             send and receive.",
        )
        .chart(chart.reference("room", vec![(0.0, room), (end, room)]))
        .table(table))
}

/// Runs one producer and one consumer at a pace.
fn watch_pair(pace: &Pace, items: u32) -> Result<Seen, Error> {
    let (sender, receiver) = bounded(ROOM)?;
    let watch = Stopwatch::start();
    let millis = || 1e3 * watch.seconds();
    let (made, used) = thread::scope(|scope| {
        let producer = scope.spawn(move || {
            let (mut depths, mut blocked) = (Vec::new(), 0.0);
            for n in 0..items {
                spin((pace.make)(n));
                let before = millis();
                // The consumer stays until the end; were it gone, the check on the order would tell.
                let _ = sender.send(n);
                blocked += millis() - before;
                depths.push((millis(), sender.len() as f64));
            }
            (depths, blocked)
        });
        let consumer = scope.spawn(move || {
            let (mut depths, mut hungry, mut order) = (Vec::new(), 0.0, Vec::new());
            let mut before = millis();
            while let Ok(n) = receiver.recv() {
                hungry += millis() - before;
                order.push(n);
                depths.push((millis(), receiver.len() as f64));
                spin((pace.consume)(n));
                before = millis();
            }
            (depths, hungry, order)
        });
        (producer.join(), consumer.join())
    });
    let (mut depths, blocked) = made.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let (more, hungry, order) = used.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    depths.extend(more);
    depths.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Seen {
        depths,
        blocked,
        hungry,
        in_order: order.into_iter().eq(0..items),
    })
}

/// Computes for this long. A sleeping thread would say nothing about one that works.
fn spin(time: Duration) {
    let watch = Stopwatch::start();
    while watch.elapsed() < time {
        std::hint::spin_loop();
    }
}
