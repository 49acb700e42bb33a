//! The supervisor over real processes: a value that can be started, asked and stopped.
//!
//! One thread does everything. It waits in `poll` for what its processes write, for their ends (told by
//! SIGCHLD), for requests, and for the supervisor's next deadline; whatever it hears it tells the
//! [`supervisor`](crate::supervisor), whose effects it performs. It never waits for anything else, so
//! no service can hold up the repair of another.

mod children;
pub mod control;
mod logs;
mod machine;
mod memory;
mod polling;
mod probe;
mod process;

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use labkit::clock::{Clock, RealClock};

use crate::error::Error;
use crate::plan::{Plan, Service, ServiceId};
use crate::supervisor::{Notice, Outcome, Status};

pub use logs::Line;
pub use memory::parse_resident;
pub use process::find_program;

use machine::Machine;

/// The environment variable that tells a service the number of the pipe into which its heartbeats go.
pub const HEARTBEAT: &str = "LAB_AUTO_REPAIR_HEARTBEAT";

/// What a supervisor is started with, beside its plan.
#[derive(Debug, Default)]
pub struct Options {
    /// The seed of the jitter in its waits.
    pub seed: u64,
    /// Where an operator's socket is to be; none if nobody asks from outside.
    pub socket: Option<PathBuf>,
    /// Who wants to know what happens; what isn't received is kept, so receive it or drop the receiver.
    pub events: Option<Sender<Happening>>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When, by [`Supervisor::now`].
    pub at: Duration,
    /// What.
    pub notice: Notice,
    /// The same as a sentence.
    pub text: String,
}

/// A service's row, with what the operating system knows of its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How it is.
    pub status: Status,
    /// Its process, if it has one.
    pub pid: Option<u32>,
    /// The address that it announced.
    pub address: Option<String>,
}

/// A request and where its answer goes.
type Asked = (Request, Sender<Result<Answer, Error>>);

/// What a running supervisor can be asked.
#[derive(Debug)]
pub(crate) enum Request {
    Status,
    Tree,
    Logs(String),
    Restart(String),
    Stop(String),
    Add(Box<Service>, String),
    Shutdown,
}

/// What it answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Rows(Vec<Row>),
    Picture(String),
    Lines(Vec<Line>),
    /// It will be done with these services.
    Done(Vec<ServiceId>),
}

/// A running supervisor. Dropping it stops all services, dependants first, and waits for that.
///
/// ```no_run
/// use auto_repair::live::{Options, Supervisor};
/// use auto_repair::plan::{Group, Plan, Service};
///
/// let (events, happenings) = std::sync::mpsc::channel();
/// let plan = Plan::new(vec![Group::root().with(["web"])], vec![Service::new("web", ["web-server"])])?;
/// let options = Options { events: Some(events), ..Options::default() };
/// let supervisor = Supervisor::start(plan, options)?;
/// supervisor.add(Service::new("worker", ["worker", "--queue", "mail"]), "root")?;
/// supervisor.restart("web")?;
/// supervisor.shutdown()?;
/// for happening in happenings {
///     println!("{:?} {}", happening.at, happening.text);
/// }
/// # Ok::<(), auto_repair::Error>(())
/// ```
#[derive(Debug)]
pub struct Supervisor {
    requests: Sender<Asked>,
    /// A byte into it wakes the thread.
    waker: UnixStream,
    clock: Arc<RealClock>,
    thread: Option<JoinHandle<Outcome>>,
}

