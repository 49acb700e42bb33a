//! A worker: a process that takes all the processor time it can get, and as much memory as it is
//! told to. Both sides of it are here, joined by lines on its standard input and output.

use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use labkit::process::Child;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

use super::ballast::Ballast;
use crate::Error;

/// A worker as its owner sees it. Dropping it ends it.
#[derive(Debug)]
pub struct Worker {
    name: String,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    clock: ClockId,
}

impl Worker {
    /// Starts the lab's own program as a worker, which waits for orders.
    ///
    /// # Errors
    /// [`Error::System`] if it can't be started.
    pub fn start(program: &Path, name: &str) -> Result<Self, Error> {
        let what = format!("start the worker {name}");
        let mut command = Command::new(program);
        command
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = Child::spawn(command).map_err(Error::system(&what))?;
        // A worker has nothing to finish.
        child.set_grace(Duration::ZERO);
        let pipes = child.take_stdin().zip(child.take_stdout());
        let (orders, answers) = pipes.expect("both were piped");
        let mut worker = Worker {
            name: name.to_owned(),
            clock: ClockId::CLOCK_MONOTONIC,
            child,
            orders,
            answers: BufReader::new(answers),
        };
        worker.clock = clock_getcpuclockid(worker.process()).map_err(Error::system(&what))?;
        Ok(worker)
    }

    /// Its process id.
    #[must_use]
    pub fn process(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("process ids are positive"))
    }

    /// Lets it use all the processor time it can get.
    ///
    /// # Errors
    /// [`Error::Worker`] if it has ended.
    pub fn burn(&mut self) -> Result<(), Error> {
        self.order("burn")
    }

    /// Makes it fill exactly so much memory, and waits until it does.
    ///
    /// # Errors
    /// [`Error::Worker`] if it has ended, or ends on it: that is how the kernel answers a process
    /// that exceeds its limit.
    pub fn hold(&mut self, mib: u64) -> Result<(), Error> {
        self.order(&format!("hold {mib}"))?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer) {
            Ok(_) if answer == format!("holding {mib}\n") => Ok(()),
            Ok(0) => Err(self.ended()),
            Ok(_) => Err(self.said(format!("answered {:?}", answer.trim_end()))),
            Err(error) => Err(self.said(format!("can't be heard: {error}"))),
        }
    }

    /// The processor time that it has used since its start.
    ///
    /// # Errors
    /// [`Error::Worker`] if it has ended.
    pub fn cpu_time(&mut self) -> Result<Duration, Error> {
        match clock_gettime(self.clock) {
            Ok(time) => Ok(time.into()),
            Err(_) => Err(self.ended()),
        }
    }

    /// The memory that it has in use, in bytes.
    ///
    /// # Errors
    /// [`Error::Worker`] if it has ended.
    pub fn resident_bytes(&mut self) -> Result<u64, Error> {
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
        let page = page
            .and_then(|page| u64::try_from(page).ok())
            .unwrap_or(4096);
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id()));
        let statm = statm.unwrap_or_default();
        match statm
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok())
        {
            Some(pages) => Ok(pages * page),
            None => Err(self.ended()),
        }
    }

    fn order(&mut self, line: &str) -> Result<(), Error> {
        let sent = self.orders.write_all(format!("{line}\n").as_bytes());
        sent.map_err(|_| self.ended())
    }

    /// What became of it.
    fn ended(&mut self) -> Error {
        let status = self.child.kill();
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        self.said(format!(
            "has ended ({how}); the kernel kills who exceeds its memory"
        ))
    }

    fn said(&self, what: String) -> Error {
        Error::Worker {
            name: self.name.clone(),
            what,
        }
    }
}

/// The worker's own side: does what the lines on its standard input say, until they end.
///
/// # Errors
/// [`Error::System`] if it can't get memory or can't answer, [`Error::Text`] for what is no order.
pub fn run() -> Result<(), Error> {
    let mut held = Ballast::of(0).map_err(Error::system("hold nothing"))?;
    for line in io::stdin().lines() {
        let line = line.map_err(Error::system("read an order"))?;
        if line == "burn" {
            thread::spawn(burn);
        } else if let Some(mib) = line.strip_prefix("hold ").and_then(|mib| mib.parse().ok()) {
            // The old goes before the new comes: both together might be too much.
            drop(held);
            held = Ballast::of(mib).map_err(Error::system(format!("hold {mib} MiB")))?;
            println!("holding {mib}");
        } else {
            return Err(Error::Text {
                text: line,
                expected: "an order; write burn, or hold and a number of MiB",
            });
        }
    }
    drop(held);
    Ok(())
}

/// Uses processor time until the process ends.
fn burn() {
    let mut state = 1_u64;
    loop {
        // A linear congruential step: cheap, and nothing that the compiler could leave out.
        state = black_box(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        );
    }
}
