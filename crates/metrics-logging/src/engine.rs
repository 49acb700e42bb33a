//! The engine: compressed samples in memory, a log for what happened since, segments for the rest.
//!
//! A write is parsed, applied in memory and appended to the log under one lock, so that the log has
//! the order of memory; then it waits, without the lock, until the log is durable. What is read may
//! therefore be a moment ahead of what is acknowledged, never behind.

mod folder;
mod memory;
mod upkeep;

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use crate::column::Snapshot;
use crate::config::{Config, MAX_BATCH, duration_text};
use crate::error::Error;
use crate::line::{self, Line, Precision, Reason, Refusal};
use crate::point::{Sample, SeriesKey};
use crate::query::{self, Group, Query};
use crate::wal::Wal;
use crate::wal::frame::Batch;
use folder::Folder;
use memory::Memory;

pub use folder::Recovered;
pub use memory::Catalog;
pub use upkeep::{ROLLUP_FIELDS, batches, rollup_name};

/// How many refusals a batch's answer lists; the rest is counted.
pub const LISTED: usize = 100;

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many samples were kept: one for each field of each good line.
    pub samples: u64,
    /// The first lines that weren't kept, at most [`LISTED`].
    pub refused: Vec<Refusal>,
    /// How many lines weren't kept.
    pub refused_lines: u64,
}

/// How large an engine is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Series.
    pub series: usize,
    /// Samples; one that was replaced counts until the next compaction.
    pub samples: u64,
    /// Compressed bytes of samples in memory.
    pub bytes: usize,
    /// Bytes appended to the log since the start.
    pub log_bytes: u64,
    /// How often the log was synced since the start.
    pub log_syncs: u64,
}

/// A time-series database in a folder.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    /// Guards all samples and the order of the log. Taken after `folder`, never before.
    memory: Mutex<Memory>,
    wal: Wal<File>,
    /// Guards the files: one checkpoint or compaction at a time.
    folder: Mutex<Folder>,
    recovered: Recovered,
}

impl Engine {
    /// Opens a folder, makes it if it isn't there, and reads back what was acknowledged.
    ///
    /// # Errors
    /// If the folder is another process's, or a file in it can't be read or isn't what was written.
    pub fn open(path: &Path, config: Config) -> Result<Self, Error> {
        let config = config.checked()?;
        let mut memory = Memory::new(config.max_series);
        let (folder, log, recovered) = Folder::open(path, &mut memory)?;
        Ok(Engine {
            config,
            memory: Mutex::new(memory),
            wal: Wal::new(log),
            folder: Mutex::new(folder),
            recovered,
        })
    }

    /// What was found in the folder at the start.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// What it was told at its start.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Writes a batch of lines; returns when it survives a crash. Bad lines are refused one by one,
    /// the good ones are kept. `now` (nanoseconds since 1970) is the time of lines that say none.
    ///
    /// # Errors
    /// If the batch is too large, or the log can't be written.
    pub fn write(&self, batch: &[u8], precision: Precision, now: i64) -> Result<Written, Error> {
        if batch.len() > MAX_BATCH {
            return Err(Error::BatchTooLarge(batch.len()));
        }
        let mut written = Written::default();
        let parsed = Parsed::new(batch, precision, &mut written);
        let oldest = self.oldest(now);
        let position = {
            let mut memory = self.memory();
            let mut log = Batch::default();
            for (number, line, fields) in parsed.lines() {
                let time = line.time.unwrap_or(now);
                let kept = if time < oldest {
                    Err(self.expired())
                } else {
                    memory.apply(line.head, fields, time, &mut log)
                };
                if let Err(reason) = kept {
                    written.refuse(number, line.head, reason);
                }
            }
            written.samples = log.count();
            if log.count() == 0 {
                return Ok(written);
            }
            self.wal.append(&log.payload())?
        };
        // BEGIN SOLUTION stage 3: nobody is told that a batch is kept before it is
        self.wal.wait_durable(position)?;
        Ok(written)
        // END SOLUTION
    }

    /// Answers a question.
    ///
    /// # Errors
    /// If the answer would be too large, or samples are damaged.
    pub fn query(&self, query: &Query) -> Result<Vec<Group>, Error> {
        query::answer(query, &self.snapshot(query))
    }

    /// The samples that a question is about, as they are now.
    #[must_use]
    pub fn snapshot(&self, query: &Query) -> Vec<(SeriesKey, Snapshot)> {
        self.memory().snapshot(query)
    }

    /// The samples in a range of all series that are wanted, by name and field, as they are now.
    #[must_use]
    pub fn select(
        &self,
        range: &Range<i64>,
        wanted: impl Fn(&SeriesKey, &str) -> bool,
    ) -> Vec<(SeriesKey, String, Snapshot)> {
        self.memory().select(range, wanted)
    }

    /// Every series with its latest sample.
    #[must_use]
    pub fn latest(&self) -> Vec<(SeriesKey, String, Sample)> {
        self.memory().latest()
    }

    /// Measurements, tags and fields, as they are now.
    #[must_use]
    pub fn catalog(&self, measurement: Option<&str>) -> Catalog {
        self.memory().catalog(measurement)
    }

    /// How large it is now.
    #[must_use]
    pub fn size(&self) -> Size {
        let (log_bytes, log_syncs) = self.wal.counts();
        Size {
            log_bytes,
            log_syncs,
            ..self.memory().size()
        }
    }

    /// The oldest time that is kept.
    fn oldest(&self, now: i64) -> i64 {
        let kept = self.config.retention;
        kept.map_or(i64::MIN, |kept| now.saturating_sub(kept))
    }

    fn expired(&self) -> Reason {
        Reason::Expired(duration_text(self.config.retention.unwrap_or(0)))
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.folder
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A panic in between leaves whole samples: each is pushed at once.
        self.memory
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Written {
    fn refuse(&mut self, line: usize, text: &str, reason: Reason) {
        self.refused_lines += 1;
        if self.refused.len() < LISTED {
            self.refused.push(Refusal::new(line, text, reason));
        }
    }
}

/// The good lines of a batch, taken apart before anyone has to wait for the lock.
struct Parsed<'a> {
    lines: Vec<(usize, Line<'a>, usize)>,
    /// Of all lines; each line says where its own end.
    fields: Vec<(&'a str, f64)>,
}

impl<'a> Parsed<'a> {
    fn new(batch: &'a [u8], precision: Precision, written: &mut Written) -> Self {
        let mut parsed = Parsed {
            lines: Vec::new(),
            fields: Vec::new(),
        };
        let mut fields = Vec::new();
        for (number, text) in line::lines(batch) {
            let line = text.and_then(|text| {
                line::parse(text, precision, &mut fields)
                    .inspect_err(|reason| written.refuse(number, text, reason.clone()))
            });
            match line {
                Ok(line) => {
                    parsed.fields.append(&mut fields);
                    parsed.lines.push((number, line, parsed.fields.len()));
                }
                Err(Reason::NotText) => written.refuse(number, "", Reason::NotText),
                Err(_) => {}
            }
        }
        parsed
    }

    fn lines(&self) -> impl Iterator<Item = (usize, Line<'a>, &[(&'a str, f64)])> {
        let mut from = 0;
        self.lines.iter().map(move |(number, line, end)| {
            let fields = &self.fields[from..*end];
            from = *end;
            (*number, *line, fields)
        })
    }
}
