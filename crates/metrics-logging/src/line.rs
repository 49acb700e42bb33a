//! The InfluxDB line protocol: `cpu,host=web-1 usage=41.5,idle=58i 1700000000000000000`.
//!
//! A measurement with its tags, a space, fields, a space, a time. A backslash takes the meaning from a
//! comma, an equals sign or a space. A line is borrowed from its text: [`parse`] looks at every byte
//! once and allocates nothing for a series that is known already. Values are 64-bit floats; integers
//! are taken where a float holds them exactly, text and booleans are refused.

mod refusal;

use std::borrow::Cow;

pub use refusal::{Reason, Refusal};

use crate::point::SeriesKey;

/// The longest line that is looked at, in bytes.
pub const MAX_LINE: usize = 64 * 1024;
/// The longest name of anything, in bytes.
pub const MAX_NAME: usize = 256;
/// The most tags of a series.
pub const MAX_TAGS: usize = 32;
/// The most fields of a line.
pub const MAX_FIELDS: usize = 256;
/// Whole numbers up to this size are floats, each of them exactly (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// How times are counted in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precision(i64);

impl Precision {
    /// Nanoseconds, the protocol's own.
    pub const NANOSECONDS: Precision = Precision(1);

    /// The precision with this name in a request; none if there is no such one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let nanoseconds = match name {
            "" | "n" | "ns" => 1,
            "u" | "us" | "µ" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        Some(Precision(nanoseconds))
    }

    /// How many nanoseconds one is.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        self.0.max(1)
    }
}

/// One parsed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Measurement and tags as they were written; [`series`] takes them apart.
    pub head: &'a str,
    /// Nanoseconds since 1970, if the line says when.
    pub time: Option<i64>,
}

/// Takes a line apart; its fields replace those in `fields`, their names as they were written.
///
/// # Errors
/// What is wrong with the line.
pub fn parse<'a>(
    line: &'a str,
    precision: Precision,
    fields: &mut Vec<(&'a str, f64)>,
) -> Result<Line<'a>, Reason> {
    fields.clear();
    if line.len() > MAX_LINE {
        return Err(Reason::TooLong);
    }
    // BEGIN SOLUTION stage 1: head up to the first space, fields up to the next one, then the time
    let head_end = find(line, 0, |byte| byte == b' ').ok_or(Reason::NoFields)?;
    let head = &line[..head_end];
    if head.is_empty() || head.starts_with(',') {
        return Err(Reason::NoMeasurement);
    }
    let mut at = head_end + 1;
    loop {
        let equals = find(line, at, |byte| matches!(byte, b'=' | b',' | b' '))
            .filter(|equals| line.as_bytes()[*equals] == b'=')
            .ok_or_else(|| Reason::no_value(&line[at..]))?;
        let name = &line[at..equals];
        let end = find(line, equals + 1, |byte| matches!(byte, b',' | b' ')).unwrap_or(line.len());
        fields.push((name, value(name, &line[equals + 1..end])?));
        if fields.len() > MAX_FIELDS {
            return Err(Reason::TooManyFields);
        }
        at = end + 1;
        if line.as_bytes().get(end) != Some(&b',') {
            break;
        }
    }
    let rest = line.get(at..).unwrap_or_default().trim();
    let time = match rest {
        "" => None,
        text => Some(time(text, precision)?),
    };
    Ok(Line { head, time })
    // END SOLUTION
}

/// The first byte from `from` on that is looked for and has no backslash before it.
fn find(line: &str, from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    // BEGIN SOLUTION stage 1: a backslash hides the byte after it
    let bytes = line.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
            continue;
        }
        if wanted(bytes[at]) {
            return Some(at);
        }
        at += 1;
    }
    None
    // END SOLUTION
}

