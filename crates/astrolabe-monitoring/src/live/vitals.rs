//! What this machine does: CPU, memory and load, as the operating system says.

use std::time::Duration;

use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, System};

use crate::query::Attribute;
use crate::row::Attributes;
use crate::value::Value;

const MIB: f64 = 1024.0 * 1024.0;

/// Reads the machine's vital signs.
#[derive(Debug)]
pub struct Vitals {
    /// None where the system tells nothing.
    system: Option<System>,
    /// When they were read last; the CPU's use is the mean since then.
    read: Duration,
}

impl Vitals {
    /// Begins to watch.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        let mut system = System::new().ok();
        if let Some(system) = &mut system {
            system.refresh_cpu_usage();
        } else {
            tracing::warn!("this system doesn't tell its CPU and memory; they will be missing");
        }
        Vitals { system, read: now }
    }

    /// What is measured now; none if that is too soon after the last time to say anything about the CPU.
    pub fn read(&mut self, now: Duration) -> Option<Attributes> {
        let system = self.system.as_mut()?;
        if now.saturating_sub(self.read) < MINIMUM_CPU_UPDATE_INTERVAL {
            return None;
        }
        self.read = now;
        system.refresh_cpu_usage();
        system.refresh_memory();
        let cpu = f64::from(system.global_cpu_usage());
        let mem = system.used_memory() as f64 / MIB;
        let load = System::load_average().map_or(f64::NAN, |load| load.one);
        // What can't be told is left out.
        let known = [("cpu", cpu), ("mem", mem), ("load", load)].into_iter();
        Some(
            known
                .filter_map(|(name, number)| Some((Attribute::new(name), Value::new(number)?)))
                .collect(),
        )
    }
}
