//! Prometheus's remote read: Protocol Buffers under Snappy, as much as a query needs.
//!
//! A request holds questions, each with a range of milliseconds and matchers of labels; the answer
//! holds a list of series for each. `prometheus/prompb/remote.proto` names the fields; here they are
//! written out, since there are a dozen. Series are matched by `=` and `!=`; a regular expression is
//! refused.

use crate::engine::Engine;
use crate::error::Error;
use crate::point::{Sample, SeriesKey};
use crate::server::exposition::{label_name, metric_name};
use crate::varint::{self, Malformed, Reader};

/// The most bytes that a request may have once it is unpacked.
const MAX_REQUEST: usize = 1 << 20;
/// The most samples of an answer.
const MAX_SAMPLES: usize = 20_000_000;
const MILLISECOND: i64 = 1_000_000;

/// Two kinds of field: a number, and bytes after their length.
const NUMBER: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// From this millisecond on.
    pub start_ms: i64,
    /// Up to this millisecond, which is included.
    pub end_ms: i64,
    /// Labels, their values, and whether they are to be equal.
    pub matchers: Vec<(String, String, bool)>,
}

/// Why a request can't be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It isn't Snappy, or too large.
    #[error("the body isn't a Snappy block of at most {MAX_REQUEST} bytes")]
    Snappy,
    /// It isn't a request.
    #[error("the body isn't a ReadRequest of Prometheus")]
    Message,
    /// It matches by a regular expression.
    #[error("matching by a regular expression isn't supported; there are = and !=")]
    Regex,
}

impl From<Malformed> for Refused {
    fn from(_: Malformed) -> Self {
        Refused::Message
    }
}

/// Reads a request's body.
///
/// # Errors
/// Why it can't be answered.
pub fn decode(body: &[u8]) -> Result<Vec<Request>, Refused> {
    let length = snap::raw::decompress_len(body).map_err(|_| Refused::Snappy)?;
    if length > MAX_REQUEST {
        return Err(Refused::Snappy);
    }
    let plain = snap::raw::Decoder::new()
        .decompress_vec(body)
        .map_err(|_| Refused::Snappy)?;
    let mut requests = Vec::new();
    fields(&plain, |field, value| {
        if let (1, Value::Bytes(bytes)) = (field, value) {
            requests.push(request(bytes)?);
        }
        Ok(())
    })?;
    Ok(requests)
}

/// A field's value.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Shows every field of a message; those of kinds that nobody here needs are skipped.
fn fields<'a>(
    message: &'a [u8],
    mut see: impl FnMut(u64, Value<'a>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    // BEGIN SOLUTION stage 6: key = field << 3 | kind, then a number, eight bytes, or bytes after a length
    let mut reader = Reader::new(message);
    while !reader.is_empty() {
        let key = reader.number()?;
        let value = match key & 7 {
            NUMBER => Value::Number(reader.number()?),
            FIXED64 => Value::Bytes(reader.bytes(8)?),
            BYTES => {
                let length = reader.number()?;
                Value::Bytes(reader.bytes(length)?)
            }
            5 => Value::Bytes(reader.bytes(4)?),
            _ => return Err(Refused::Message),
        };
        see(key >> 3, value)?;
    }
    Ok(())
    // END SOLUTION
}

fn request(message: &[u8]) -> Result<Request, Refused> {
    let mut request = Request::default();
    fields(message, |field, value| {
        match (field, value) {
            (1, Value::Number(start)) => request.start_ms = start.cast_signed(),
            (2, Value::Number(end)) => request.end_ms = end.cast_signed(),
            (3, Value::Bytes(bytes)) => request.matchers.push(matcher(bytes)?),
            // Hints: what Prometheus is going to do with the samples.
            _ => {}
        }
        Ok(())
    })?;
    Ok(request)
}

fn matcher(message: &[u8]) -> Result<(String, String, bool), Refused> {
    let (mut kind, mut name, mut wanted) = (0, String::new(), String::new());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Refused::Message);
    fields(message, |field, value| {
        match (field, value) {
            (1, Value::Number(number)) => kind = number,
            (2, Value::Bytes(bytes)) => name = text(bytes)?,
            (3, Value::Bytes(bytes)) => wanted = text(bytes)?,
            _ => {}
        }
        Ok(())
    })?;
    match kind {
        0 => Ok((name, wanted, true)),
        1 => Ok((name, wanted, false)),
        _ => Err(Refused::Regex),
    }
}

/// Answers the questions, packed.
///
/// # Errors
/// If the answer would be too large, or samples are damaged.
pub fn answer(engine: &Engine, requests: &[Request]) -> Result<Vec<u8>, Error> {
    let mut response = Vec::new();
    let mut samples = 0;
    for request in requests {
        let range = request.start_ms.saturating_mul(MILLISECOND)
            ..request.end_ms.saturating_add(1).saturating_mul(MILLISECOND);
        let mut result = Vec::new();
        for (key, field, snapshot) in engine.select(&range, |key, field| wants(request, key, field))
        {
            let found = snapshot.samples()?;
            samples += found.len();
            if samples > MAX_SAMPLES {
                return Err(Error::TooManyWindows(samples));
            }
            if !found.is_empty() {
                put(&mut result, 1, &series(&key, &field, &found));
            }
        }
        put(&mut response, 1, &result);
    }
    let packed = snap::raw::Encoder::new().compress_vec(&response);
    packed.map_err(|error| Error::Peer(format!("the answer can't be packed: {error}")))
}

fn wants(request: &Request, key: &SeriesKey, field: &str) -> bool {
    request.matchers.iter().all(|(label, value, equal)| {
        let own = if label == "__name__" {
            metric_name(&key.measurement, field)
        } else {
            let tag = key.tags.iter().find(|(tag, _)| label_name(tag) == *label);
            tag.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        (own == *value) == *equal
    })
}

fn series(key: &SeriesKey, field: &str, samples: &[Sample]) -> Vec<u8> {
    let mut message = Vec::new();
    let mut labels: Vec<(String, &str)> = key
        .tags
        .iter()
        .map(|(tag, value)| (label_name(tag), value.as_str()))
        .collect();
    let name = metric_name(&key.measurement, field);
    labels.push(("__name__".to_owned(), &name));
    // Prometheus wants them in order.
    labels.sort();
    for (label, value) in labels {
        let mut pair = Vec::new();
        put(&mut pair, 1, label.as_bytes());
        put(&mut pair, 2, value.as_bytes());
        put(&mut message, 1, &pair);
    }
    for (at, sample) in samples.iter().enumerate() {
        let millisecond = |sample: &Sample| sample.time.div_euclid(MILLISECOND);
        // Of several in a millisecond, the last.
        let next = samples.get(at + 1).map(millisecond);
        if next == Some(millisecond(sample)) {
            continue;
        }
        let mut pair = Vec::with_capacity(20);
        varint::put(&mut pair, 1 << 3 | FIXED64);
        pair.extend_from_slice(&sample.value.to_bits().to_le_bytes());
        varint::put(&mut pair, 2 << 3 | NUMBER);
        varint::put(&mut pair, millisecond(sample).cast_unsigned());
        put(&mut message, 2, &pair);
    }
    message
}

/// Appends a field of bytes.
fn put(message: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    // BEGIN SOLUTION stage 6: the field's number with its kind, the length, the bytes
    varint::put(message, field << 3 | BYTES);
    varint::put(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
    // END SOLUTION
}
