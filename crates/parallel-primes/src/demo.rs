//! The default run: climb the ladder, share the work, measure the speed-up.

use std::num::NonZeroUsize;
use std::time::Duration;

use labkit::chart::{Chart, Timeline};
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;

use parallel_primes::cache::Caches;
use parallel_primes::error::Error;
use parallel_primes::ladder::Rung;
use parallel_primes::measure::{self, Balance, RungTime, Speedup};
use parallel_primes::parallel::{self, Load, elapsed, imbalance, total};
use parallel_primes::scaling::{amdahl, fit_amdahl, fit_gustafson, gustafson, karp_flatt};
use parallel_primes::wheel::Geometry;

/// π(10^k), from k = 1 (OEIS A006880).
const PRIMES_BELOW_POWERS_OF_TEN: [u64; 10] = [
    4,
    25,
    168,
    1_229,
    9_592,
    78_498,
    664_579,
    5_761_455,
    50_847_534,
    455_052_511,
];

/// The largest power of ten that every rung is asked for, and that the slowest reaches in a second.
const COMMON_POWER: u32 = 6;

/// Runs the demo.
///
/// # Errors
/// None that the lab's own sizes can cause.
pub(crate) fn run(run: &Run, caches: Caches) -> Result<Report, Error> {
    let threads = measure::doubling(parallel::threads(None)?);
    let steps = Rung::ALL.len() + 1 + measure::ROUNDS;
    let bar = run.bar("parallel primes", steps as u64);
    let budget = Duration::from_millis(run.size(300, 100));
    let mut ladder = Vec::new();
    for rung in Rung::ALL {
        ladder.push((rung, measure::climb(rung, 9, budget, caches)?));
        bar.add(1);
    }
    let range = 0..run.size(2_000_000, 500_000);
    // On a single processor two threads still show who has how much to do.
    let several = threads.last().map_or(2, |most| most.get().max(2));
    let balance = measure::balance(&range, parallel::threads(Some(several))?);
    bar.add(1);
    let end = run.size(500_000_000, 50_000_000);
    let geometry = Geometry::for_caches(caches);
    let speedup = measure::speedup(end, &threads, geometry, || bar.add(1));
    bar.clear();

    let report = Report::new("parallel-primes", "Parallel primes").lead(
        "First a better algorithm, rung by rung; then all processors, without letting one wait. \
         Both are measured here, on this machine, in this run.",
    );
    let report = ladder_section(report, &ladder);
    let report = balance_section(report, &balance);
    Ok(speedup_section(report, end, &speedup))
}

/// Measures and reports the speed-up alone, as far and on as many threads as asked for.
pub(crate) fn speedup_alone(
    run: &Run,
    end: u64,
    threads: NonZeroUsize,
    geometry: Geometry,
) -> Report {
    let threads = measure::doubling(threads);
    let bar = run.bar("measuring the speed-up", measure::ROUNDS as u64);
    let speedup = measure::speedup(end, &threads, geometry, || bar.add(1));
    bar.clear();
    let report = Report::new("parallel-primes", "Speed-up of counting primes");
    speedup_section(report, end, &speedup)
}

fn ladder_section(report: Report, ladder: &[(Rung, Vec<RungTime>)]) -> Report {
    let known = |time: &RungTime| PRIMES_BELOW_POWERS_OF_TEN[time.power as usize - 1];
    let mut times = ladder.iter().flat_map(|(_, times)| times);
    let counts = times.clone().count();
    let right = times.all(|time| time.primes == known(time));

    let mut chart = Chart::lines("Time to count the primes below n, rung by rung")
        .x("n")
        .y("seconds")
        .log_x()
        .log_y();
    let mut figures = Table::new(["rung", "ms for n = 10^6", "largest n", "s for it"]);
    let mut ideas = Table::new(["rung", "time; memory", "what it buys"]);
    for (rung, times) in ladder {
        let points = times
            .iter()
            .map(|time| (10_f64.powf(time.power.into()), time.seconds));
        chart = chart.series(rung.name(), points.collect());
        let common = times.iter().find(|time| time.power == COMMON_POWER);
        let last = times.last();
        figures = figures.row([
            rung.name().to_owned(),
            common.map_or("–".to_owned(), |time| number(1e3 * time.seconds)),
            last.map_or("–".to_owned(), |time| format!("10^{}", time.power)),
            last.map_or("–".to_owned(), |time| number(time.seconds)),
        ]);
        ideas = ideas.row([rung.name(), rung.cost(), rung.buys()]);
    }
    report
        .check(
            "every rung counts what is known of π(10^k)",
            right,
            format!("{counts} counts by {} rungs", ladder.len()),
        )
        .heading("A better algorithm")
        .chart(chart)
        .table(figures)
        .table(ideas)
}

