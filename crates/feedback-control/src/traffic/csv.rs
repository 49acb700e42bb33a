//! Traces as CSV: a head `cycle,rate`, then a line for every cycle from 0 on.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::{MAX_CYCLES, Trace, check_rate};
use crate::error::Error;

/// The first line.
const HEAD: &str = "cycle,rate";

/// Reads a trace; empty lines and lines that begin with `#` are passed over.
///
/// # Errors
/// If the file can't be read, or a line isn't what it should be: the error names it.
pub fn read(path: &Path) -> Result<Trace, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut rates = Vec::new();
    let mut head_seen = false;
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what| Error::Trace {
            path: path.to_owned(),
            line: at + 1,
            what,
        };
        if !head_seen {
            head_seen = line.eq_ignore_ascii_case(HEAD);
            if !head_seen {
                return Err(wrong(format!(
                    "the first line is {line:?}; it must be {HEAD:?}"
                )));
            }
            continue;
        }
        rates.push(parse(line, rates.len()).map_err(wrong)?);
    }
    if rates.is_empty() {
        return Err(Error::Cycles { given: 0 });
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    Trace::new(name.to_string_lossy(), rates)
}

/// The rate of a line, which must be about this cycle; or what is wrong with it.
fn parse(line: &str, cycle: usize) -> Result<f64, String> {
    // BEGIN SOLUTION stage 2: two fields, the cycle that is due, a rate that can be
    if cycle >= MAX_CYCLES {
        return Err(format!("more than {MAX_CYCLES} cycles; shorten the trace"));
    }
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let [number, rate] = fields[..] else {
        return Err(format!("{} fields; write CYCLE,RATE", fields.len()));
    };
    if number.parse() != Ok(cycle) {
        return Err(format!("cycle {number:?} where {cycle} is due"));
    }
    let rate: f64 = rate
        .parse()
        .map_err(|_| format!("rate {rate:?} is not a number; write one such as 120.5"))?;
    check_rate(rate).map_err(|error| error.to_string())
    // END SOLUTION
}

/// A trace as [`read`] takes it.
#[must_use]
pub fn to_csv(trace: &Trace) -> String {
    let mut text = format!("{HEAD}\n");
    for (cycle, rate) in trace.rates().iter().enumerate() {
        // The shortest text that reads back as the same number.
        let _ = writeln!(text, "{cycle},{rate}");
    }
    text
}