impl Supervisor {
    /// Starts a supervisor and, in its thread, the services of a plan.
    ///
    /// # Errors
    /// If a program isn't there, the socket is another supervisor's, or the operating system refuses a
    /// thread, a pipe or the socket.
    pub fn start(plan: Plan, options: Options) -> Result<Self, Error> {
        process::check_programs(&plan.services)?;
        let (requests, asked) = mpsc::channel();
        let (waker, woken) = UnixStream::pair().map_err(Error::system("a pipe"))?;
        waker
            .set_nonblocking(true)
            .map_err(Error::system("a pipe"))?;
        let clock = Arc::new(RealClock::new());
        let machine = Machine::new(plan, options, Arc::clone(&clock), asked, woken)?;
        let thread = thread::Builder::new()
            .name("supervisor".to_owned())
            .spawn(move || machine.run())
            .map_err(Error::system("a thread"))?;
        Ok(Supervisor {
            requests,
            waker,
            clock,
            thread: Some(thread),
        })
    }

    /// The time since its start, by which it says when something happened.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// How every service is, in the order of the plan.
    ///
    /// # Errors
    /// If the supervisor has ended.
    pub fn status(&self) -> Result<Vec<Row>, Error> {
        match self.ask(Request::Status)? {
            Answer::Rows(rows) => Ok(rows),
            _ => Err(Error::Ended),
        }
    }

    /// The tree of groups and services as a picture.
    ///
    /// # Errors
    /// If the supervisor has ended.
    pub fn tree(&self) -> Result<String, Error> {
        match self.ask(Request::Tree)? {
            Answer::Picture(picture) => Ok(picture),
            _ => Err(Error::Ended),
        }
    }

    /// The last lines that a service wrote.
    ///
    /// # Errors
    /// If there is no such service, or the supervisor has ended.
    pub fn logs(&self, service: &str) -> Result<Vec<Line>, Error> {
        match self.ask(Request::Logs(service.to_owned()))? {
            Answer::Lines(lines) => Ok(lines),
            _ => Err(Error::Ended),
        }
    }

    /// Stops a service, or all of a group, and starts it again; one that was given up too.
    ///
    /// # Errors
    /// If there is no such name, or the supervisor has ended.
    pub fn restart(&self, name: &str) -> Result<(), Error> {
        self.ask(Request::Restart(name.to_owned())).map(drop)
    }

    /// Stops a service, or all of a group, until it is restarted.
    ///
    /// # Errors
    /// If there is no such name, or the supervisor has ended.
    pub fn stop(&self, name: &str) -> Result<(), Error> {
        self.ask(Request::Stop(name.to_owned())).map(drop)
    }

    /// Adds a service as the last child of a group, and starts it.
    ///
    /// # Errors
    /// By the rules of [`Plan::new`], if its program isn't there, or the supervisor has ended.
    pub fn add(&self, service: Service, group: &str) -> Result<(), Error> {
        process::check_programs(std::slice::from_ref(&service))?;
        self.ask(Request::Add(Box::new(service), group.to_owned()))
            .map(drop)
    }

    /// Whether it has ended: it was told to by its socket, or its root gave up.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Stops all services and waits until their processes have ended.
    ///
    /// # Errors
    /// If its thread panicked; its processes have been ended all the same.
    pub fn shutdown(mut self) -> Result<Outcome, Error> {
        self.end().unwrap_or(Err(Error::Ended))
    }

    fn end(&mut self) -> Option<Result<Outcome, Error>> {
        let thread = self.thread.take()?;
        // It may have ended by itself, and then needs no word.
        let (answer, _) = mpsc::channel();
        if self.requests.send((Request::Shutdown, answer)).is_ok() {
            self.wake();
        }
        Some(thread.join().map_err(|_| Error::Ended))
    }

    fn ask(&self, request: Request) -> Result<Answer, Error> {
        let (answer, answered) = mpsc::channel();
        let sent = self.requests.send((request, answer));
        sent.map_err(|_| Error::Ended)?;
        self.wake();
        answered.recv().map_err(|_| Error::Ended)?
    }

    fn wake(&self) {
        // A full pipe wakes it as well, and a closed one has nobody to wake.
        let _ = std::io::Write::write(&mut &self.waker, &[1]);
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.end() {
            tracing::warn!("the supervisor's thread: {error}");
        }
    }
}