/// A field's value as a number.
fn value(name: &str, text: &str) -> Result<f64, Reason> {
    // BEGIN SOLUTION stage 1: floats that are numbers, integers that a float holds; what else is there?
    if name.is_empty() {
        return Err(Reason::EmptyName);
    }
    let bad = || Reason::BadNumber {
        field: name.to_owned(),
        text: refusal::excerpt(text),
    };
    let last = text.bytes().next_back().ok_or_else(bad)?;
    match last {
        b'0'..=b'9' | b'.' => {
            // A letter other than an exponent's makes no number here: `0x10`, and Rust's own `inf`.
            let number: f64 = text.parse().map_err(|_| bad())?;
            if number.is_finite() {
                Ok(number)
            } else {
                Err(bad())
            }
        }
        b'i' | b'u' => {
            let digits = &text[..text.len() - 1];
            let number: i128 = digits.parse().map_err(|_| bad())?;
            let exact = number as f64;
            if exact.abs() <= EXACT {
                Ok(exact)
            } else {
                Err(Reason::TooLarge(name.to_owned()))
            }
        }
        b'"' => Err(Reason::Text(name.to_owned())),
        _ if is_boolean(text) => Err(Reason::Boolean(name.to_owned())),
        _ => Err(bad()),
    }
    // END SOLUTION
}

fn is_boolean(text: &str) -> bool {
    ["t", "T", "f", "F"].contains(&text)
        || ["true", "false"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

/// A time in nanoseconds.
fn time(text: &str, precision: Precision) -> Result<i64, Reason> {
    let number: i64 = text
        .parse()
        .map_err(|_| Reason::BadTime(refusal::excerpt(text)))?;
    number
        .checked_mul(precision.nanoseconds())
        .ok_or_else(|| Reason::BadTime(refusal::excerpt(text)))
}

/// Takes a line's head apart, in the one order of tags that all its spellings share.
///
/// # Errors
/// What is wrong with it.
pub fn series(head: &str) -> Result<SeriesKey, Reason> {
    // BEGIN SOLUTION stage 1: split at commas that no backslash hides, tags at their equals sign; sort
    let end = find(head, 0, |byte| byte == b',').unwrap_or(head.len());
    let measurement = name(&head[..end], ", ")?;
    let mut tags = Vec::new();
    let mut at = end + 1;
    while at <= head.len() {
        let end = find(head, at, |byte| byte == b',').unwrap_or(head.len());
        let tag = &head[at..end];
        let equals = find(tag, 0, |byte| byte == b'=').ok_or_else(|| Reason::bad_tag(tag))?;
        let value = &tag[equals + 1..];
        if find(value, 0, |byte| byte == b'=').is_some() {
            return Err(Reason::bad_tag(tag));
        }
        tags.push((name(&tag[..equals], ",= ")?, name(value, ",= ")?));
        at = end + 1;
    }
    if tags.len() > MAX_TAGS {
        return Err(Reason::TooManyTags);
    }
    tags.sort();
    if let Some(twice) = tags.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Reason::TagTwice(twice[0].0.clone()));
    }
    Ok(SeriesKey { measurement, tags })
    // END SOLUTION
}

/// A field's name, as it is meant.
///
/// # Errors
/// If it is empty or too long.
pub fn field(raw: &str) -> Result<String, Reason> {
    name(raw, ",= ")
}

/// A name as it is meant: without the backslashes that only hide what follows.
fn name(raw: &str, special: &str) -> Result<String, Reason> {
    if raw.is_empty() {
        return Err(Reason::EmptyName);
    }
    if raw.len() > MAX_NAME {
        return Err(Reason::NameTooLong);
    }
    Ok(unescaped(raw, special).into_owned())
}

fn unescaped<'a>(raw: &'a str, special: &str) -> Cow<'a, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut clean = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let hides = c == '\\' && chars.peek().is_some_and(|next| special.contains(*next));
        if !hides {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

/// The lines of a batch that hold something, with their numbers from 1; not of text that isn't UTF-8.
pub fn lines(batch: &[u8]) -> impl Iterator<Item = (usize, Result<&str, Reason>)> {
    batch
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(at, line)| {
            (
                at + 1,
                line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start(),
            )
        })
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
        .map(|(at, line)| (at, std::str::from_utf8(line).map_err(|_| Reason::NotText)))
}
