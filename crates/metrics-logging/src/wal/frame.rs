//! The log's bytes: frames with length and checksum, and in each the samples of one batch.
//!
//! A frame is all or nothing, so a batch is too. Series are written out once in a log, under a number
//! that later samples use; each log can be read alone.

use crate::point::{Sample, SeriesKey};
use crate::varint::{self, Reader};

/// A frame's head: length and CRC-32 of its payload, four bytes each.
const HEAD: usize = 8;
/// No frame is longer; a length beyond it is no length.
const MOST: usize = 64 << 20;

const SERIES: u64 = 1;
const SAMPLES: u64 = 2;

/// Appends a frame with this payload.
pub fn seal(payload: &[u8], log: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).expect("batches are far smaller than 4 GiB");
    log.extend_from_slice(&length.to_le_bytes());
    log.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    log.extend_from_slice(payload);
}

/// The payloads of whole frames, in order.
#[derive(Debug)]
pub struct Frames<'a> {
    log: &'a [u8],
    /// How many bytes belong to whole frames so far.
    whole: usize,
}

impl<'a> Frames<'a> {
    /// The frames of a log's bytes.
    #[must_use]
    pub fn new(log: &'a [u8]) -> Self {
        Frames { log, whole: 0 }
    }

    /// Up to where the frames were whole; what comes after was cut short by a crash.
    #[must_use]
    pub fn whole(&self) -> usize {
        self.whole
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // BEGIN SOLUTION stage 3: a head, a sensible length, all its bytes, the right checksum; else the end
        let rest = &self.log[self.whole..];
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > MOST {
            return None;
        }
        let payload = rest.get(..length)?;
        if crc32fast::hash(payload) != u32::from_le_bytes(*sum) {
            return None;
        }
        self.whole += HEAD + length;
        Some(payload)
        // END SOLUTION
    }
}

/// Writes the payload of one batch.
#[derive(Debug, Default)]
pub struct Batch {
    series: Vec<u8>,
    samples: Vec<u8>,
    count: u64,
    last_id: u64,
    last_time: i64,
}

impl Batch {
    /// Names a series that this log hasn't seen yet.
    pub fn define(&mut self, id: u64, key: &SeriesKey, field: &str) {
        varint::put(&mut self.series, SERIES);
        varint::put(&mut self.series, id);
        varint::put_key(&mut self.series, key);
        varint::put_text(&mut self.series, field);
    }

    /// Adds a sample of a series that was named in this log.
    #[inline]
    pub fn push(&mut self, id: u64, sample: Sample) {
        // Neighbours in a batch are often neighbours in number, at the same time.
        let (step, wait) = (
            id.wrapping_sub(self.last_id).cast_signed(),
            sample.time.wrapping_sub(self.last_time),
        );
        varint::put(&mut self.samples, varint::zigzag(step));
        varint::put(&mut self.samples, varint::zigzag(wait));
        self.samples
            .extend_from_slice(&sample.value.to_bits().to_le_bytes());
        (self.last_id, self.last_time) = (id, sample.time);
        self.count += 1;
    }

    /// How many samples it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The payload.
    #[must_use]
    pub fn payload(mut self) -> Vec<u8> {
        varint::put(&mut self.series, SAMPLES);
        varint::put(&mut self.series, self.count);
        self.series.append(&mut self.samples);
        self.series
    }
}

/// What a payload tells, in order.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// A number is from now on this series.
    Series(u64, SeriesKey, String),
    /// A sample of the series with this number.
    Sample(u64, Sample),
}

/// Reads a payload; the checksum has said that it is one.
///
/// # Errors
/// If it isn't: it was written by something else.
pub fn read(payload: &[u8], mut tell: impl FnMut(Told)) -> Result<(), varint::Malformed> {
    let mut reader = Reader::new(payload);
    loop {
        match reader.number()? {
            SERIES => {
                let id = reader.number()?;
                let key = reader.key()?;
                tell(Told::Series(id, key, reader.text()?.to_owned()));
            }
            SAMPLES => break,
            _ => return Err(varint::Malformed),
        }
    }
    let (mut id, mut time) = (0_u64, 0_i64);
    for _ in 0..reader.number()? {
        id = id.wrapping_add(varint::unzigzag(reader.number()?).cast_unsigned());
        time = time.wrapping_add(varint::unzigzag(reader.number()?));
        let value = f64::from_bits(u64::from_le_bytes(*reader.array()?));
        tell(Told::Sample(id, Sample { time, value }));
    }
    Ok(())
}
