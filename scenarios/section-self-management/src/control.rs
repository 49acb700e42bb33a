//! The loop that joins the labs: once a cycle it looks, decides, shares and writes down.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use auto_repair::live::Happening;
use feedback_control::config::{Config, Limits};
use feedback_control::controller::{Controller, Kind as Rule, Observation, Tuning};
use feedback_control::live::balancer::Tally;
use feedback_control::live::worker::Work;
use feedback_control::queue::Queue;
use labkit::run::Run;
use labkit::shutdown::Shutdown;
use resource_allocation::broker::Broker;
use resource_allocation::quantities::Quantities;
use resource_allocation::reclaim::Hysteresis;
use resource_allocation::{Policy, Pool, Service};

use crate::crowd::Crowd;
use crate::fleet::{Fleet, Kind};
use crate::gossip::Console;
use crate::journal::{Journal, Kept};

/// How long a cycle lasts.
pub(crate) const CYCLE: Duration = Duration::from_millis(300);
/// How many processes the machine has room for.
pub(crate) const SLOTS: usize = 8;
/// The most and the fewest workers.
const WORKERS: (usize, usize) = (1, 6);
/// How long a worker is busy with a request, and how much of that it computes.
const SERVICE: (Duration, f64) = (Duration::from_millis(8), 0.15);
/// Nineteen of twenty requests are to be answered within this.
const SLO: Duration = Duration::from_millis(100);
/// Requests a second before and after the crowd, and at its height.
const RATES: (f64, f64) = (40.0, 420.0);

/// What was seen in one cycle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// When it ended, in seconds by the supervisor's clock.
    pub(crate) at: f64,
    /// How many workers the autoscaler wants, the allocator grants, and are ready.
    pub(crate) desired: usize,
    pub(crate) granted: usize,
    pub(crate) ready: usize,
    /// Batch jobs that run.
    pub(crate) batch: usize,
    /// Workers that the gossip counts, if it answered.
    pub(crate) gossip: Option<usize>,
    pub(crate) tally: Tally,
}

/// What remains when all is over.
pub(crate) struct Ended {
    pub(crate) samples: Vec<Sample>,
    pub(crate) happenings: Vec<Happening>,
    /// Processes that failed; one was killed.
    pub(crate) failures: u64,
    /// Which one was killed, and when by the supervisor's clock.
    pub(crate) killed: Option<(String, Duration)>,
    pub(crate) total: Tally,
    pub(crate) kept: Kept,
}

/// All parts, running.
pub(crate) struct Together {
    fleet: Fleet,
    crowd: Crowd,
    console: Console,
    journal: Journal,
    controller: Box<dyn Controller>,
    broker: Broker,
    shutdown: Shutdown,
    samples: Vec<Sample>,
    killed: Option<(String, Duration)>,
    total: Tally,
}

impl Together {
    /// Starts all parts, with one worker.
    ///
    /// # Errors
    /// What a part refuses.
    pub(crate) fn start(run: &Run) -> Result<Self, Box<dyn Error>> {
        let console = Console::start(run)?;
        let (service, share) = SERVICE;
        let work = Work::measured(service.mul_f64(share), service);
        let worker = format!(
            "worker --name {{name}} --join {} --rounds {} --service-us {} --seed {}",
            console.address(),
            work.rounds,
            work.service.as_micros(),
            run.seed,
        );
        let words = |line: &str| line.split(' ').map(str::to_owned).collect();
        let mut fleet = Fleet::start(run.seed, words(&worker), words("batch"))?;
        fleet.scale(Kind::Web, WORKERS.0)?;
        Ok(Together {
            fleet,
            crowd: Crowd::new(SLO, run.rng("crowd")),
            console,
            journal: Journal::start()?,
            controller: controller()?,
            broker: broker()?,
            shutdown: run.shutdown(),
            samples: Vec::new(),
            killed: None,
            total: Tally::default(),
        })
    }

    /// Where the page is.
    pub(crate) fn page(&self) -> SocketAddr {
        self.journal.address()
    }

