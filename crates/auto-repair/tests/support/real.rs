//! Real children under a real supervisor.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use auto_repair::child::{self, Behaviour};
use auto_repair::injection::serving;
use auto_repair::live::{Happening, Options, Row, Supervisor};
use auto_repair::plan::{Group, Liveness, Plan, Ready, Service};
use auto_repair::supervisor::State;
use labkit::wait;

/// Far more than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The lab's own program, which is its test children as well.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_auto-repair");

/// A child that serves and beats; silence of half a second is a hang.
pub(crate) fn serve(name: &str) -> Service {
    Service {
        ready: Ready::Alive,
        liveness: Some(Liveness::Heartbeat {
            within: Duration::from_millis(1500),
        }),
        ..child::service(name, Path::new(PROGRAM), Behaviour::Serve)
    }
}

/// A child of another kind.
pub(crate) fn other(name: &str, behaviour: Behaviour) -> Service {
    child::service(name, Path::new(PROGRAM), behaviour)
}

/// A supervisor, and what it says.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) supervisor: Supervisor,
    happenings: Receiver<Happening>,
    said: Vec<Happening>,
}

impl Live {
    pub(crate) fn start(root: Group, services: Vec<Service>) -> Self {
        let names: Vec<String> = services
            .iter()
            .map(|service| service.name.clone())
            .collect();
        let plan = Plan::new(vec![root.with(names)], services).expect("a plan");
        Live::of(plan)
    }

    pub(crate) fn of(plan: Plan) -> Self {
        let (events, happenings) = mpsc::channel();
        let options = Options {
            seed: labkit::rng::test_seed(),
            events: Some(events),
            ..Options::default()
        };
        Live {
            supervisor: Supervisor::start(plan, options).expect("it starts"),
            happenings,
            said: Vec::new(),
        }
    }

    /// All that it has said.
    pub(crate) fn said(&mut self) -> Vec<String> {
        self.said.extend(self.happenings.try_iter());
        self.said.iter().map(|one| one.text.clone()).collect()
    }

    /// Whether it has said something that contains this.
    pub(crate) fn says(&mut self, part: &str) -> bool {
        wait::until(PATIENCE, || {
            self.said().iter().any(|text| text.contains(part))
        })
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.supervisor.status().expect("it runs")
    }

    pub(crate) fn row(&self, name: &str) -> Row {
        let mut rows = self.rows().into_iter();
        rows.find(|row| row.status.name == name).expect("a service")
    }

    /// Waits until a service is ready and, if it says where, answers; its process.
    pub(crate) fn serving(&self, name: &str) -> u32 {
        let mut pid = None;
        let answers = wait::until(PATIENCE, || {
            let row = self.row(name);
            let is_ready = matches!(row.status.state, State::Ready(_));
            let answers = row
                .address
                .as_deref()
                .is_none_or(|at| serving(at) == row.pid);
            pid = row.pid;
            is_ready && answers
        });
        assert!(answers, "{name} doesn't serve: {:?}", self.row(name));
        pid.expect("it has a process")
    }

    /// Where a service listens. It may be alive, by its heart, before it says so.
    pub(crate) fn address(&self, name: &str) -> String {
        let mut address = None;
        let told = wait::until(PATIENCE, || {
            address = self.row(name).address;
            address.is_some()
        });
        assert!(told, "{name} doesn't say where it listens");
        address.expect("it was told")
    }

    /// Waits until another process than this one serves.
    pub(crate) fn replaced(&self, name: &str, pid: u32) -> u32 {
        let other = || self.row(name).pid.is_some_and(|other| other != pid);
        assert!(wait::until(PATIENCE, other), "{name} isn't replaced");
        self.serving(name)
    }
}

/// Whether a process is gone for good: not even a zombie is left.
pub(crate) fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// The zombies among this process's children.
pub(crate) fn zombies() -> Vec<String> {
    let own = format!(" {} ", std::process::id());
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let stats = processes.filter_map(|one| fs::read_to_string(one.path().join("stat")).ok());
    let is_ours = |stat: &String| {
        let rest = stat.rsplit(") ").next().unwrap_or("");
        rest.starts_with('Z') && rest[1..].starts_with(&own)
    };
    stats.filter(is_ours).collect()
}
