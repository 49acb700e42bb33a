//! Who does the work when one job brings all others.

use std::sync::Mutex;
use std::time::Duration;

use labkit::chart::Timeline;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};
use labkit::rng::Stream;
use labkit::run::Run;
use thread_pool::{Error, ThreadPool, current_worker};

use super::{KINDS, cores, pool};
use crate::workload::spin;

const JOBS: usize = 24;

/// When a job ran, and on which worker.
struct Ran {
    worker: Option<usize>,
    job: usize,
    /// Milliseconds since the first was brought.
    from: f64,
    to: f64,
}

/// Jobs of unlike lengths on both schedulers, as a timeline.
pub(super) fn who_works(report: Report, run: &Run) -> Result<Report, Error> {
    let workers = cores().clamp(2, 4);
    let mut chance = run.rng("lengths");
    let lengths: Vec<Duration> = (0..JOBS).map(|_| unlike(&mut chance)).collect();
    let mut timeline = Timeline::new("Jobs of unlike lengths, all brought by one of them", "ms");
    let mut table = Table::new(["scheduler", "worker", "jobs", "busy ms"]);
    let (mut on_workers, mut stolen) = (0, 0);
    for (name, kind) in KINDS {
        let pool = pool(kind, workers)?;
        let spans = watch_jobs(&pool, &lengths);
        stolen += pool.metrics().stolen;
        for worker in 0..workers {
            let lane = timeline.lanes.len();
            timeline = timeline.lane(format!("{name} {worker}"));
            let (mut jobs, mut busy) = (0, 0.0);
            for ran in spans.iter().filter(|ran| ran.worker == Some(worker)) {
                let label = ran.job.to_string();
                timeline = timeline.span(lane, (ran.from, ran.to), label, name);
                (jobs, busy) = (jobs + 1, busy + ran.to - ran.from);
            }
            on_workers += jobs;
            table = table.row([
                name.to_owned(),
                worker.to_string(),
                jobs.to_string(),
                number(busy),
            ]);
        }
    }
    Ok(report
        .check(
            "all jobs ran on the pool's own workers",
            on_workers == KINDS.len() * JOBS,
            format!("{on_workers} of {}", KINDS.len() * JOBS),
        )
        .heading("Who does the work")
        .text(
            "The numbers say in which order the jobs were brought. The shared queue keeps it. With \
             stealing, the worker that brought them takes the newest first, and thieves the oldest.",
        )
        .timeline(timeline)
        .table(table)
        .figure(Figure::new("stolen", stolen as f64, "jobs")))
}

/// Has one job bring all others, and notes who ran them when.
fn watch_jobs(pool: &ThreadPool, lengths: &[Duration]) -> Vec<Ran> {
    let spans = Mutex::new(Vec::new());
    let watch = Stopwatch::start();
    pool.install(|| {
        pool.scope(|scope| {
            for (job, length) in lengths.iter().enumerate() {
                let (spans, watch) = (&spans, &watch);
                scope.spawn(move || {
                    let from = 1e3 * watch.seconds();
                    spin(*length);
                    let ran = Ran {
                        worker: current_worker(),
                        job,
                        from,
                        to: 1e3 * watch.seconds(),
                    };
                    spans.lock().expect("nothing panics under it").push(ran);
                });
            }
        });
    });
    spans.into_inner().expect("nothing panicked under it")
}

/// Between 1 and 30 ms; most are short.
fn unlike(chance: &mut Stream) -> Duration {
    Duration::from_secs_f64(0.001 + 0.029 * chance.unit().powi(3))
}
