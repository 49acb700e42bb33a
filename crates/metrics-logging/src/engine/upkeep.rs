//! What an engine does from time to time: turn logs into segments, forget what is too old, make
//! coarser copies.

use std::ops::Range;

use super::Engine;
use crate::column::encode;
use crate::config::duration_text;
use crate::error::Error;
use crate::line::Precision;
use crate::point::SeriesKey;
use crate::query::{self, Aggregate, Query};
use crate::segment::Series;

/// So many segments are merged into one.
const SEGMENTS: usize = 8;

/// The fields that a coarser copy has in the place of one, and how they are made.
pub const ROLLUP_FIELDS: [(&str, Aggregate); 3] = [
    ("mean", Aggregate::Mean),
    ("max", Aggregate::Max),
    ("count", Aggregate::Count),
];

/// The measurement of a coarser copy: `cpu_5m`.
#[must_use]
pub fn rollup_name(measurement: &str, every: i64) -> String {
    format!("{measurement}_{}", duration_text(every))
}

impl Engine {
    /// Does what is due at this time: down-sampling, retention, and a checkpoint if the log is long.
    ///
    /// # Errors
    /// If a file can't be written; what was acknowledged is still safe.
    pub fn maintain(&self, now: i64) -> Result<(), Error> {
        for every in self.config.rollups.clone() {
            self.roll_up(every, now)?;
        }
        let forgotten = self.forget(now);
        let (log_bytes, _) = self.wal.counts();
        let long = log_bytes - self.folder().log_began >= self.config.log_bytes;
        if long {
            self.checkpoint()?;
        }
        if forgotten || self.folder().segments.len() >= SEGMENTS {
            self.compact(now)?;
        }
        Ok(())
    }

    /// Writes everything that only the log holds into a segment, and begins a new log.
    ///
    /// # Errors
    /// If a file can't be written; the old logs are kept then.
    pub fn checkpoint(&self) -> Result<(), Error> {
        let mut files = self.folder();
        let next = files.log + 1;
        let file = files.begin_log(next)?;
        let series = {
            let mut memory = self.memory();
            self.wal.rotate(file)?;
            memory.log = next;
            collect(memory.series().map(|(key, field, column)| {
                column.seal();
                (key, field, column.unflushed().to_vec())
            }))
        };
        files.log_began = self.wal.counts().0;
        let covered = files.first_uncovered()..=files.log;
        files.log = next;
        files.write_segment(covered, &series)?;
        let mut memory = self.memory();
        for written in series {
            let id = memory.restored(written.key, &written.field);
            memory.column(id).mark_flushed(written.chunks.len());
        }
        Ok(())
    }

    /// Merges all segments into one, without what is too old or was replaced.
    ///
    /// # Errors
    /// If a file can't be written; the old segments are kept then.
    pub fn compact(&self, now: i64) -> Result<(), Error> {
        let mut files = self.folder();
        let (Some(first), Some(last)) = (files.segments.first(), files.segments.last()) else {
            return Ok(());
        };
        let covered = *first.start()..=*last.end();
        let kept = self.oldest(now)..i64::MAX;
        let old = {
            let mut memory = self.memory();
            collect(
                memory
                    .series()
                    .map(|(key, field, column)| (key, field, column.flushed().to_vec())),
            )
        };
        let mut merged = Vec::with_capacity(old.len());
        for series in old {
            let samples = crate::column::Snapshot::new(kept.clone(), series.chunks).samples()?;
            merged.push(Series {
                chunks: encode(&samples),
                ..series
            });
        }
        files.write_segment(covered, &merged)?;
        let mut memory = self.memory();
        for series in merged {
            let id = memory.restored(series.key, &series.field);
            memory.column(id).replace_flushed(series.chunks);
        }
        Ok(())
    }

    /// Whether there are chunks on disk that hold nothing young enough.
    fn forget(&self, now: i64) -> bool {
        let oldest = self.oldest(now);
        let mut memory = self.memory();
        let mut series = memory.series();
        series.any(|(_, _, column)| column.flushed().iter().any(|chunk| chunk.last < oldest))
    }

