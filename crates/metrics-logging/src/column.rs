//! One series' samples: sealed chunks, one that is still open, and what came late.
//!
//! Samples come in order nearly always, and the open chunk takes only those. One that isn't later
//! than the last goes to a list beside it. Whatever order they came in, a reader sees each time once,
//! with the value written last.

use std::ops::Range;

use crate::gorilla::{Chunk, Encoder, Truncated, Unit};
use crate::point::Sample;

/// How many samples a chunk is sealed with. Its 16 bytes of first time and value, and some ten in a
/// segment's directory, are then less than 0.03 bytes a sample; a reader decodes that many to get one.
pub const CHUNK: usize = 1024;

/// The samples of one series.
#[derive(Debug)]
pub struct Column {
    /// In the order of writing: where two have the same time, the later chunk is right.
    sealed: Vec<Chunk>,
    /// How many of the sealed ones are in segments on disk.
    flushed: usize,
    open: Encoder,
    late: Vec<Sample>,
    /// The latest sample there is.
    newest: Option<Sample>,
}

impl Default for Column {
    fn default() -> Self {
        Column {
            sealed: Vec::new(),
            flushed: 0,
            open: Encoder::new(Unit::Second),
            late: Vec::new(),
            newest: None,
        }
    }
}

impl Column {
    /// Adds a sample; one of the same time as an earlier one replaces it.
    pub fn push(&mut self, sample: Sample) {
        if self.newest.is_some_and(|newest| sample.time <= newest.time) {
            self.push_late(sample);
            return;
        }
        if self.open.count() as usize >= CHUNK {
            self.seal_open();
        }
        if sample.time % self.open.unit().nanoseconds() != 0 {
            // A column's unit only ever gets finer, so this happens three times at most.
            self.seal_open();
            self.open = Encoder::new(Unit::of(sample.time));
        }
        self.open.push(sample);
        self.newest = Some(sample);
    }

    fn push_late(&mut self, sample: Sample) {
        self.late.push(sample);
        if let Some(newest) = &mut self.newest
            && newest.time == sample.time
        {
            *newest = sample;
        }
        if self.late.len() >= CHUNK {
            self.seal();
        }
    }

    /// Seals everything that is open.
    pub fn seal(&mut self) {
        // The open chunk first: what came late was written after what it may replace.
        self.seal_open();
        if !self.late.is_empty() {
            let late = newest_wins(std::mem::take(&mut self.late));
            self.sealed.extend(encode(&late));
        }
    }

    fn seal_open(&mut self) {
        if self.open.count() > 0 {
            self.sealed.push(self.open.seal());
            self.open = Encoder::new(self.open.unit());
        }
    }

    /// The sealed chunks that no segment holds yet.
    #[must_use]
    pub fn unflushed(&self) -> &[Chunk] {
        &self.sealed[self.flushed..]
    }

    /// The sealed chunks that segments hold.
    #[must_use]
    pub fn flushed(&self) -> &[Chunk] {
        &self.sealed[..self.flushed]
    }

    /// Notes that a segment now holds `count` more chunks.
    pub fn mark_flushed(&mut self, count: usize) {
        self.flushed += count;
    }

    /// Takes chunks from a segment, or puts rewritten ones in the place of those it holds.
    pub fn replace_flushed(&mut self, chunks: Vec<Chunk>) {
        let last = chunks.iter().max_by_key(|chunk| chunk.last);
        if self.newest.is_none()
            && let Some(last) = last
        {
            self.newest = last.samples().flatten().last();
        }
        let count = chunks.len();
        self.sealed.splice(..self.flushed, chunks);
        self.flushed = count;
    }

    /// The latest sample.
    #[must_use]
    pub fn newest(&self) -> Option<Sample> {
        self.newest
    }

