//! The engine's files: which there are, what they cover, and how they are read back.
//!
//! `log-7` is what happened since `log-6`; `segment-1-6` holds what logs 1 to 6 told, so that those
//! logs can go. A crash between two steps leaves a file too many, never one too few: a log that a
//! segment covers is deleted at the next start, and so is a segment that a larger one covers.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::memory::Memory;
use crate::error::Error;
use crate::segment;
use crate::wal::frame::{Frames, Told, read};

/// What a start found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Segments that were read.
    pub segments: usize,
    /// Samples that were read from logs.
    pub replayed: u64,
    /// Bytes at the end of the last log that a crash had cut short.
    pub torn_bytes: u64,
}

/// The engine's folder; holds its lock.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Released when it is dropped, or with the process.
    _lock: File,
    /// Which logs each segment covers, ascending and without gaps between their numbers.
    pub(super) segments: Vec<RangeInclusive<u64>>,
    /// The log that is appended to.
    pub(super) log: u64,
    /// How many bytes earlier logs of this run have.
    pub(super) log_began: u64,
}

impl Folder {
    /// Opens or makes the folder, fills the memory, and begins a new log.
    pub(super) fn open(path: &Path, memory: &mut Memory) -> Result<(Self, File, Recovered), Error> {
        fs::create_dir_all(path).map_err(Error::file("cannot make", path))?;
        let lock = lock(path)?;
        let Found { segments, logs } = Found::in_folder(path)?;
        let mut recovered = Recovered::default();
        for covered in &segments {
            load(&segment_path(path, covered), memory)?;
            recovered.segments += 1;
        }
        for (at, log) in logs.iter().enumerate() {
            let is_last = at + 1 == logs.len();
            replay(&log_path(path, *log), is_last, memory, &mut recovered)?;
        }
        let newest = segments.last().map_or(0, |covered| *covered.end());
        let log = logs.last().copied().unwrap_or(0).max(newest) + 1;
        let folder = Folder {
            path: path.to_owned(),
            _lock: lock,
            segments,
            log,
            log_began: 0,
        };
        memory.log = log;
        let file = folder.begin_log(log)?;
        Ok((folder, file, recovered))
    }

    /// Makes an empty log file.
    pub(super) fn begin_log(&self, number: u64) -> Result<File, Error> {
        let path = log_path(&self.path, number);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(Error::file("cannot make", &path))?;
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(Error::file("cannot sync", &self.path))?;
        Ok(file)
    }

    /// The first log that no segment covers.
    pub(super) fn first_uncovered(&self) -> u64 {
        self.segments.last().map_or(0, |covered| *covered.end()) + 1
    }

    /// Writes a segment; what it covers can go then.
    pub(super) fn write_segment(
        &mut self,
        covered: RangeInclusive<u64>,
        series: &[segment::Series],
    ) -> Result<(), Error> {
        let path = segment_path(&self.path, &covered);
        segment::write_whole(&path, &segment::encode(series))
            .map_err(Error::file("cannot write", &path))?;
        for log in covered.clone() {
            remove(&log_path(&self.path, log));
        }
        let (gone, kept) = std::mem::take(&mut self.segments)
            .into_iter()
            .partition(|old: &RangeInclusive<u64>| old.start() >= covered.start());
        let gone: Vec<RangeInclusive<u64>> = gone;
        self.segments = kept;
        for old in gone.iter().filter(|old| **old != covered) {
            remove(&segment_path(&self.path, old));
        }
        self.segments.push(covered);
        Ok(())
    }

    /// How many bytes its segments have.
    pub(super) fn segment_bytes(&self) -> u64 {
        let paths = self
            .segments
            .iter()
            .map(|covered| segment_path(&self.path, covered));
        paths
            .filter_map(|path| fs::metadata(path).ok())
            .map(|file| file.len())
            .sum()
    }
}

