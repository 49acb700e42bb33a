//! A segment: sealed chunks of many series in one file that never changes.
//!
//! `MLSEG1`, then for each series its name and its chunks, then a CRC-32 of all that. It is written
//! under another name, synced, and renamed: a file with a segment's name is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::gorilla::{Chunk, Unit};
use crate::point::SeriesKey;
use crate::varint::{self, Malformed, Reader};

const MAGIC: &[u8; 6] = b"MLSEG1";

/// A series in a segment.
#[derive(Debug, PartialEq)]
pub struct Series {
    /// Measurement and tags.
    pub key: SeriesKey,
    /// The field.
    pub field: String,
    /// Its chunks, in the order of writing.
    pub chunks: Vec<Chunk>,
}

/// A segment's bytes.
#[must_use]
pub fn encode(series: &[Series]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for series in series {
        varint::put_key(&mut bytes, &series.key);
        varint::put_text(&mut bytes, &series.field);
        varint::put(&mut bytes, series.chunks.len() as u64);
        for chunk in &series.chunks {
            let unit = Unit::ALL.iter().position(|unit| *unit == chunk.unit);
            varint::put(&mut bytes, unit.unwrap_or(0) as u64);
            varint::put(&mut bytes, chunk.count.into());
            varint::put(&mut bytes, varint::zigzag(chunk.first));
            // In units: what the chunk spans is smaller than when it was.
            let span = chunk.last.wrapping_sub(chunk.first).cast_unsigned();
            varint::put(&mut bytes, span / chunk.unit.nanoseconds().cast_unsigned());
            varint::put(&mut bytes, chunk.bytes.len() as u64);
            bytes.extend_from_slice(&chunk.bytes);
        }
    }
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Reads a segment's bytes.
///
/// # Errors
/// If they aren't one, or not as they were written.
pub fn decode(bytes: &[u8]) -> Result<Vec<Series>, Malformed> {
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or(Malformed)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return Err(Malformed);
    }
    let mut reader = Reader::new(body.strip_prefix(MAGIC).ok_or(Malformed)?);
    let mut all = Vec::new();
    while !reader.is_empty() {
        let key = reader.key()?;
        let field = reader.text()?.to_owned();
        let mut chunks = Vec::new();
        for _ in 0..reader.number()? {
            chunks.push(chunk(&mut reader)?);
        }
        all.push(Series { key, field, chunks });
    }
    Ok(all)
}

fn chunk(reader: &mut Reader<'_>) -> Result<Chunk, Malformed> {
    let unit = usize::try_from(reader.number()?).map_err(|_| Malformed)?;
    let unit = *Unit::ALL.get(unit).ok_or(Malformed)?;
    let count = u32::try_from(reader.number()?).map_err(|_| Malformed)?;
    let first = varint::unzigzag(reader.number()?);
    let span = reader.number()?.cast_signed();
    let length = reader.number()?;
    Ok(Chunk {
        unit,
        count,
        first,
        last: first.wrapping_add(span.wrapping_mul(unit.nanoseconds())),
        bytes: reader.bytes(length)?.into(),
    })
}

/// Writes a file such that it is there whole or not at all, whenever the machine stops.
///
/// # Errors
/// If it can't be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    // The name itself is data of the folder.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
