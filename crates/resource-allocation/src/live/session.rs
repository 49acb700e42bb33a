//! Workers under limits, from their start to the last trace of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::shutdown::Shutdown;

use super::groups::Groups;
use super::limits::{Limits, Version, nice_parts, nice_values, quota_us, shrink_first};
use super::nice::{Pinned, Set};
use super::worker::Worker;
use crate::Error;

/// How limits are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Control groups where that is possible, else nice values.
    Auto,
    /// Control groups or nothing.
    Groups,
    /// Nice values and one processor for all.
    Nice,
}

#[derive(Debug)]
enum Enforcement {
    Groups(Groups),
    Nice(Pinned),
}

/// What a worker used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Processors, on average over the time of measuring.
    pub cpus: f64,
    /// Memory at its end, in bytes.
    pub resident_bytes: u64,
}

/// A worker for each service, and what keeps them in their limits. Dropping it ends and removes
/// everything; [`end`](Self::end) also says whether that went well.
#[derive(Debug)]
pub struct Session {
    program: PathBuf,
    names: Vec<String>,
    // The workers end before their groups are removed: fields are dropped in this order.
    workers: Vec<Worker>,
    enforcement: Enforcement,
    limits: Vec<Limits>,
    /// Why control groups weren't used, if they might have been.
    fallback: Option<String>,
}

impl Session {
    /// Starts a worker for each name, with nothing granted yet: they wait. `program` is this lab's
    /// own binary, or one that does the same for the subcommands `worker` and `janitor GROUP...`: it calls
    /// [`worker::run`](super::worker::run) and [`janitor::run`](super::janitor::run).
    ///
    /// # Errors
    /// [`Error::Unenforceable`] if control groups were insisted on and can't be had,
    /// [`Error::System`] if processes can't be started.
    pub fn start(program: &Path, names: &[String], means: Means) -> Result<Self, Error> {
        let mut fallback = None;
        let enforcement = match means {
            Means::Nice => Enforcement::Nice(Pinned::choose()?),
            Means::Groups => Enforcement::Groups(Groups::make(program, names.len())?),
            Means::Auto => match Groups::make(program, names.len()) {
                Ok(groups) => Enforcement::Groups(groups),
                Err(Error::Unenforceable { why, .. }) => {
                    fallback = Some(why);
                    Enforcement::Nice(Pinned::choose()?)
                }
                Err(other) => return Err(other),
            },
        };
        let nothing = Limits {
            cpus: 0.0,
            memory_mib: 0,
        };
        let mut session = Session {
            program: program.to_owned(),
            names: names.to_vec(),
            workers: Vec::with_capacity(names.len()),
            enforcement,
            limits: vec![nothing; names.len()],
            fallback,
        };
        for at in 0..names.len() {
            let worker = session.recruit(at)?;
            session.workers.push(worker);
        }
        for worker in &mut session.workers {
            worker.burn()?;
        }
        Ok(session)
    }

    /// A new worker, limited before it does anything.
    fn recruit(&self, at: usize) -> Result<Worker, Error> {
        let worker = Worker::start(&self.program, &self.names[at])?;
        match &self.enforcement {
            Enforcement::Groups(groups) => {
                groups.apply(at, &self.limits[at])?;
                groups.admit(at, worker.process())?;
            }
            Enforcement::Nice(pinned) => pinned.admit(worker.process())?,
        }
        Ok(worker)
    }

    /// Enforces new limits. Workers that are to hold less let go of it before others get more.
    ///
    /// # Errors
    /// [`Error::Worker`] if a worker has ended, [`Error::System`] if the system refuses a limit.
    ///
    /// # Panics
    /// If there aren't limits for every worker.
    pub fn apply(&mut self, limits: &[Limits]) -> Result<(), Error> {
        assert_eq!(limits.len(), self.workers.len(), "limits for every worker");
        let nice = nice_values(limits);
        for at in shrink_first(&self.limits, limits) {
            let after = limits[at];
            let grows = after.memory_mib > self.limits[at].memory_mib;
            if !grows {
                self.workers[at].hold(after.memory_mib)?;
            }
            self.limit(at, &after, nice[at])?;
            if grows {
                self.workers[at].hold(after.memory_mib)?;
            }
            self.limits[at] = after;
        }
        Ok(())
    }

