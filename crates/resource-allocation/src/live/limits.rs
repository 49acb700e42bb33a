//! From grants to what the kernel is told: a pure plan, apart from carrying it out.

use std::cmp::Ordering;

/// The kernel hands out a quota anew after each period; 100 ms is its default, and long enough for a
/// quota of one percent to be the smallest that it takes (1 ms).
pub const PERIOD_US: u64 = 100_000;
/// The smallest quota that the kernel takes.
const SMALLEST_QUOTA_US: u64 = 1_000;
/// What a worker needs besides the memory that it was granted: its program, stacks, page tables.
const OVERHEAD: u64 = 16 << 20;
/// One step of nice is about this factor of processor time (the kernel's `sched_prio_to_weight`).
const NICE_STEP: f64 = 1.25;
/// The lowest priority.
const NICEST: i32 = 19;

/// What one worker may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Processors, such as 0.25.
    pub cpus: f64,
    /// Memory that it may fill, in MiB.
    pub memory_mib: u64,
}

/// How much of the real machine stands for the whole pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Processors for each unit of CPU.
    pub cpus: f64,
    /// MiB for each unit of memory.
    pub memory_mib: f64,
}

impl Scale {
    /// What a grant of CPU and memory means in the real machine. Fractions of a MiB stay unused.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "grants aren't negative, and rounding down is meant"
    )]
    pub fn limits(&self, grant: &[f64]) -> Limits {
        Limits {
            cpus: self.cpus * grant[0],
            // A grant that is a whole number but for rounding is one.
            memory_mib: (self.memory_mib * grant[1] + 1e-6).floor() as u64,
        }
    }
}

/// The generation of control groups that a host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A tree for each controller.
    V1,
    /// One tree for all.
    V2,
}

/// The controllers that are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// Processor time.
    Cpu,
    /// Memory.
    Memory,
}

/// A value to be written into a control group's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// In which controller's tree.
    pub controller: Controller,
    /// The file's name.
    pub file: &'static str,
    /// What to write.
    pub value: String,
}

/// The quota that comes closest to what is allotted, in microseconds for each period.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few processors' microseconds"
)]
pub fn quota_us(cpus: f64) -> u64 {
    ((cpus * PERIOD_US as f64).round() as u64).max(SMALLEST_QUOTA_US)
}

/// What to write so that a group keeps its limits.
#[must_use]
pub fn writes(version: Version, limits: &Limits) -> Vec<Write> {
    // BEGIN SOLUTION stage 5: a quota for each period, and bytes; how does each version write them?
    let quota = quota_us(limits.cpus);
    let bytes = (limits.memory_mib << 20) + OVERHEAD;
    let write = |controller, file, value| Write {
        controller,
        file,
        value,
    };
    match version {
        Version::V1 => vec![
            write(Controller::Cpu, "cpu.cfs_period_us", PERIOD_US.to_string()),
            write(Controller::Cpu, "cpu.cfs_quota_us", quota.to_string()),
            write(
                Controller::Memory,
                "memory.limit_in_bytes",
                bytes.to_string(),
            ),
        ],
        Version::V2 => vec![
            write(Controller::Cpu, "cpu.max", format!("{quota} {PERIOD_US}")),
            write(Controller::Memory, "memory.max", bytes.to_string()),
        ],
    }
    // END SOLUTION
}

/// The order in which limits change: who gives memory back comes before who gets more, so that
/// there is never more granted than there is.
#[must_use]
pub fn shrink_first(before: &[Limits], after: &[Limits]) -> Vec<usize> {
    // BEGIN SOLUTION stage 5: who must be first when the machine is full?
    let grows = |worker: &usize| {
        let by_memory = after[*worker].memory_mib.cmp(&before[*worker].memory_mib);
        by_memory == Ordering::Greater
    };
    let mut order: Vec<usize> = (0..after.len()).collect();
    order.sort_by_key(grows);
    order
    // END SOLUTION
}

/// The nice values under which processes on one processor come closest to sharing it in these
/// parts: 0 for the largest, since only root may go below.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 19")]
pub fn nice_values(limits: &[Limits]) -> Vec<i32> {
    // BEGIN SOLUTION stage 5: how many steps of 1.25 lie between a part and the largest?
    let largest = limits.iter().map(|limits| limits.cpus).fold(0.0, f64::max);
    let steps = |limits: &Limits| (largest / limits.cpus).ln() / NICE_STEP.ln();
    limits
        .iter()
        .map(|limits| {
            if limits.cpus > 0.0 {
                steps(limits).round().min(f64::from(NICEST)) as i32
            } else {
                NICEST
            }
        })
        .collect()
    // END SOLUTION
}

/// The part of one processor that each process gets under these nice values.
#[must_use]
pub fn nice_parts(values: &[i32]) -> Vec<f64> {
    let weights: Vec<f64> = values.iter().map(|nice| NICE_STEP.powi(-nice)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}