/// Deletes a file that nobody needs; if it stays, the next start tries again.
fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!("{} can't be deleted: {error}", path.display());
        }
        _ => {}
    }
}

fn log_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("log-{number}"))
}

fn segment_path(folder: &Path, covered: &RangeInclusive<u64>) -> PathBuf {
    folder.join(format!("segment-{}-{}", covered.start(), covered.end()))
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::file("cannot make", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(Error::file("cannot lock", path)(error)),
    }
}

/// The files that count.
struct Found {
    segments: Vec<RangeInclusive<u64>>,
    logs: Vec<u64>,
}

impl Found {
    /// Lists a folder, and deletes what a crash left over.
    fn in_folder(path: &Path) -> Result<Self, Error> {
        let unreadable = || Error::file("cannot list", path);
        let (mut segments, mut logs) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(path).map_err(unreadable())? {
            let entry = entry.map_err(unreadable())?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".tmp") {
                remove(&entry.path());
            } else if let Some(number) = name.strip_prefix("log-") {
                logs.extend(number.parse::<u64>());
            } else if let Some((first, last)) = name
                .strip_prefix("segment-")
                .and_then(|range| range.split_once('-'))
                && let (Ok(first), Ok(last)) = (first.parse(), last.parse())
            {
                segments.push(first..=last);
            }
        }
        segments.sort_by_key(|covered: &RangeInclusive<u64>| {
            (*covered.start(), u64::MAX - covered.end())
        });
        let mut end = 0;
        segments.retain(|covered| {
            let counts = *covered.end() > end;
            end = end.max(*covered.end());
            if !counts {
                remove(&segment_path(path, covered));
            }
            counts
        });
        logs.sort_unstable();
        logs.retain(|log| {
            if *log <= end {
                remove(&log_path(path, *log));
            }
            *log > end
        });
        Ok(Found { segments, logs })
    }
}

fn load(path: &Path, memory: &mut Memory) -> Result<(), Error> {
    let bytes = fs::read(path).map_err(Error::file("cannot read", path))?;
    let all = segment::decode(&bytes).map_err(|_| Error::Damaged(path.to_owned()))?;
    for series in all {
        let id = memory.restored(series.key, &series.field);
        let column = memory.column(id);
        let chunks = column.flushed().iter().cloned().chain(series.chunks);
        let chunks = chunks.collect();
        column.replace_flushed(chunks);
    }
    Ok(())
}

/// Reads a log back. Only the last one may end in the middle of a frame: the others were synced whole.
fn replay(
    path: &Path,
    is_last: bool,
    memory: &mut Memory,
    recovered: &mut Recovered,
) -> Result<(), Error> {
    let damaged = || Error::Damaged(path.to_owned());
    let bytes = fs::read(path).map_err(Error::file("cannot read", path))?;
    let mut frames = Frames::new(&bytes);
    let mut names = std::collections::HashMap::new();
    for payload in frames.by_ref() {
        let mut unknown = false;
        let told = read(payload, |told| match told {
            Told::Series(id, key, field) => {
                names.insert(id, memory.restored(key, &field));
            }
            Told::Sample(id, sample) => match names.get(&id) {
                Some(id) => {
                    memory.column(*id).push(sample);
                    recovered.replayed += 1;
                }
                None => unknown = true,
            },
        });
        if told.is_err() || unknown {
            return Err(damaged());
        }
    }
    let torn = bytes.len() - frames.whole();
    if torn > 0 {
        if !is_last {
            return Err(damaged());
        }
        tracing::warn!(
            "{}: {torn} bytes that a crash cut short are forgotten",
            path.display()
        );
        recovered.torn_bytes += torn as u64;
        cut(path, frames.whole() as u64)?;
    }
    Ok(())
}

/// Shortens a file for good.
fn cut(path: &Path, length: u64) -> Result<(), Error> {
    let cut = || {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.flush()?;
        file.sync_all()
    };
    cut().map_err(Error::file("cannot shorten", path))
}