    /// Lets one crowd come and go in so many cycles; in the middle of it a worker is killed. False if it
    /// was told to end before.
    ///
    /// # Errors
    /// If a part fails.
    pub(crate) fn crowd(
        &mut self,
        cycles: usize,
        mut progress: impl FnMut(),
    ) -> Result<bool, Box<dyn Error>> {
        for cycle in 0..cycles {
            if cycle == cycles / 2 {
                let when = self.fleet.now();
                self.killed = Some((self.fleet.kill_one()?, when));
            }
            self.cycle(rate(cycle, cycles))?;
            progress();
            if self.shutdown.is_triggered() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn cycle(&mut self, rate: f64) -> Result<(), Box<dyn Error>> {
        self.crowd.connect(&self.fleet.ready(Kind::Web)?);
        self.crowd.come(rate, CYCLE, &self.shutdown);
        let ready = self.fleet.ready(Kind::Web)?.len();
        let tally = self.crowd.tally();
        self.total.add(&tally);
        let seen = observe(&tally, ready, self.fleet.wanted(Kind::Web));
        let desired = self.controller.desired(&seen);
        let loads = [desired as f64, SLOTS as f64];
        let shared = self
            .broker
            .step(&Quantities::of(1, loads.iter().map(std::slice::from_ref)))?;
        let slots = |service: usize| whole(shared.allocation.of(service)[0]);
        let granted = desired.min(slots(0).max(WORKERS.0));
        let batch = slots(1).min(SLOTS - granted);
        self.fleet.scale(Kind::Batch, batch)?;
        // Who is to go gets no more requests before it is told to.
        let mut staying = self.fleet.ready(Kind::Web)?;
        staying.truncate(granted);
        self.crowd.connect(&staying);
        self.fleet.scale(Kind::Web, granted)?;
        let sample = Sample {
            at: self.fleet.now().as_secs_f64(),
            desired,
            granted,
            ready,
            batch,
            gossip: self.console.workers(),
            tally,
        };
        self.note(&sample)?;
        self.samples.push(sample);
        Ok(())
    }

    fn note(&mut self, sample: &Sample) -> Result<(), Box<dyn Error>> {
        let tally = &sample.tally;
        let mean = tally.response.as_secs_f64() / tally.answered.max(1) as f64;
        self.journal.note(
            "requests",
            "service=web",
            &[
                ("rate", tally.arrived as f64 / CYCLE.as_secs_f64()),
                ("mean_ms", 1e3 * mean),
                ("late", tally.late as f64),
                ("lost", (tally.dropped + tally.failed) as f64),
            ],
        )?;
        let mut workers = vec![
            ("desired", sample.desired as f64),
            ("granted", sample.granted as f64),
            ("ready", sample.ready as f64),
        ];
        workers.extend(sample.gossip.map(|counted| ("gossip", counted as f64)));
        self.journal.note("workers", "service=web", &workers)?;
        let batch = [("ready", sample.batch as f64)];
        self.journal.note("jobs", "service=batch", &batch)
    }

    /// Ends everything, from the crowd to the database.
    ///
    /// # Errors
    /// If a part had failed.
    pub(crate) fn end(mut self) -> Result<Ended, Box<dyn Error>> {
        self.total.add(&self.crowd.end());
        let (happenings, failures) = self.fleet.end()?;
        self.console.end()?;
        Ok(Ended {
            samples: self.samples,
            happenings,
            failures,
            killed: self.killed,
            total: self.total,
            kept: self.journal.end()?,
        })
    }
}

/// A flash crowd: from nothing to its height within a tenth of the time, a while of it, and away again.
fn rate(cycle: usize, cycles: usize) -> f64 {
    let (low, high) = RATES;
    let at = cycle as f64 / cycles as f64;
    let share = ((at - 0.15) / 0.1).min((0.7 - at) / 0.1).clamp(0.0, 1.0);
    low + (high - low) * share
}

fn controller() -> Result<Box<dyn Controller>, Box<dyn Error>> {
    let (service, _) = SERVICE;
    let queue = Queue {
        service_rate: 1.0 / service.as_secs_f64(),
        slo_s: SLO.as_secs_f64(),
        cycle_s: CYCLE.as_secs_f64(),
        ..Queue::default()
    };
    let (few, many) = WORKERS;
    let config = Config::new(queue, Limits::new(few, many)?, few, 1)?;
    Ok(Rule::Predictive.build(&config, &Tuning::default()))
}

fn broker() -> Result<Broker, Box<dyn Error>> {
    let (_, many) = WORKERS;
    let sharers = vec![
        Service::new("web", [many as f64]).weight(3.0),
        Service::new("batch", [SLOTS as f64]),
    ];
    // Up at once; down when a claim hasn't been used for three cycles.
    let rule = Hysteresis::new(0.6, 1.0, 1.0, 3)?;
    let pool = Pool::new([("slots", SLOTS as f64)])?;
    Ok(Broker::new(pool, sharers, Policy::Proportional, rule)?)
}

/// What an autoscaler can know of a cycle.
fn observe(tally: &Tally, ready: usize, wanted: usize) -> Observation {
    let (service, _) = SERVICE;
    let busy = tally.answered as f64 * service.as_secs_f64();
    let there = ready.max(1) as f64 * CYCLE.as_secs_f64();
    Observation {
        ready,
        starting: wanted.saturating_sub(ready),
        cpu: (busy / there).min(1.0),
        rate: tally.arrived as f64 / CYCLE.as_secs_f64(),
    }
}

/// Whole slots of a share; a share that lacks a rounding error of the next one has it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is between zero and the slots"
)]
fn whole(share: f64) -> usize {
    (share + 1e-6).max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_comes_and_goes() {
        let rates: Vec<f64> = (0..30).map(|cycle| rate(cycle, 30)).collect();
        let (low, high) = RATES;
        assert!((rates[0] - low).abs() < 1e-9 && (rates[29] - low).abs() < 1e-9);
        assert!((rates[15] - high).abs() < 1e-9);
    }

    #[test]
    fn workers_that_answer_all_the_time_are_busy() {
        let tally = Tally {
            arrived: 300,
            answered: 75,
            ..Tally::default()
        };
        let seen = observe(&tally, 2, 3);
        assert!((seen.cpu - 1.0).abs() < 1e-9);
        assert_eq!((seen.ready, seen.starting), (2, 1));
        assert!((seen.rate - 1000.0).abs() < 1e-9);
    }
}
