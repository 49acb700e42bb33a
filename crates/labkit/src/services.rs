//! Real services: find one, or start one that is nobody else's.
//!
//! In this order: the address in the service's environment variable; a private instance of the
//! program on this machine, with a port and a folder of its own; otherwise [`Unavailable`], which says
//! how to get it. A private instance ends when its [`Running`] is dropped, after a panic too, and when
//! this process is killed; so does its folder.
//!
//! What is particular to a service is a [`Recipe`]: one small file below this one. Never installs
//! anything, never touches an instance that it didn't start, and knows no lab.

mod folder;
pub mod http;
mod influxdb;
mod prometheus;

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::clock::Deadline;
use crate::process::Child;
pub use folder::Folder;
pub use influxdb::{influxdb, influxdb_with};
pub use prometheus::prometheus;

/// How long a service may take until it answers; most need less than a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Between choosing a port and listening on it, another process may take it; so often is it tried.
const ATTEMPTS: usize = 3;
/// How much of a service's own messages is quoted when it doesn't start.
const QUOTED: usize = 400;

/// How a service is found, started, and asked whether it is there.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Its name, as `deploy/setup/tools.toml` has it.
    pub name: &'static str,
    /// The environment variable that may hold the address of a running one, as `127.0.0.1:PORT`.
    pub variable: &'static str,
    /// What its program is called; the first that is there is taken.
    pub programs: &'static [&'static str],
    /// How to get it.
    pub how: &'static str,
    /// The command that makes this program serve on this address, with all that it keeps in the folder.
    pub command: fn(&Place<'_>) -> io::Result<Command>,
    /// Whether a service at this address answers in its own protocol.
    pub answers: fn(SocketAddr) -> bool,
}

/// Where a private instance is to live.
#[derive(Debug)]
pub struct Place<'a> {
    /// The program.
    pub program: &'a Path,
    /// The address it listens on.
    pub address: SocketAddr,
    /// An empty folder of its own.
    pub folder: &'a Path,
}

/// A service that isn't there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Its name.
    pub service: &'static str,
    /// What was tried and what came of it.
    pub why: String,
    /// How to get it.
    pub how: &'static str,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} isn't available: {}; {}",
            self.service, self.why, self.how
        )
    }
}

impl std::error::Error for Unavailable {}

/// A service that answers.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    /// Dropped in this order: the program ends before its folder goes.
    own: Option<(Child, Folder)>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it is a private instance, which may be filled, broken and killed.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.own.is_some()
    }

    /// The private instance's process.
    #[must_use]
    pub fn child(&mut self) -> Option<&mut Child> {
        self.own.as_mut().map(|(child, _)| child)
    }

    /// The private instance's folder.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.own.as_ref().map(|(_, folder)| folder.path())
    }
}

/// Finds a service, or starts a private instance of it.
///
/// # Errors
/// If there is none and none can be started.
pub fn find_or_start(recipe: &Recipe) -> Result<Running, Unavailable> {
    match env::var(recipe.variable) {
        Ok(given) => find(recipe, &given),
        Err(_) => start(recipe, Ok),
    }
}

/// Starts a private instance, whatever the environment says. `configure` may change its command.
///
/// # Errors
/// If the program isn't there, or doesn't answer in time.
pub fn start(
    recipe: &Recipe,
    configure: impl Fn(Command) -> io::Result<Command>,
) -> Result<Running, Unavailable> {
    let program = program(recipe.programs).ok_or_else(|| {
        recipe.unavailable(format!(
            "there is no program {}",
            recipe.programs.join(" or ")
        ))
    })?;
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        match launch(recipe, &program, &configure) {
            Ok(running) => return Ok(running),
            Err(error) => why = error.to_string(),
        }
    }
    Err(recipe.unavailable(format!("{} doesn't start: {why}", program.display())))
}

/// The service at a given address, if it answers there.
fn find(recipe: &Recipe, given: &str) -> Result<Running, Unavailable> {
    let address = given.to_socket_addrs().ok().and_then(|mut all| all.next());
    match address {
        Some(address) if (recipe.answers)(address) => Ok(Running { address, own: None }),
        _ => Err(recipe.unavailable(format!(
            "nothing answers at {}={given} (an address like 127.0.0.1:PORT)",
            recipe.variable
        ))),
    }
}

fn launch(
    recipe: &Recipe,
    program: &Path,
    configure: &impl Fn(Command) -> io::Result<Command>,
) -> io::Result<Running> {
    let folder = Folder::new(recipe.name)?;
    let address = free_address()?;
    let messages = folder.path().join("messages");
    let mut command = (recipe.command)(&Place {
        program,
        address,
        folder: folder.path(),
    })?;
    let log = File::create(&messages)?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .current_dir(folder.path());
    let mut child = Child::spawn(configure(command)?)?;
    let deadline = Deadline::after(PATIENCE);
    while !(recipe.answers)(address) {
        let ended = child.try_wait()?;
        if ended.is_some() || deadline.expired() {
            let said = fs::read_to_string(&messages).unwrap_or_default();
            let tail = said.trim().chars().rev().take(QUOTED).collect::<Vec<_>>();
            let tail: String = tail.into_iter().rev().collect();
            let how = ended.map_or("it doesn't answer".to_owned(), |status| status.to_string());
            return Err(io::Error::other(format!("{how}: {tail}")));
        }
        thread::park_timeout(ASK_EVERY);
    }
    // Another process may have taken the port and answer in our child's place.
    match child.try_wait()? {
        Some(status) => Err(io::Error::other(status.to_string())),
        None => Ok(Running {
            address,
            own: Some((child, folder)),
        }),
    }
}

/// An address on the loopback whose port was free a moment ago.
///
/// # Errors
/// If there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// The first of these programs that is on the path or where systems keep daemons.
#[must_use]
pub fn program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let daemons = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(daemons).collect();
    names.iter().find_map(|name| {
        let places = folders.iter().map(|folder| folder.join(name));
        places.into_iter().find(|place| place.is_file())
    })
}

impl Recipe {
    fn unavailable(&self, why: String) -> Unavailable {
        Unavailable {
            service: self.name,
            why,
            how: self.how,
        }
    }
}

#[cfg(test)]
mod tests;
