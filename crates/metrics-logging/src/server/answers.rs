//! Answers to InfluxQL, as InfluxDB writes them: JSON with series, columns and values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::Error;
use crate::instant;
use crate::point::SeriesKey;
use crate::query::influxql::{Columns, Select, Statement};
use crate::query::{By, Group, MAX_WINDOWS, Query};

/// How times are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Times {
    /// As text.
    Text,
    /// As a number of so many nanoseconds.
    Number(i64),
}

impl Times {
    /// What the parameter `epoch` asks for.
    pub(super) fn named(epoch: Option<&str>) -> Self {
        let precision = epoch.filter(|epoch| !epoch.is_empty());
        let precision = precision.and_then(crate::line::Precision::named);
        precision.map_or(Times::Text, |it| Times::Number(it.nanoseconds()))
    }

    fn write(self, time: i64) -> Value {
        match self {
            Times::Text => instant::text(time).into(),
            Times::Number(unit) => (time.div_euclid(unit)).into(),
        }
    }
}

/// Answers all statements; one that fails says so in its place.
pub(super) fn all(
    engine: &Engine,
    database: &str,
    statements: &[Statement],
    times: Times,
) -> String {
    let results: Vec<Value> = statements
        .iter()
        .enumerate()
        .map(
            |(at, statement)| match one(engine, database, statement, times) {
                Ok(series) if series.is_empty() => json!({ "statement_id": at }),
                Ok(series) => json!({ "statement_id": at, "series": series }),
                Err(error) => json!({ "statement_id": at, "error": error.to_string() }),
            },
        )
        .collect();
    format!("{}\n", json!({ "results": results }))
}

fn one(
    engine: &Engine,
    database: &str,
    statement: &Statement,
    times: Times,
) -> Result<Vec<Value>, Error> {
    let lines = |values: Vec<Value>| values.into_iter().map(|value| json!([value])).collect();
    Ok(match statement {
        Statement::Select(select) => return selected(engine, select, times),
        Statement::CreateDatabase(name) if name == database => Vec::new(),
        Statement::CreateDatabase(name) => {
            return Err(Error::NoDatabase(name.clone(), database.to_owned()));
        }
        Statement::Databases => vec![series("databases", &["name"], lines(vec![database.into()]))],
        Statement::RetentionPolicies => vec![policies(engine)],
        Statement::Measurements => {
            let names = engine.catalog(None).measurements;
            let names: Vec<Value> = names.into_iter().map(Value::from).collect();
            present(series("measurements", &["name"], lines(names)))
        }
        Statement::Series(from) => {
            let keys = engine.catalog(from.as_deref()).keys;
            let keys = keys.iter().map(|key| key.to_string().into()).collect();
            present(json!({ "columns": ["key"], "values": lines(keys) }))
        }
        Statement::FieldKeys(from) => each(engine, from.as_deref(), |engine, name| {
            let fields = engine.catalog(Some(name)).fields;
            let rows = fields.iter().map(|field| json!([field, "float"])).collect();
            series(name, &["fieldKey", "fieldType"], rows)
        }),
        Statement::TagKeys(from) => each(engine, from.as_deref(), |engine, name| {
            let catalog = engine.catalog(Some(name));
            let rows = catalog.tags().keys().map(|tag| json!([tag])).collect();
            series(name, &["tagKey"], rows)
        }),
        Statement::TagValues(from, keys) => each(engine, from.as_deref(), |engine, name| {
            let catalog = engine.catalog(Some(name));
            let tags = catalog.tags();
            let wanted = tags
                .iter()
                .filter(|(tag, _)| keys.iter().any(|key| key == *tag));
            let rows = wanted
                .flat_map(|(tag, values)| values.iter().map(move |value| json!([tag, value])))
                .collect();
            series(name, &["key", "value"], rows)
        }),
    })
}

/// The one retention policy.
fn policies(engine: &Engine) -> Value {
    let columns = [
        "name",
        "duration",
        "shardGroupDuration",
        "replicaN",
        "default",
    ];
    let kept = engine.config().retention;
    let kept = kept.map_or("0s".to_owned(), crate::config::duration_text);
    json!({ "columns": columns, "values": [["autogen", kept, "168h0m0s", 1, true]] })
}

/// Something about every measurement, or about one.
fn each(engine: &Engine, from: Option<&str>, about: impl Fn(&Engine, &str) -> Value) -> Vec<Value> {
    let names = engine.catalog(None).measurements;
    let wanted = names
        .iter()
        .filter(|name| from.is_none_or(|from| from == *name));
    wanted
        .flat_map(|name| present(about(engine, name)))
        .collect()
}

/// A series, unless it has no rows.
fn present(series: Value) -> Vec<Value> {
    let is_empty = series["values"].as_array().is_none_or(Vec::is_empty);
    if is_empty { Vec::new() } else { vec![series] }
}

fn series(name: &str, columns: &[&str], values: Vec<Value>) -> Value {
    json!({ "name": name, "columns": columns, "values": values })
}

