//! Which series there are: by the text of a line's head, and by measurement and tags.
//!
//! A line's head is looked up as it was written. Only a spelling that is new is taken apart, so that
//! `cpu,a=1,b=2` and `cpu,b=2,a=1` end at the same series. A *series* is counted as Prometheus counts:
//! a measurement, its tags, and one field.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::line::{self, Reason};
use crate::point::SeriesKey;

/// How many spellings of heads are remembered for each allowed series.
const SPELLINGS: usize = 4;

/// A series' place in the list of all.
pub type SeriesId = usize;

/// A measurement with its tags: all fields that are written under them.
#[derive(Debug)]
struct Owner {
    key: SeriesKey,
    /// As written, as meant, and whose samples it names.
    fields: Vec<(Box<str>, String, SeriesId)>,
}

/// All series.
#[derive(Debug)]
pub struct Index {
    most: usize,
    owners: Vec<Owner>,
    by_key: HashMap<SeriesKey, usize>,
    by_spelling: HashMap<Box<str>, usize>,
    by_measurement: BTreeMap<String, Vec<usize>>,
    /// For each series its owner, and which of the owner's fields it is.
    series: Vec<(usize, usize)>,
}

impl Index {
    /// An empty index that refuses to hold more than `most` series.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Index {
            most,
            owners: Vec::new(),
            by_key: HashMap::new(),
            by_spelling: HashMap::new(),
            by_measurement: BTreeMap::new(),
            series: Vec::new(),
        }
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Finds a line's owner by its head, or makes it known.
    ///
    /// # Errors
    /// What is wrong with the head.
    pub fn owner(&mut self, head: &str) -> Result<usize, Reason> {
        if let Some(known) = self.by_spelling.get(head) {
            return Ok(*known);
        }
        let key = line::series(head)?;
        if self.owners.len() >= self.most && !self.by_key.contains_key(&key) {
            return Err(Reason::TooManySeries(self.owners.len() + 1));
        }
        let owner = self.owner_of(key);
        if self.by_spelling.len() < self.most.saturating_mul(SPELLINGS) {
            self.by_spelling.insert(head.into(), owner);
        }
        Ok(owner)
    }

    fn owner_of(&mut self, key: SeriesKey) -> usize {
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let owner = self.owners.len();
        let siblings = self.by_measurement.entry(key.measurement.clone());
        siblings.or_default().push(owner);
        self.by_key.insert(key.clone(), owner);
        self.owners.push(Owner {
            key,
            fields: Vec::new(),
        });
        owner
    }

    /// Finds the series of an owner's field, or makes it.
    ///
    /// # Errors
    /// If the name is none, or there are too many series.
    pub fn series(&mut self, owner: usize, raw: &str) -> Result<SeriesId, Reason> {
        let fields = &self.owners[owner].fields;
        if let Some((_, _, id)) = fields.iter().find(|(known, _, _)| **known == *raw) {
            return Ok(*id);
        }
        let name = line::field(raw)?;
        if let Some((_, _, id)) = fields.iter().find(|(_, known, _)| *known == name) {
            return Ok(*id);
        }
        if self.series.len() >= self.most {
            return Err(Reason::TooManySeries(self.series.len() + 1));
        }
        let id = self.series.len();
        self.series.push((owner, fields.len()));
        self.owners[owner].fields.push((raw.into(), name, id));
        Ok(id)
    }

    /// The series with this key and field, which is made if there is none; for what was written once
    /// already, so no limit holds.
    pub fn restored(&mut self, key: SeriesKey, field: &str) -> SeriesId {
        let owner = self.owner_of(key);
        let fields = &self.owners[owner].fields;
        if let Some((_, _, id)) = fields.iter().find(|(_, known, _)| known == field) {
            return *id;
        }
        let id = self.series.len();
        self.series.push((owner, fields.len()));
        let mut raw = String::new();
        // Writing to a string can't fail.
        let _ = crate::point::escaped(&mut raw, field, ",= ");
        let field = (raw.into(), field.to_owned(), id);
        self.owners[owner].fields.push(field);
        id
    }

    /// Measurement, tags and field of a series.
    #[must_use]
    pub fn name(&self, id: SeriesId) -> (&SeriesKey, &str) {
        let (owner, field) = self.series[id];
        let owner = &self.owners[owner];
        (&owner.key, &owner.fields[field].1)
    }

    /// All measurements, in order.
    pub fn measurements(&self) -> impl Iterator<Item = &str> {
        self.by_measurement.keys().map(String::as_str)
    }

    /// All measurements with tags, of one measurement if one is given.
    pub fn keys<'a>(&'a self, measurement: Option<&'a str>) -> impl Iterator<Item = &'a SeriesKey> {
        self.owners_of(measurement).map(|owner| &owner.key)
    }

    /// The names of all fields, of one measurement if one is given.
    #[must_use]
    pub fn fields<'a>(&'a self, measurement: Option<&'a str>) -> BTreeSet<&'a str> {
        let owners = self.owners_of(measurement);
        owners
            .flat_map(|owner| owner.fields.iter().map(|(_, name, _)| name.as_str()))
            .collect()
    }

    /// Every series of a field of a measurement.
    pub fn find<'a>(
        &'a self,
        measurement: &'a str,
        field: &'a str,
    ) -> impl Iterator<Item = (SeriesId, &'a SeriesKey)> {
        self.owners_of(Some(measurement)).filter_map(move |owner| {
            let found = owner.fields.iter().find(|(_, name, _)| name == field);
            found.map(|(_, _, id)| (*id, &owner.key))
        })
    }

    fn owners_of<'a>(&'a self, measurement: Option<&'a str>) -> impl Iterator<Item = &'a Owner> {
        let wanted = move |known: &str| measurement.is_none_or(|name| name == known);
        self.by_measurement
            .iter()
            .filter(move |(name, _)| wanted(name))
            .flat_map(|(_, owners)| owners.iter().map(|owner| &self.owners[*owner]))
    }
}
