//! What the engine holds in memory: the index, and a column for each series.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use super::Size;
use crate::column::{Column, Snapshot};
use crate::index::{Index, SeriesId};
use crate::line::Reason;
use crate::point::{Sample, SeriesKey};
use crate::query::Query;
use crate::wal::frame::Batch;

/// All samples.
#[derive(Debug)]
pub(super) struct Memory {
    index: Index,
    columns: Vec<Column>,
    /// In which log each series was named last; samples can be logged there by number.
    named_in: Vec<u64>,
    /// The series of a line, while it is taken.
    ids: Vec<SeriesId>,
    /// The log that is appended to.
    pub(super) log: u64,
}

/// What there is, apart from samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Measurements in order.
    pub measurements: Vec<String>,
    /// Measurements with tags, in order.
    pub keys: Vec<SeriesKey>,
    /// Names of fields, in order.
    pub fields: Vec<String>,
}

impl Catalog {
    /// Names of tags, and the values that each has.
    #[must_use]
    pub fn tags(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut tags: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, value) in self.keys.iter().flat_map(|key| &key.tags) {
            tags.entry(name).or_default().insert(value);
        }
        tags
    }
}

impl Memory {
    pub(super) fn new(max_series: usize) -> Self {
        Memory {
            index: Index::new(max_series),
            columns: Vec::new(),
            named_in: Vec::new(),
            ids: Vec::new(),
            log: 0,
        }
    }

    /// Takes one line's samples, and tells the log.
    pub(super) fn apply(
        &mut self,
        head: &str,
        fields: &[(&str, f64)],
        time: i64,
        log: &mut Batch,
    ) -> Result<(), Reason> {
        let owner = self.index.owner(head)?;
        // All of the line or nothing: no sample is taken before every field has its series.
        self.ids.clear();
        for (name, _) in fields {
            self.ids.push(self.index.series(owner, name)?);
        }
        self.grow();
        for (id, (_, value)) in self.ids.iter().copied().zip(fields) {
            let sample = Sample {
                time,
                value: *value,
            };
            if self.named_in[id] != self.log {
                self.named_in[id] = self.log;
                let (key, field) = self.index.name(id);
                log.define(id as u64, key, field);
            }
            log.push(id as u64, sample);
            self.columns[id].push(sample);
        }
        Ok(())
    }

    /// Gives every series of the index a column.
    fn grow(&mut self) {
        while self.columns.len() < self.index.len() {
            self.columns.push(Column::default());
            // Log numbers begin at 1: it is named in none.
            self.named_in.push(0);
        }
    }

    /// The column of a series that was there before.
    pub(super) fn restored(&mut self, key: SeriesKey, field: &str) -> SeriesId {
        let id = self.index.restored(key, field);
        self.grow();
        id
    }

    pub(super) fn column(&mut self, id: SeriesId) -> &mut Column {
        &mut self.columns[id]
    }

    /// Every series: its number, who, which field, its samples.
    pub(super) fn series(&mut self) -> impl Iterator<Item = (&SeriesKey, &str, &mut Column)> {
        let columns = self.columns.iter_mut().enumerate();
        columns.map(|(id, column)| {
            let (key, field) = self.index.name(id);
            (key, field, column)
        })
    }

    pub(super) fn snapshot(&self, query: &Query) -> Vec<(SeriesKey, Snapshot)> {
        let mut found: Vec<_> = self
            .index
            .find(&query.measurement, &query.field)
            .filter(|(_, key)| query.wants(key))
            .map(|(id, key)| (key.clone(), self.columns[id].snapshot(&query.range)))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    pub(super) fn select(
        &self,
        range: &Range<i64>,
        wanted: impl Fn(&SeriesKey, &str) -> bool,
    ) -> Vec<(SeriesKey, String, Snapshot)> {
        let mut found = Vec::new();
        for (id, column) in self.columns.iter().enumerate() {
            let (key, field) = self.index.name(id);
            if wanted(key, field) {
                found.push((key.clone(), field.to_owned(), column.snapshot(range)));
            }
        }
        found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        found
    }

    pub(super) fn latest(&self) -> Vec<(SeriesKey, String, Sample)> {
        let columns = self.columns.iter().enumerate();
        let mut latest: Vec<_> = columns
            .filter_map(|(id, column)| {
                let (key, field) = self.index.name(id);
                Some((key.clone(), field.to_owned(), column.newest()?))
            })
            .collect();
        latest.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        latest
    }

    pub(super) fn catalog(&self, measurement: Option<&str>) -> Catalog {
        let mut keys: Vec<SeriesKey> = self.index.keys(measurement).cloned().collect();
        keys.sort();
        let fields = self.index.fields(measurement);
        Catalog {
            measurements: self.index.measurements().map(str::to_owned).collect(),
            keys,
            fields: fields.into_iter().map(str::to_owned).collect(),
        }
    }

    pub(super) fn size(&self) -> Size {
        let sizes = self.columns.iter().map(Column::size);
        let (bytes, samples) = sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        Size {
            series: self.index.len(),
            samples,
            bytes,
            ..Size::default()
        }
    }
}
