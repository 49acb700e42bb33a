//! The live form: real workers under low, high and low load.

use std::env;

use labkit::chart::Chart;
use labkit::report::{Figure, Report, number};
use labkit::run::{Failure, Run};

use feedback_control::config::{Config, Limits};
use feedback_control::controller::{Kind, Tuning};
use feedback_control::error::Error;
use feedback_control::feedback::{self, Sample};
use feedback_control::live::Scale;
use feedback_control::live::balancer::Tally;
use feedback_control::live::cluster::Cluster;
use feedback_control::queue::Queue;

/// The most workers: with a quarter of a core each, all of them fit one core.
const MOST: usize = 4;

/// Cycles of low, high and low load, and the load as a share of one worker's capacity.
const PHASES: [(usize, f64); 3] = [(3, 0.4), (9, 2.2), (12, 0.2)];

/// The CPU that is aimed at. A worker whose line never empties reads some 80 %: between two requests it
/// waits for its timer and for the balancer.
const TARGET: f64 = 0.6;

/// How many cycles of half a second a scale-down recommendation has to hold.
const WINDOW: usize = 4;

/// Runs real workers; a signal ends the run early, with what was seen until then.
///
/// # Errors
/// If there may not be so many workers, or they can't be started or measured.
pub(crate) fn live(run: &Run, kind: Kind, max: usize) -> Result<Report, Failure> {
    if max > MOST {
        return Err(Failure::usage(format!(
            "{max} workers are too many for a lab's machine; give --max 1 to {MOST}"
        )));
    }
    let scale = Scale::default();
    let config = config(scale, max)?;
    let mut tuning = Tuning::default();
    tuning.behaviour.window = WINDOW;
    tuning.outlook.season = None;
    (tuning.pid_target, tuning.tracking_target) = (TARGET, TARGET);
    let mut controller = kind.build(&config, &tuning);
    let program = env::current_exe().map_err(Error::Worker)?;
    let (chance, shutdown) = (run.rng("live load"), run.shutdown());
    let mut cluster = Cluster::start(program, scale, 1, chance, shutdown.clone())?;
    let rates: Vec<f64> = PHASES
        .iter()
        .flat_map(|(cycles, load)| vec![load * scale.service_rate(); *cycles])
        .collect();
    let bar = run.bar("live", rates.len() as u64);
    let samples = feedback::run(&mut cluster, controller.as_mut(), |so_far: &[Sample]| {
        bar.add(1);
        let rate = rates.get(so_far.len()).copied();
        rate.filter(|_| !shutdown.is_triggered())
    })?;
    bar.clear();
    let report = told(kind, &samples, &cluster.stop(), scale);
    if shutdown.is_triggered() {
        let early = "It was told to stop early: the line was drained and all workers ended.";
        return Ok(report.text(early));
    }
    let (most, last) = (most(&samples), last(&samples));
    Ok(report.check(
        "workers came with the load and went with it",
        max == 1 || (most > 1 && last < most),
        format!("1, then {most}, then {last}"),
    ))
}

fn most(samples: &[Sample]) -> usize {
    samples.iter().map(|s| s.ready).max().unwrap_or(0)
}

fn last(samples: &[Sample]) -> usize {
    samples.last().map_or(0, |s| s.ready)
}

/// What was seen, and what became of all requests.
fn told(kind: Kind, samples: &[Sample], tally: &Tally, scale: Scale) -> Report {
    let (most, last) = (most(samples), last(samples));
    Report::new("feedback-control", format!("Live: {} control", kind.name()))
        .lead(
            "Real processes on this machine: each answers HTTP requests with a quarter of a core, its \
             CPU is read from the operating system.",
        )
        .headline(Figure::new("most workers", most as f64, "workers"))
        .check(
            "every request was answered, dropped for want of room, or lost with its worker",
            tally.arrived == tally.answered + tally.dropped + tally.failed,
            format!(
                "{} = {} + {} + {}",
                tally.arrived, tally.answered, tally.dropped, tally.failed
            ),
        )
        .text(format!(
            "There were up to {most} workers and {last} at the end. {} requests, {} of them answered \
             later than {} ms; {} ms on average.",
            number(tally.arrived as f64),
            number(tally.late as f64),
            scale.slo.as_millis(),
            number(1e3 * tally.response.as_secs_f64() / tally.answered.max(1) as f64),
        ))
        .chart(chart(samples, scale))
}

/// What the controllers have to know; of the queue only the objective matters to them.
fn config(scale: Scale, max: usize) -> Result<Config, Error> {
    let queue = Queue {
        service_rate: scale.service_rate(),
        slo_s: scale.slo.as_secs_f64(),
        cycle_s: scale.cycle.as_secs_f64(),
        room_per_server: scale.room_per_worker as f64,
    };
    Config::new(queue, Limits::new(1, max)?, 1, 1)
}

fn chart(samples: &[Sample], scale: Scale) -> Chart {
    let seconds = |at: usize| (at + 1) as f64 * scale.cycle.as_secs_f64();
    let line = |of: &dyn Fn(&Sample) -> f64| {
        let points = samples.iter().enumerate();
        points
            .map(|(at, s)| (seconds(at), of(s)))
            .collect::<Vec<_>>()
    };
    Chart::lines("Load, busy workers and ready workers")
        .x("seconds")
        .y("workers")
        .reference("load, in workers", line(&|s| s.rate / scale.service_rate()))
        .series("ready", line(&|s| s.ready as f64))
        .series("busy (CPU × ready)", line(&|s| s.cpu * s.ready as f64))
}
