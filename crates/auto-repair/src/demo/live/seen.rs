//! A supervisor over real processes, as a client and its own notices show it.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use labkit::run::Failure;
use labkit::shutdown::Shutdown;
use labkit::wait;

use auto_repair::error::Error;
use auto_repair::injection;
use auto_repair::ledger::{Fault, Ledger};
use auto_repair::live::{Happening, Options, Row, Supervisor};
use auto_repair::plan::Plan;
use auto_repair::supervisor::{Notice, State};

/// Far more than any repair takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often an injection is tried again.
const TRIES: u32 = 5;

/// What was seen of a supervisor over real processes.
pub(super) struct Seen {
    pub(super) supervisor: Supervisor,
    plan: Plan,
    happenings: Receiver<Happening>,
    /// What a client saw, who asks from outside.
    ledger: Ledger,
    /// The same by the supervisor's notices: a service serves again when it is said to be ready.
    noted: Ledger,
    notices: Vec<(Duration, Notice)>,
}

/// What is left when all has ended.
pub(super) struct Books {
    pub(super) plan: Plan,
    pub(super) ledger: Ledger,
    pub(super) noted: Ledger,
    pub(super) notices: Vec<(Duration, Notice)>,
    /// When the books were closed.
    pub(super) end: Duration,
}

impl Seen {
    pub(super) fn start(plan: Plan, seed: u64) -> Result<Self, Error> {
        let (events, happenings) = mpsc::channel();
        let options = Options {
            seed,
            events: Some(events),
            ..Options::default()
        };
        Ok(Seen {
            supervisor: Supervisor::start(plan.clone(), options)?,
            happenings,
            ledger: Ledger::new(plan.services().len()),
            noted: Ledger::new(plan.services().len()),
            notices: Vec::new(),
            plan,
        })
    }

    pub(super) fn rows(&self) -> Result<Vec<Row>, Error> {
        self.supervisor.status()
    }

    /// Enters what the supervisor said into the books.
    fn listen(&mut self) {
        for Happening { at, notice, .. } in self.happenings.try_iter() {
            self.ledger.told(at, &notice);
            match notice {
                // A process that leaks serves until it is stopped, and so does one that is stopped for
                // another's sake.
                Notice::Failed(service, _) | Notice::Stopped(service) => {
                    self.ledger.serves(at, service, false);
                    self.noted.serves(at, service, false);
                }
                Notice::Ready(service) => self.noted.serves(at, service, true),
                _ => {}
            }
            self.notices.push((at, notice));
        }
    }

    /// Asks every service that is said to be ready, and says whether all but the job answered.
    fn all_serve(&mut self) -> Result<bool, Error> {
        let mut all = true;
        for (service, row) in self.rows()?.iter().enumerate() {
            match row.status.state {
                State::Ready(_) => {
                    let answer = row.address.as_deref().and_then(injection::serving);
                    let serves = answer.is_some() && answer == row.pid;
                    if serves {
                        self.ledger.serves(self.supervisor.now(), service, true);
                    }
                    all &= serves;
                }
                State::Failed => all &= row.status.name == "job",
                _ => all = false,
            }
        }
        Ok(all)
    }

    /// Waits until all but the job serve, for some time at most.
    pub(super) fn settle(&mut self, shutdown: &Shutdown) -> Result<(), Error> {
        let mut result = Ok(true);
        let _ = wait::until(PATIENCE, || {
            self.listen();
            result = self.all_serve();
            shutdown.is_triggered() || !matches!(result, Ok(false))
        });
        self.listen();
        result.map(drop)
    }

    /// Makes a service fail, and waits until everything serves again.
    pub(super) fn injure(
        &mut self,
        name: &str,
        fault: Fault,
        shutdown: &Shutdown,
    ) -> Result<(), Failure> {
        let Some(service) = self.plan.services().iter().position(|s| s.name == name) else {
            return Ok(());
        };
        let mut tries = 0;
        let at = loop {
            self.listen();
            let at = self.supervisor.now();
            match injection::inject(&self.rows()?[service], fault) {
                Ok(()) => break at,
                // On a machine so busy that a healthy child was silent for too long, it may be down.
                Err(_) if tries < TRIES => self.settle(shutdown)?,
                Err(error) => return Err(error.into()),
            }
            tries += 1;
        };
        self.ledger.inject(at, service, fault);
        if fault != Fault::Leak {
            self.ledger.serves(at, service, false);
            self.noted.serves(at, service, false);
        }
        let is_repaired = |seen: &mut Seen| {
            seen.listen();
            !seen.ledger.is_open(service)
        };
        // What isn't repaired by then is seen in the report.
        let _ = wait::until(PATIENCE, || shutdown.is_triggered() || is_repaired(self));
        Ok(self.settle(shutdown)?)
    }

    /// Closes the books, and ends all processes.
    pub(super) fn end(mut self) -> Result<Books, Error> {
        self.listen();
        let end = self.supervisor.now();
        self.ledger.close(end);
        self.noted.close(end);
        self.supervisor.shutdown()?;
        Ok(Books {
            plan: self.plan,
            ledger: self.ledger,
            noted: self.noted,
            notices: self.notices,
            end,
        })
    }
}