fn balance_section(report: Report, balance: &Balance) -> Report {
    let all = [
        ("one thread", &balance.alone),
        ("equal chunks", &balance.equal),
        ("dynamic", &balance.dynamic),
    ];
    let mut timeline = Timeline::new("Trial division: who works when", "ms");
    let mut table = Table::new(["distribution", "thread", "chunks", "primes", "busy ms"]);
    for (name, loads) in all {
        for (thread, load) in loads.iter().enumerate() {
            let lane = timeline.lanes.len();
            timeline = lane_of(timeline.lane(format!("{name} {thread}")), lane, name, load);
            table = table.row([
                name.to_owned(),
                thread.to_string(),
                load.done().len().to_string(),
                number(load.primes() as f64),
                number(ms(load.busy())),
            ]);
        }
    }
    let primes = total(&balance.alone);
    let alone = ms(elapsed(&balance.alone));
    let gain = |loads| alone / ms(elapsed(loads));
    report
        .check(
            "every distribution finds each prime once",
            all.iter().all(|(_, loads)| total(loads) == primes),
            format!("{} primes", number(primes as f64)),
        )
        .heading("Nobody waits")
        .text(format!(
            "Trial division takes one thread {} ms. A large number costs more divisions than a small \
             one, so in equal chunks the last thread works longest, {:.2} times as long as the \
             average, and {} threads are {:.2} times as fast as one. Taking a small chunk whenever one \
             is free brings the imbalance to {:.2} and the speed-up to {:.2}.",
            number(alone),
            imbalance(&balance.equal),
            balance.equal.len(),
            gain(&balance.equal),
            imbalance(&balance.dynamic),
            gain(&balance.dynamic),
        ))
        .timeline(timeline)
        .table(table)
}

fn lane_of(timeline: Timeline, lane: usize, kind: &str, load: &Load) -> Timeline {
    load.done().iter().fold(timeline, |timeline, done| {
        let span = (ms(done.start), ms(done.end));
        timeline.span(lane, span, format!("from {}", done.range.start), kind)
    })
}

fn speedup_section(report: Report, end: u64, speedup: &Speedup) -> Report {
    let serial = fit_amdahl(&speedup.fixed);
    let serial_scaled = fit_gustafson(&speedup.scaled);
    let mut table = Table::new([
        "threads",
        "speed-up",
        "Karp-Flatt",
        "Amdahl fit",
        "scaled",
        "Gustafson fit",
    ]);
    for (fixed, scaled) in speedup.fixed.iter().zip(&speedup.scaled) {
        table = table.row([
            fixed.processors.to_string(),
            format!("{:.2}", fixed.speedup),
            karp_flatt(*fixed).map_or("–".to_owned(), |serial| format!("{serial:.4}")),
            format!("{:.2}", amdahl(serial, fixed.processors)),
            format!("{:.2}", scaled.speedup),
            format!("{:.2}", gustafson(serial_scaled, scaled.processors)),
        ]);
    }
    let measured: Vec<(f64, f64)> = speedup
        .fixed
        .iter()
        .map(|point| (point.processors, point.speedup))
        .collect();
    let law = |(processors, _): &(f64, f64)| (*processors, amdahl(serial, *processors));
    let chart = Chart::speedup("Speed-up of the wheel with buckets", &measured)
        .reference("Amdahl's law", measured.iter().map(law).collect());
    let best = measured
        .iter()
        .map(|(_, speedup)| *speedup)
        .fold(1.0, f64::max);
    let rate = end as f64 / speedup.seconds * best;
    report
        .headline(Figure::new("numbers sieved", rate, "numbers/s"))
        .check(
            "any number of threads counts the same",
            speedup.agree,
            format!("{} primes below {}", number(speedup.primes as f64), number(end as f64)),
        )
        .heading("All processors")
        .chart(chart)
        .table(table)
        .text(format!(
            "Amdahl's law fits best with {:.2} % of the work serial, which bounds the speed-up of this \
             count to {} on any number of processors. Gustafson's, for work that grows with the \
             processors, fits with {:.2} %. What other programs took of the processors meanwhile \
             counts as serial in both.",
            100.0 * serial,
            if serial > 0.0 { number(1.0 / serial) } else { "nothing".to_owned() },
            100.0 * serial_scaled,
        ))
}

fn ms(duration: Duration) -> f64 {
    1e3 * duration.as_secs_f64()
}
