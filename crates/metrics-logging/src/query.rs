//! Questions and answers: which series, which time, in windows of which length, summed up how.
//!
//! Windows are aligned to 1970, as InfluxDB's are, and a window without samples isn't in the answer.
//! [`answer`] is pure: samples in, rows out. [`influxql`] reads questions as text.

pub mod influxql;
mod tally;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ops::Range;

use crate::column::Snapshot;
use crate::error::Error;
use crate::point::{Sample, SeriesKey};
use tally::Tally;

/// The most windows of an answer.
pub const MAX_WINDOWS: usize = 1_000_000;

/// How the samples of a window become one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// The arithmetic mean.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Their sum.
    Sum,
    /// How many.
    Count,
    /// The earliest.
    First,
    /// The latest.
    Last,
    /// The nearest-rank percentile, of 0 to 100, as InfluxDB takes it.
    Percentile(f64),
    /// Growth per second: what each series grew from sample to sample, shrinking left out, over the
    /// window's length. Growth belongs to the window of the later sample.
    Rate,
}

/// How series are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// One group for each combination of these tags' values.
    Tags(Vec<String>),
    /// A group for each series.
    All,
}

/// A condition on a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The tag.
    pub tag: String,
    /// What it is, or isn't.
    pub value: String,
    /// Whether it is.
    pub equal: bool,
}

/// A question about one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The measurement.
    pub measurement: String,
    /// The field.
    pub field: String,
    /// Conditions, all of which hold.
    pub filters: Vec<Filter>,
    /// From when to when, in nanoseconds since 1970, the end excluded.
    pub range: Range<i64>,
    /// The windows' length in nanoseconds; none makes the whole range one window.
    pub every: Option<i64>,
    /// How a window is summed up; none gives the samples themselves.
    pub aggregate: Option<Aggregate>,
    /// How series are put together.
    pub by: By,
}

/// One group's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The tags that its series have in common, by which was grouped.
    pub tags: Vec<(String, String)>,
    /// Times, of windows their beginnings, and values.
    pub rows: Vec<(i64, f64)>,
}

impl Query {
    /// All samples of a field in a range, as they are, all series together.
    #[must_use]
    pub fn new(measurement: &str, field: &str, range: Range<i64>) -> Self {
        Query {
            measurement: measurement.to_owned(),
            field: field.to_owned(),
            filters: Vec::new(),
            range,
            every: None,
            aggregate: None,
            by: By::Tags(Vec::new()),
        }
    }

    /// Asks for windows of a length, summed up.
    #[must_use]
    pub fn windows(self, aggregate: Aggregate, every: i64) -> Self {
        Query {
            aggregate: Some(aggregate),
            every: Some(every.max(1)),
            ..self
        }
    }

    /// Asks for a group for each value of these tags.
    #[must_use]
    pub fn by(self, tags: &[&str]) -> Self {
        Query {
            by: By::Tags(tags.iter().map(|&tag| tag.to_owned()).collect()),
            ..self
        }
    }

    /// Asks only for series whose tag has this value.
    #[must_use]
    pub fn with(mut self, tag: &str, value: &str) -> Self {
        self.filters.push(Filter {
            tag: tag.to_owned(),
            value: value.to_owned(),
            equal: true,
        });
        self
    }

    /// Whether a series fulfils the conditions.
    #[must_use]
    pub fn wants(&self, key: &SeriesKey) -> bool {
        let mut filters = self.filters.iter();
        filters.all(|filter| (key.tag(&filter.tag) == filter.value) == filter.equal)
    }

    pub(crate) fn group_of(&self, key: &SeriesKey) -> Vec<(String, String)> {
        match &self.by {
            By::All => key.tags.clone(),
            By::Tags(tags) => {
                let mut tags: Vec<_> = tags
                    .iter()
                    .map(|tag| (tag.clone(), key.tag(tag).to_owned()))
                    .collect();
                tags.sort();
                tags
            }
        }
    }
}