    fn limit(&mut self, at: usize, limits: &Limits, nice: i32) -> Result<(), Error> {
        let pinned = match &self.enforcement {
            Enforcement::Groups(groups) => return groups.apply(at, limits),
            Enforcement::Nice(pinned) => *pinned,
        };
        if pinned.apply(self.workers[at].process(), nice)? == Set::Done {
            return Ok(());
        }
        self.workers[at] = self.recruit(at)?;
        self.workers[at].burn()?;
        self.workers[at].hold(limits.memory_mib.min(self.limits[at].memory_mib))?;
        match pinned.apply(self.workers[at].process(), nice)? {
            Set::Done => Ok(()),
            Set::NeedsNewProcess => Err(Error::Unenforceable {
                how: "nice values",
                why: format!(
                    "a worker needs nice {nice}, and this program itself runs with a higher value; \
                     start it without nice"
                ),
            }),
        }
    }

    /// The processors that each worker should get under the present limits, if they are worth
    /// anything, when all together get `total`.
    #[must_use]
    pub fn expected(&self, total: f64) -> Vec<f64> {
        match &self.enforcement {
            Enforcement::Groups(_) => {
                let quota = |limits: &Limits| quota_us(limits.cpus) as f64;
                let period = super::limits::PERIOD_US as f64;
                self.limits
                    .iter()
                    .map(|limits| quota(limits) / period)
                    .collect()
            }
            Enforcement::Nice(_) => {
                let parts = nice_parts(&nice_values(&self.limits));
                parts.iter().map(|part| part * total).collect()
            }
        }
    }

    /// What every worker uses during the next `window`; none if the shutdown came first.
    ///
    /// # Errors
    /// [`Error::Worker`] if a worker has ended.
    pub fn measure(
        &mut self,
        window: Duration,
        shutdown: &Shutdown,
    ) -> Result<Option<Vec<Usage>>, Error> {
        let watch = Stopwatch::start();
        let before = self.cpu_times()?;
        if shutdown.wait_timeout(window) {
            return Ok(None);
        }
        let after = self.cpu_times()?;
        let seconds = watch.seconds();
        let mut used = Vec::with_capacity(self.workers.len());
        for (worker, (before, after)) in self.workers.iter_mut().zip(before.iter().zip(after)) {
            used.push(Usage {
                cpus: after.saturating_sub(*before).as_secs_f64() / seconds,
                resident_bytes: worker.resident_bytes()?,
            });
        }
        Ok(Some(used))
    }

    fn cpu_times(&mut self) -> Result<Vec<Duration>, Error> {
        self.workers.iter_mut().map(Worker::cpu_time).collect()
    }

    /// How the limits are enforced, in words.
    #[must_use]
    pub fn means(&self) -> &'static str {
        match &self.enforcement {
            Enforcement::Groups(groups) if groups.version() == Version::V1 => {
                "control groups, version 1"
            }
            Enforcement::Groups(_) => "control groups, version 2",
            Enforcement::Nice(_) => "nice values on one processor",
        }
    }

    /// Whether the kernel guarantees the limits, or only weighs the workers against each other.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!(self.enforcement, Enforcement::Groups(_))
    }

    /// Why control groups weren't used, if they were wanted.
    #[must_use]
    pub fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// The workers, to look at them or to make them misbehave.
    pub fn workers(&mut self) -> &mut [Worker] {
        &mut self.workers
    }

    /// Ends the workers and removes their groups.
    ///
    /// # Errors
    /// [`Error::System`] if a group stays.
    pub fn end(self) -> Result<(), Error> {
        drop(self.workers);
        match self.enforcement {
            Enforcement::Groups(groups) => groups.remove(),
            Enforcement::Nice(_) => Ok(()),
        }
    }
}