    /// How many compressed bytes there are in memory, and how many samples in them.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        let open = self.open.seal();
        let chunks = || self.sealed.iter().chain([&open]);
        let late = self.late.len();
        (
            chunks().map(|chunk| chunk.bytes.len()).sum::<usize>() + late * size_of::<Sample>(),
            chunks().map(|chunk| u64::from(chunk.count)).sum::<u64>() + late as u64,
        )
    }

    /// What a reader of `range` (its end excluded) has to look at. It is a copy, and stays as it is.
    #[must_use]
    pub fn snapshot(&self, range: &Range<i64>) -> Snapshot {
        let mut chunks: Vec<Chunk> = Vec::new();
        chunks.extend(
            self.sealed
                .iter()
                .filter(|chunk| chunk.overlaps(range))
                .cloned(),
        );
        if self.open.count() > 0 && self.newest.is_some_and(|newest| newest.time >= range.start) {
            chunks.push(self.open.seal());
        }
        let late = self
            .late
            .iter()
            .filter(|sample| range.contains(&sample.time));
        Snapshot {
            range: range.clone(),
            chunks,
            late: late.copied().collect(),
        }
    }
}

/// A series' samples at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    range: Range<i64>,
    chunks: Vec<Chunk>,
    late: Vec<Sample>,
}

impl Snapshot {
    /// Chunks in the order of writing, of which only a range matters.
    #[must_use]
    pub fn new(range: Range<i64>, chunks: Vec<Chunk>) -> Self {
        Snapshot {
            range,
            chunks,
            late: Vec::new(),
        }
    }

    /// Shows every sample of the range once, in ascending order of time.
    ///
    /// # Errors
    /// If a chunk is damaged.
    pub fn for_each(&self, mut see: impl FnMut(Sample)) -> Result<(), Truncated> {
        let ordered = self
            .chunks
            .windows(2)
            .all(|pair| pair[0].last < pair[1].first);
        if ordered && self.late.is_empty() {
            return self.decode(see);
        }
        let mut samples = Vec::new();
        self.decode(|sample| samples.push(sample))?;
        samples.extend_from_slice(&self.late);
        newest_wins(samples).into_iter().for_each(&mut see);
        Ok(())
    }

    /// The samples of the range.
    ///
    /// # Errors
    /// If a chunk is damaged.
    pub fn samples(&self) -> Result<Vec<Sample>, Truncated> {
        let mut samples = Vec::new();
        self.for_each(|sample| samples.push(sample))?;
        Ok(samples)
    }

    /// The samples of the range, chunk by chunk in the order of writing.
    fn decode(&self, mut see: impl FnMut(Sample)) -> Result<(), Truncated> {
        for chunk in &self.chunks {
            for sample in chunk.samples() {
                let sample = sample?;
                if sample.time >= self.range.end {
                    break;
                }
                if sample.time >= self.range.start {
                    see(sample);
                }
            }
        }
        Ok(())
    }
}

/// Samples in ascending order of time; of several with the same time, the one written last.
fn newest_wins(mut samples: Vec<Sample>) -> Vec<Sample> {
    // BEGIN SOLUTION stage 4: sort so that the order of writing survives, then keep the last of equals
    // Stable: equal times stay in the order in which they were written.
    samples.sort_by_key(|sample| sample.time);
    let mut kept: Vec<Sample> = Vec::with_capacity(samples.len());
    for sample in samples {
        match kept.last_mut() {
            Some(last) if last.time == sample.time => *last = sample,
            _ => kept.push(sample),
        }
    }
    kept
    // END SOLUTION
}

/// Chunks of samples that are in ascending order of time.
#[must_use]
pub fn encode(samples: &[Sample]) -> Vec<Chunk> {
    let finest = samples.iter().map(|sample| Unit::of(sample.time)).min();
    let unit = finest.unwrap_or(Unit::Second);
    let chunks = samples.chunks(CHUNK).map(|samples| {
        let mut encoder = Encoder::new(unit);
        samples.iter().for_each(|sample| encoder.push(*sample));
        encoder.seal()
    });
    chunks.collect()
}
