//! The fleet: processes under the supervisor, a number of each kind.

use std::error::Error;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use auto_repair::injection::inject;
use auto_repair::ledger::Fault;
use auto_repair::live::{Happening, Options, Row, Supervisor};
use auto_repair::plan::{Group, Plan, Ready, Service, Strategy};
use auto_repair::supervisor::State;

/// Kinds of process: the supervisor's groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answers requests.
    Web,
    /// Can wait.
    Batch,
}

impl Kind {
    fn group(self) -> &'static str {
        match self {
            Kind::Web => "web",
            Kind::Batch => "batch",
        }
    }
}

/// How processes of a kind are started, and how many are to run.
struct Crew {
    kind: Kind,
    /// The arguments of this program; `{name}` is the process's own.
    arguments: Vec<String>,
    /// How many the supervisor knows of.
    known: usize,
    /// How many of them, from the first, are to run.
    wanted: usize,
}

/// The supervised processes.
pub(crate) struct Fleet {
    supervisor: Supervisor,
    program: PathBuf,
    crews: [Crew; 2],
    happenings: Receiver<Happening>,
}

impl Fleet {
    /// A supervisor without processes; the arguments make this program a worker or a batch job.
    ///
    /// # Errors
    /// What the supervisor refuses.
    pub(crate) fn start(
        seed: u64,
        web: Vec<String>,
        batch: Vec<String>,
    ) -> Result<Self, Box<dyn Error>> {
        let (events, happenings) = mpsc::channel();
        let groups = vec![
            Group::root().with(["web", "batch"]),
            Group::new("web", Strategy::OneForOne),
            Group::new("batch", Strategy::OneForOne),
        ];
        let options = Options {
            seed,
            socket: None,
            events: Some(events),
        };
        let crew = |kind, arguments| Crew {
            kind,
            arguments,
            known: 0,
            wanted: 0,
        };
        Ok(Fleet {
            supervisor: Supervisor::start(Plan::new(groups, Vec::new())?, options)?,
            program: std::env::current_exe()?,
            crews: [crew(Kind::Web, web), crew(Kind::Batch, batch)],
            happenings,
        })
    }

    /// Starts or stops processes of a kind until so many are to run.
    ///
    /// # Errors
    /// If the supervisor has ended.
    pub(crate) fn scale(&mut self, kind: Kind, wanted: usize) -> Result<(), Box<dyn Error>> {
        let crew = &mut self.crews[kind as usize];
        while crew.wanted > wanted {
            self.supervisor.stop(&name(kind, crew.wanted))?;
            crew.wanted -= 1;
        }
        while crew.wanted < wanted {
            crew.wanted += 1;
            let name = name(kind, crew.wanted);
            if crew.wanted <= crew.known {
                self.supervisor.restart(&name)?;
            } else {
                let program = self.program.display().to_string();
                let arguments = crew.arguments.iter().map(|it| it.replace("{name}", &name));
                let mut service = Service::new(&name, std::iter::once(program).chain(arguments));
                if kind == Kind::Web {
                    service.ready = Ready::Line("listening on".to_owned());
                }
                self.supervisor.add(service, crew.kind.group())?;
                crew.known += 1;
            }
        }
        Ok(())
    }

    /// How many of a kind are to run.
    pub(crate) fn wanted(&self, kind: Kind) -> usize {
        self.crews[kind as usize].wanted
    }

    /// The processes of a kind that are ready, in the order in which they were added: the last ones go first.
    ///
    /// # Errors
    /// If the supervisor has ended.
    pub(crate) fn ready(&self, kind: Kind) -> Result<Vec<Row>, Box<dyn Error>> {
        let wanted = self.crews[kind as usize].wanted;
        let names: Vec<String> = (1..=wanted).map(|number| name(kind, number)).collect();
        let mut rows = self.supervisor.status()?;
        rows.retain(|row| {
            matches!(row.status.state, State::Ready(_)) && names.contains(&row.status.name)
        });
        Ok(rows)
    }

    /// Kills the first ready worker, as an accident would; its name.
    ///
    /// # Errors
    /// If none is ready, or the operating system refuses.
    pub(crate) fn kill_one(&self) -> Result<String, Box<dyn Error>> {
        let rows = self.ready(Kind::Web)?;
        let row = rows.first().ok_or("no worker is ready")?;
        inject(row, Fault::Crash)?;
        Ok(row.status.name.clone())
    }

    /// The time by which the supervisor tells what happened.
    pub(crate) fn now(&self) -> Duration {
        self.supervisor.now()
    }

    /// Stops everything; what has happened, and how many processes had failed.
    ///
    /// # Errors
    /// If the supervisor had ended.
    pub(crate) fn end(self) -> Result<(Vec<Happening>, u64), Box<dyn Error>> {
        let failures = self
            .supervisor
            .status()?
            .iter()
            .map(|row| row.status.failures)
            .sum();
        self.supervisor.shutdown()?;
        Ok((self.happenings.try_iter().collect(), failures))
    }
}

fn name(kind: Kind, number: usize) -> String {
    format!("{}-{number}", kind.group())
}