/// Answers a question from the samples of the series that it is about.
///
/// # Errors
/// If there are too many windows, or samples are damaged.
pub fn answer(query: &Query, series: &[(SeriesKey, Snapshot)]) -> Result<Vec<Group>, Error> {
    let mut groups: BTreeMap<Vec<(String, String)>, Vec<&Snapshot>> = BTreeMap::new();
    for (key, snapshot) in series {
        groups
            .entry(query.group_of(key))
            .or_default()
            .push(snapshot);
    }
    let mut answer = Vec::new();
    for (tags, members) in groups {
        let rows = match query.aggregate {
            Some(aggregate) => windows(query, aggregate, &members)?,
            None => raw(&members)?,
        };
        if !rows.is_empty() {
            answer.push(Group { tags, rows });
        }
    }
    Ok(answer)
}

/// The samples of all members in the order of time.
fn raw(members: &[&Snapshot]) -> Result<Vec<(i64, f64)>, Error> {
    let mut rows = Vec::new();
    for member in members {
        member.for_each(|sample| rows.push((sample.time, sample.value)))?;
    }
    // Stable: series with the same times keep their order.
    rows.sort_by_key(|row| row.0);
    Ok(rows)
}

/// A row for every window that has samples.
fn windows(
    query: &Query,
    aggregate: Aggregate,
    members: &[&Snapshot],
) -> Result<Vec<(i64, f64)>, Error> {
    // BEGIN SOLUTION stage 4: which window is a sample's? walk all members, tally, sum up in order
    let mut windows = Windows::new(query, aggregate);
    for member in members {
        let mut before: Option<Sample> = None;
        member.for_each(|sample| {
            let growth = before.map(|before| sample.value - before.value);
            before = Some(sample);
            let told = match aggregate {
                Aggregate::Rate => growth.filter(|growth| *growth >= 0.0),
                _ => Some(sample.value),
            };
            if let Some(value) = told {
                windows.add(sample.time, value);
            }
        })?;
        if windows.tallies.len() > MAX_WINDOWS {
            return Err(Error::TooManyWindows(windows.tallies.len()));
        }
    }
    Ok(windows.rows())
    // END SOLUTION
}

/// Tallies by the beginning of their window.
struct Windows {
    aggregate: Aggregate,
    start: i64,
    every: Option<i64>,
    seconds: f64,
    places: HashMap<i64, usize>,
    tallies: Vec<(i64, Tally)>,
    /// The window of the last sample: the next one is nearly always in it too.
    current: Option<(Range<i64>, usize)>,
}

impl Windows {
    fn new(query: &Query, aggregate: Aggregate) -> Self {
        let length = query
            .every
            .unwrap_or(query.range.end.saturating_sub(query.range.start));
        Windows {
            aggregate,
            start: query.range.start,
            every: query.every,
            seconds: length as f64 / 1e9,
            places: HashMap::new(),
            tallies: Vec::new(),
            current: None,
        }
    }

    fn add(&mut self, time: i64, value: f64) {
        let place = match &self.current {
            Some((window, place)) if window.contains(&time) => *place,
            _ => self.enter(time),
        };
        self.tallies[place].1.add(time, value, self.aggregate);
    }

    /// Makes the window that a time is in the current one.
    fn enter(&mut self, time: i64) -> usize {
        let window = match self.every {
            // Towards the past, also before 1970.
            Some(every) => {
                let start = time.div_euclid(every).saturating_mul(every);
                start..start.saturating_add(every)
            }
            None => self.start..i64::MAX,
        };
        let next = self.tallies.len();
        let place = *self.places.entry(window.start).or_insert(next);
        if place == next {
            self.tallies.push((window.start, Tally::default()));
        }
        self.current = Some((window, place));
        place
    }

    fn rows(self) -> Vec<(i64, f64)> {
        let (aggregate, seconds) = (self.aggregate, self.seconds);
        let mut rows: Vec<(i64, f64)> = self
            .tallies
            .into_iter()
            .filter_map(|(start, tally)| Some((start, tally.value(aggregate, seconds)?)))
            .collect();
        rows.sort_by_key(|row| row.0);
        rows
    }
}
