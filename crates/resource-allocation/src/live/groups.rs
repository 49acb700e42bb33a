//! Control groups that exist only while this program does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use super::hierarchy::{Place, places};
use super::janitor::{self, Janitor};
use super::limits::{Controller, Limits, Version, Write, writes};
use crate::Error;

/// What the name of every group of this lab begins with; then come the owner's process id and start
/// time, so that a group whose owner is gone can be told from one in use.
pub(super) const PREFIX: &str = "lab-resource-allocation.";

/// A group with one group for each worker below it, in every tree that is needed.
#[derive(Debug)]
pub struct Groups {
    place: Place,
    /// Removes the groups, however this program ends.
    janitor: Janitor,
}

impl Groups {
    /// Makes the groups where this host allows it; any process may then be
    /// [admitted](Self::admit) to one. Groups whose owner was killed together with its janitor are
    /// removed on the way. `program` is started once with `janitor` and the groups, and has to call
    /// [`janitor::run`] for it.
    ///
    /// # Errors
    /// [`Error::Unenforceable`] if there is no such place, with what each one answered.
    pub fn make(program: &Path, workers: usize) -> Result<Self, Error> {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let places = places(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"));
        let mut why = Vec::new();
        for place in places {
            janitor::sweep(&[&place.cpu, &place.memory]);
            match Self::make_in(program, &place, workers) {
                Ok(groups) => return Ok(groups),
                Err(error) => why.push(format!("{} ({error})", place.cpu.display())),
            }
        }
        Err(Error::Unenforceable {
            how: "control groups",
            why: match why.as_slice() {
                [] => "no cpu and memory controllers are mounted; mount them".to_owned(),
                tried => format!(
                    "no group can be made in {}; run as root, or on a host where they are writable",
                    tried.join(", ")
                ),
            },
        })
    }

    fn make_in(program: &Path, parent: &Place, workers: usize) -> io::Result<Self> {
        let name = janitor::own_name()?;
        let place = Place {
            version: parent.version,
            cpu: parent.cpu.join(&name),
            memory: parent.memory.join(&name),
        };
        // Trees that are mounted together are one directory.
        let mut tops = vec![place.cpu.clone()];
        if place.memory != place.cpu {
            tops.push(place.memory.clone());
        }
        // First the janitor, then what it is to remove; on an error it is dropped and cleans up.
        let janitor = Janitor::start(program, &tops)?;
        for top in &tops {
            fs::create_dir(top)?;
        }
        let groups = Groups { place, janitor };
        groups.prepare()?;
        for worker in 0..workers {
            for top in &tops {
                fs::create_dir(top.join(worker.to_string()))?;
            }
        }
        Ok(groups)
    }

    /// What all workers' groups have in common. Their parent outweighs whatever else runs on this
    /// machine, so that a neighbour's load doesn't eat into what is allotted; no more than what is
    /// allotted is taken from the neighbours for it.
    fn prepare(&self) -> io::Result<()> {
        match self.place.version {
            Version::V1 => {
                fs::write(self.place.cpu.join("cpu.shares"), "262144")?;
                optional(fs::write(self.place.memory.join("memory.swappiness"), "0"))
            }
            Version::V2 => {
                fs::write(
                    self.place.cpu.join("cgroup.subtree_control"),
                    "+cpu +memory",
                )?;
                fs::write(self.place.cpu.join("cpu.weight"), "10000")?;
                optional(fs::write(self.place.memory.join("memory.swap.max"), "0"))
            }
        }
    }

    /// Puts a process into a worker's group.
    ///
    /// # Errors
    /// [`Error::System`] if the system refuses it.
    pub fn admit(&self, worker: usize, process: Pid) -> Result<(), Error> {
        // Once for each tree; where they are one, the second time changes nothing.
        for controller in [Controller::Cpu, Controller::Memory] {
            let file = self.group(controller, worker).join("cgroup.procs");
            fs::write(&file, process.to_string())
                .map_err(Error::system(format!("write {}", file.display())))?;
        }
        Ok(())
    }

    /// Sets a worker's limits.
    ///
    /// # Errors
    /// [`Error::System`] if the system refuses them: for memory, if more is in use.
    pub fn apply(&self, worker: usize, limits: &Limits) -> Result<(), Error> {
        // BEGIN SOLUTION stage 5: carry the plan out, file by file
        for write in writes(self.place.version, limits) {
            let Write {
                controller,
                file,
                value,
            } = write;
            let file = self.group(controller, worker).join(file);
            fs::write(&file, &value).map_err(Error::system(format!(
                "write {value} to {}",
                file.display()
            )))?;
        }
        Ok(())
        // END SOLUTION
    }

    /// Which generation of control groups this is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.place.version
    }

    /// Removes the groups; their processes must have ended.
    ///
    /// # Errors
    /// [`Error::System`] if a group stays.
    pub fn remove(self) -> Result<(), Error> {
        self.janitor.finish()
    }

    fn group(&self, controller: Controller, worker: usize) -> PathBuf {
        let top = match controller {
            Controller::Cpu => &self.place.cpu,
            Controller::Memory => &self.place.memory,
        };
        top.join(worker.to_string())
    }
}

/// Hosts without swap, or whose kernel keeps its accounts otherwise, don't have every file.
fn optional(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
