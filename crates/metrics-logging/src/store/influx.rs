//! InfluxDB 1.x over HTTP: lines to `/write`, InfluxQL to `/query`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use labkit::services::http::{self, Answer, percent_encoded};
use serde::Deserialize;

use super::Store;
use crate::error::Error;
use crate::query::{Aggregate, By, Group, Query};

/// The earliest and the latest time that InfluxDB takes.
const TIMES: (i64, i64) = (i64::MIN + 2, i64::MAX - 1);

/// A database of a running InfluxDB.
#[derive(Clone, Debug)]
pub struct Influx {
    address: SocketAddr,
    database: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    results: Vec<Answered>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(default)]
    series: Vec<Series>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    tags: std::collections::BTreeMap<String, String>,
    values: Vec<(i64, Option<f64>)>,
}

impl Influx {
    /// Makes the database if it isn't there.
    ///
    /// # Errors
    /// If InfluxDB doesn't answer.
    pub fn create(address: SocketAddr, database: &str) -> Result<Self, Error> {
        let store = Influx {
            address,
            database: database.to_owned(),
        };
        store.ask(&format!("CREATE DATABASE {}", quoted(database)))?;
        Ok(store)
    }

    fn ask(&self, question: &str) -> Result<Vec<Series>, Error> {
        let path = format!(
            "/query?epoch=ns&db={}&q={}",
            percent_encoded(&self.database),
            percent_encoded(question)
        );
        let answer = http::post(self.address, &path, "text/plain", b"").map_err(peer)?;
        let response: Response = serde_json::from_slice(&answer.body).map_err(peer)?;
        let mut series = Vec::new();
        let failed = response.error;
        for result in response.results {
            if let Some(error) = result.error {
                return Err(Error::Peer(format!("InfluxDB: {error}")));
            }
            series.extend(result.series);
        }
        failed.map_or(Ok(series), |error| {
            Err(Error::Peer(format!("InfluxDB: {error}")))
        })
    }
}

impl Store for Influx {
    fn name(&self) -> &'static str {
        "InfluxDB"
    }

    fn write(&self, lines: &str) -> Result<Vec<String>, Error> {
        let path = format!("/write?db={}", percent_encoded(&self.database));
        let answer = http::post(self.address, &path, "text/plain", lines.as_bytes());
        let answer: Answer = answer.map_err(peer)?;
        if answer.is_success() {
            return Ok(Vec::new());
        }
        let text = answer.text();
        if answer.status == 400 && text.contains("partial write") {
            return Ok(text.lines().map(str::to_owned).collect());
        }
        Err(Error::Peer(format!("InfluxDB refused a batch: {text}")))
    }

    fn query(&self, query: &Query) -> Result<Vec<Group>, Error> {
        let mut groups: Vec<Group> = self
            .ask(&text(query))?
            .into_iter()
            .map(|series| Group {
                tags: series.tags.into_iter().collect(),
                rows: rows(query, series.values),
            })
            .filter(|group| !group.rows.is_empty())
            .collect();
        groups.sort_by(|a, b| a.tags.cmp(&b.tags));
        Ok(groups)
    }
}

fn rows(query: &Query, values: Vec<(i64, Option<f64>)>) -> Vec<(i64, f64)> {
    let length = query
        .every
        .unwrap_or(query.range.end.saturating_sub(query.range.start));
    let rows = values
        .into_iter()
        .filter_map(|(time, value)| Some((time, value?)));
    rows.map(|(time, value)| {
        // Without windows a selector has its sample's time; here the range's start has the answer.
        let whole = query.every.is_none() && query.aggregate.is_some();
        let time = if whole { query.range.start } else { time };
        match query.aggregate {
            Some(Aggregate::Rate) => (time, value / (length as f64 / 1e9)),
            _ => (time, value),
        }
    })
    .collect()
}

fn peer(error: impl std::fmt::Display) -> Error {
    Error::Peer(format!(
        "InfluxDB can't be asked: {error}; is one running at that address?"
    ))
}

/// A question as InfluxQL.
fn text(query: &Query) -> String {
    let (field, from) = (quoted(&query.field), quoted(&query.measurement));
    let wheres = wheres(query);
    let call = |name: &str| format!("SELECT {name}({field}) FROM {from}");
    let mut text = match query.aggregate {
        None => format!("SELECT {field} FROM {from}"),
        Some(Aggregate::Mean) => call("mean"),
        Some(Aggregate::Min) => call("min"),
        Some(Aggregate::Max) => call("max"),
        Some(Aggregate::Sum) => call("sum"),
        Some(Aggregate::Count) => call("count"),
        Some(Aggregate::First) => call("first"),
        Some(Aggregate::Last) => call("last"),
        Some(Aggregate::Percentile(percent)) => {
            format!("SELECT percentile({field}, {percent}) FROM {from}")
        }
        Some(Aggregate::Rate) => format!(
            "SELECT sum(\"growth\") FROM (SELECT non_negative_difference({field}) AS \"growth\" \
             FROM {from} WHERE {wheres} GROUP BY *)"
        ),
    };
    let mut by: Vec<String> = match &query.by {
        By::All => vec!["*".to_owned()],
        By::Tags(tags) => tags.iter().map(|tag| quoted(tag)).collect(),
    };
    if let Some(every) = query.every {
        by.insert(0, format!("time({every}ns)"));
    }
    // Writing to a string can't fail.
    let _ = write!(text, " WHERE {wheres}");
    if !by.is_empty() {
        let _ = write!(text, " GROUP BY {}", by.join(", "));
    }
    if query.every.is_some() {
        text.push_str(" fill(none)");
    }
    text
}

fn wheres(query: &Query) -> String {
    let (start, end) = (query.range.start.max(TIMES.0), query.range.end.min(TIMES.1));
    let mut wheres = format!("time >= {start} AND time < {end}");
    for filter in &query.filters {
        let sign = if filter.equal { "=" } else { "!=" };
        let value = filter.value.replace('\\', "\\\\").replace('\'', "\\'");
        // Writing to a string can't fail.
        let _ = write!(wheres, " AND {} {sign} '{value}'", quoted(&filter.tag));
    }
    wheres
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