fn selected(engine: &Engine, select: &Select, times: Times) -> Result<Vec<Value>, Error> {
    let (columns, groups) = match &select.columns {
        Columns::Summed(columns) => summed(engine, select, columns)?,
        Columns::Raw(names) => raw(engine, select, names.clone())?,
        Columns::All => {
            let catalog = engine.catalog(Some(&select.measurement));
            let tags = catalog
                .tags()
                .into_keys()
                .map(str::to_owned)
                .collect::<Vec<_>>();
            let mut names: Vec<String> = catalog.fields.iter().cloned().chain(tags).collect();
            names.sort();
            raw(engine, select, names)?
        }
    };
    let mut all = Vec::new();
    let named: Vec<&str> = std::iter::once("time")
        .chain(columns.iter().map(String::as_str))
        .collect();
    for (tags, mut rows) in groups {
        if select.descending {
            rows.reverse();
        }
        rows.truncate(select.limit.unwrap_or(usize::MAX));
        let values: Vec<Value> = rows
            .into_iter()
            .map(|(time, cells)| std::iter::once(times.write(time)).chain(cells).collect())
            .collect();
        let mut one = series(&select.measurement, &named, values);
        if select.by.is_some() {
            let tags: BTreeMap<String, String> = tags.into_iter().collect();
            one["tags"] = json!(tags);
        }
        all.push(one);
    }
    Ok(all)
}

type Tags = Vec<(String, String)>;
type Rows = Vec<(i64, Vec<Value>)>;
type Groups = Vec<(Tags, Rows)>;

/// Windows: a column for each aggregate, joined by group and time.
fn summed(
    engine: &Engine,
    select: &Select,
    columns: &[(String, crate::query::Aggregate, String)],
) -> Result<(Vec<String>, Groups), Error> {
    let mut groups: BTreeMap<Tags, BTreeMap<i64, Vec<Value>>> = BTreeMap::new();
    for (at, (_, aggregate, field)) in columns.iter().enumerate() {
        let query = Query {
            aggregate: Some(*aggregate),
            every: select.every,
            ..question(select, field)
        };
        for Group { tags, rows } in engine.query(&query)? {
            let group = groups.entry(tags).or_default();
            for (time, value) in rows {
                let empty = || vec![Value::Null; columns.len()];
                // Without windows the answer has the time from which was asked.
                let time = if select.every.is_none() {
                    time.max(0)
                } else {
                    time
                };
                group.entry(time).or_insert_with(empty)[at] = number(value);
            }
        }
    }
    if let (true, Some(every)) = (select.fill, select.every) {
        for rows in groups.values_mut() {
            fill(rows, select, every, columns.len())?;
        }
    }
    let names = columns.iter().map(|(name, _, _)| name.clone()).collect();
    let groups = groups
        .into_iter()
        .map(|(tags, rows)| (tags, rows.into_iter().collect()));
    Ok((names, groups.collect()))
}

/// Adds the windows without samples between the times that were asked for.
fn fill(
    rows: &mut BTreeMap<i64, Vec<Value>>,
    select: &Select,
    every: i64,
    columns: usize,
) -> Result<(), Error> {
    let ends = (
        rows.keys().next().copied(),
        rows.keys().next_back().copied(),
    );
    let (Some(first), Some(last)) = ends else {
        return Ok(());
    };
    let from = match select.range.start {
        i64::MIN => first,
        start => start.div_euclid(every) * every,
    };
    let to = match select.range.end {
        i64::MAX => last,
        end => (end - 1).div_euclid(every) * every,
    };
    let windows = to.saturating_sub(from) / every + 1;
    let count = usize::try_from(windows).unwrap_or(0);
    if count > MAX_WINDOWS {
        return Err(Error::TooManyWindows(count));
    }
    for window in 0..windows {
        rows.entry(from + window * every)
            .or_insert_with(|| vec![Value::Null; columns]);
    }
    Ok(())
}

/// Samples as they are: a column for each field or tag, a row for each series and time.
fn raw(
    engine: &Engine,
    select: &Select,
    names: Vec<String>,
) -> Result<(Vec<String>, Groups), Error> {
    let mut rows: BTreeMap<(Tags, i64, SeriesKey), Vec<Value>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let query = question(select, name);
        for (key, snapshot) in engine.snapshot(&query) {
            let group = query.group_of(&key);
            snapshot.for_each(|sample| {
                let place = (group.clone(), sample.time, key.clone());
                let row = rows
                    .entry(place)
                    .or_insert_with(|| vec![Value::Null; names.len()]);
                row[at] = number(sample.value);
            })?;
            if rows.len() > MAX_WINDOWS {
                return Err(Error::TooManyWindows(rows.len()));
            }
        }
    }
    let mut groups: BTreeMap<Tags, Rows> = BTreeMap::new();
    for ((group, time, key), mut cells) in rows {
        for (cell, name) in cells.iter_mut().zip(&names) {
            if let Some((_, value)) = key.tags.iter().find(|(tag, _)| tag == name) {
                *cell = value.clone().into();
            }
        }
        groups.entry(group).or_default().push((time, cells));
    }
    Ok((names, groups.into_iter().collect()))
}

fn question(select: &Select, field: &str) -> Query {
    Query {
        filters: select.filters.clone(),
        by: select.by.clone().unwrap_or(By::Tags(Vec::new())),
        ..Query::new(&select.measurement, field, select.range.clone())
    }
}

/// A number; JSON has none that are infinite.
fn number(value: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number below 2^53 is one in 64 bits too"
    )]
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}
