//! What a measurement is: who (measurement and tags), what (field), when, how much.

use std::fmt;

/// One value at one time.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Nanoseconds since 1970-01-01 00:00 UTC.
    pub time: i64,
    /// The value; any 64-bit float, bit by bit.
    pub value: f64,
}

/// Equal to the last bit, so that NaN equals itself and 0 isn't -0.
impl PartialEq for Sample {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.value.to_bits()) == (other.time, other.value.to_bits())
    }
}

/// Who is measured: a measurement and its tags, ordered by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// The measurement, `cpu`.
    pub measurement: String,
    /// Tags, `host` and `web-1`, ordered by name, no name twice.
    pub tags: Vec<(String, String)>,
}

impl SeriesKey {
    /// The key of a measurement with these tags, in any order.
    #[must_use]
    pub fn new(measurement: &str, tags: &[(&str, &str)]) -> Self {
        let mut tags: Vec<_> = tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        tags.sort();
        SeriesKey {
            measurement: measurement.to_owned(),
            tags,
        }
    }

    /// A tag's value; a tag that isn't there is empty, as in InfluxDB and Prometheus.
    #[must_use]
    pub fn tag(&self, name: &str) -> &str {
        let found = self.tags.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// As the line protocol writes it: `cpu,host=web-1`.
impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(f, &self.measurement, ", ")?;
        for (name, value) in &self.tags {
            f.write_str(",")?;
            escaped(f, name, ",= ")?;
            f.write_str("=")?;
            escaped(f, value, ",= ")?;
        }
        Ok(())
    }
}

/// Writes a name with a backslash before each of these characters.
pub(crate) fn escaped(f: &mut impl fmt::Write, name: &str, special: &str) -> fmt::Result {
    for c in name.chars() {
        if special.contains(c) {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}
