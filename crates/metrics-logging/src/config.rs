//! What an engine is told at its start, checked once.

use crate::error::Error;

/// A second in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;
/// A minute in nanoseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour in nanoseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day in nanoseconds.
pub const DAY: i64 = 24 * HOUR;

/// The most series that can be allowed.
pub const MAX_SERIES: usize = 10_000_000;
/// The largest batch of lines, in bytes.
pub const MAX_BATCH: usize = 8 << 20;

/// What an engine keeps, and how much of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The most series, counted as measurement + tags + field.
    pub max_series: usize,
    /// Samples older than this, in nanoseconds, are refused and deleted; none keeps them for ever.
    pub retention: Option<i64>,
    /// Coarser copies that are kept.
    pub rollups: Vec<i64>,
    /// A log of this many bytes is turned into a segment.
    pub log_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            max_series: 100_000,
            retention: None,
            rollups: Vec::new(),
            log_bytes: 64 << 20,
        }
    }
}

impl Config {
    /// Checks what was given.
    ///
    /// # Errors
    /// The first value that makes no sense, with what would.
    pub fn checked(self) -> Result<Self, Error> {
        if !(1..=MAX_SERIES).contains(&self.max_series) {
            return Err(Error::MaxSeries(self.max_series));
        }
        for every in &self.rollups {
            if *every < SECOND || self.retention.is_some_and(|kept| *every > kept) {
                return Err(Error::Rollup(duration_text(*every)));
            }
        }
        Ok(self)
    }
}

/// Reads a duration as InfluxDB writes it: `10s`, `5m`, `1h30m`, `7d`, `2w`; in nanoseconds.
#[must_use]
pub fn duration(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .bytes()
            .take_while(|byte| !byte.is_ascii_digit())
            .count();
        let unit = match &rest[..letters] {
            "ns" => 1,
            "u" | "us" | "µ" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => 7 * DAY,
            _ => return None,
        };
        rest = &rest[letters..];
        total = total.checked_add(number.checked_mul(unit)?)?;
    }
    (total > 0).then_some(total)
}

/// A duration as [`duration`] reads it, in its largest whole unit.
#[must_use]
pub fn duration_text(nanoseconds: i64) -> String {
    let units = [
        (DAY, "d"),
        (HOUR, "h"),
        (MINUTE, "m"),
        (SECOND, "s"),
        (1_000_000, "ms"),
        (1_000, "u"),
    ];
    let fits = units.iter().find(|(unit, _)| nanoseconds % unit == 0);
    let (unit, name) = fits.copied().unwrap_or((1, "ns"));
    format!("{}{name}", nanoseconds / unit)
}

/// Reads a duration given on the command line.
///
/// # Errors
/// What was given, and what would be right.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    duration(text)
        .ok_or_else(|| format!("{text:?} is no duration above zero; write 30s, 5m, 1h30m or 7d"))
}