    /// How many bytes the segments have on disk.
    #[must_use]
    pub fn segment_bytes(&self) -> u64 {
        self.folder().segment_bytes()
    }

    /// Makes a coarser copy of every series for the windows that have ended and have none yet.
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn roll_up(&self, every: i64, now: i64) -> Result<u64, Error> {
        let suffix = rollup_name("", every);
        let catalog = self.catalog(None);
        let mut lines = String::new();
        let mut made = 0;
        for measurement in catalog
            .measurements
            .iter()
            .filter(|name| !is_rollup(name, self))
        {
            let target = format!("{measurement}{suffix}");
            for field in self.catalog(Some(measurement)).fields {
                let range = self.unrolled(&target, &field, every, now);
                lines.clear();
                for (name, aggregate) in ROLLUP_FIELDS {
                    let query = Query {
                        by: query::By::All,
                        ..Query::new(measurement, &field, range.clone()).windows(aggregate, every)
                    };
                    rolled(
                        &mut lines,
                        &target,
                        &format!("{field}_{name}"),
                        &self.query(&query)?,
                    );
                }
                for batch in batches(&lines) {
                    made += self
                        .write(batch.as_bytes(), Precision::NANOSECONDS, now)?
                        .samples;
                }
            }
        }
        Ok(made)
    }

    /// The windows that have ended and aren't in the copy yet, as a range.
    fn unrolled(&self, target: &str, field: &str, every: i64, now: i64) -> Range<i64> {
        // BEGIN SOLUTION stage 6: from the window after the copy's last one to the last that has ended
        let end = now.div_euclid(every) * every;
        let copy = format!("{field}_{}", ROLLUP_FIELDS[0].0);
        let latest = self.latest();
        let done = latest
            .iter()
            .filter(|(key, name, _)| key.measurement == target && *name == copy)
            .map(|(_, _, sample)| sample.time)
            .max();
        let start = done.map_or(self.oldest(now), |done| done + every);
        start.min(end)..end
        // END SOLUTION
    }
}

/// Whether a measurement is itself a coarser copy.
fn is_rollup(measurement: &str, engine: &Engine) -> bool {
    let mut steps = engine.config.rollups.iter();
    steps.any(|every| measurement.ends_with(&rollup_name("", *every)))
}

/// Windows as lines.
fn rolled(lines: &mut String, target: &str, field: &str, groups: &[query::Group]) {
    use std::fmt::Write;

    for group in groups {
        let key = SeriesKey {
            measurement: target.to_owned(),
            tags: group.tags.clone(),
        };
        let mut name = String::new();
        for (time, value) in &group.rows {
            name.clear();
            // Writing to a string can't fail.
            let _ = crate::point::escaped(&mut name, field, ",= ");
            let _ = writeln!(lines, "{key} {name}={value:?} {time}");
        }
    }
}

/// Text cut at line ends into batches that an engine takes. A line that is longer stays alone.
pub fn batches(lines: &str) -> impl Iterator<Item = &str> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let limit = rest.floor_char_boundary(crate::config::MAX_BATCH);
        let end = if limit == rest.len() {
            limit
        } else {
            rest[..limit]
                .rfind('\n')
                .or_else(|| rest.find('\n'))
                .map_or(rest.len(), |end| end + 1)
        };
        let (batch, after) = rest.split_at(end);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Owned copies of the series that have chunks.
fn collect<'a>(
    series: impl Iterator<Item = (&'a SeriesKey, &'a str, Vec<crate::gorilla::Chunk>)>,
) -> Vec<Series> {
    let series = series.filter(|(_, _, chunks)| !chunks.is_empty());
    series
        .map(|(key, field, chunks)| Series {
            key: key.clone(),
            field: field.to_owned(),
            chunks,
        })
        .collect()
}
