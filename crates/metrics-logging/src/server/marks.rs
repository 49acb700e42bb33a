//! What a detector says about a stored series: where to put marks on the page.
//!
//! The series is summed up to minutes first. A detector needs to see what is usual, so it is shown some
//! days before the time that is asked for.

use std::ops::Range;

use serde_json::json;

use super::params::Params;
use crate::config::{DAY, MINUTE, duration};
use crate::detect::{Method, score};
use crate::engine::Engine;
use crate::error::Error;
use crate::query::{Aggregate, Query};

/// How much a detector sees before.
const BEFORE: i64 = 8 * DAY;
/// The longest time that is asked for at once.
const LONGEST: i64 = 100 * DAY;

/// Which series, when, by whom.
pub(super) struct Asked {
    query: Query,
    shown: Range<i64>,
    every: i64,
    method: Method,
}

impl Asked {
    /// Reads `measurement`, `field`, `tag.NAME`, `from` and `to` (milliseconds), `every`, `method`.
    pub(super) fn read(params: &Params, now: i64) -> Result<Self, String> {
        let needed = |name: &str| params.get(name).ok_or_else(|| format!("{name} is missing"));
        let method = params.get("method").unwrap_or("seasonal-median");
        let method = Method::named(method).ok_or_else(|| {
            format!("method {method:?} isn't known; there are rolling-z, ewma and seasonal-median")
        })?;
        let every = params.get("every").map_or(Some(MINUTE), duration);
        let every = every
            .filter(|every| (MINUTE..=DAY).contains(every))
            .ok_or("every is a duration from 1m to 1d")?;
        let time = |name: &str, otherwise: i64| match params.get(name) {
            None => Ok(otherwise),
            Some(text) => {
                let number = text
                    .parse::<i64>()
                    .ok()
                    .and_then(|ms| ms.checked_mul(1_000_000));
                number.ok_or_else(|| format!("{name} is a number of milliseconds"))
            }
        };
        let to = time("to", now)?;
        let shown = time("from", to.saturating_sub(DAY))?..to;
        if shown.end.saturating_sub(shown.start) > LONGEST {
            return Err("at most 100 days at once".to_owned());
        }
        let range = shown.start.saturating_sub(BEFORE)..shown.end;
        let mut query = Query::new(needed("measurement")?, needed("field")?, range)
            .windows(Aggregate::Mean, every);
        for (tag, value) in params.after("tag.") {
            query = query.with(tag, value);
        }
        Ok(Asked {
            query,
            shown,
            every,
            method,
        })
    }
}

/// The alarms in the time that is shown, as pairs of milliseconds.
pub(super) fn json(engine: &Engine, asked: &Asked) -> Result<String, Error> {
    let groups = engine.query(&asked.query)?;
    let rows = groups
        .first()
        .map(|group| group.rows.as_slice())
        .unwrap_or_default();
    let values: Vec<f64> = rows.iter().map(|row| row.1).collect();
    let per_day = usize::try_from(DAY / asked.every).unwrap_or(1);
    let flags = asked.method.flags(&values, per_day);
    let marks: Vec<_> = score::alarms(&flags)
        .into_iter()
        .map(|alarm| (rows[alarm.start].0, rows[alarm.end - 1].0 + asked.every))
        .filter(|(from, to)| *from < asked.shown.end && *to > asked.shown.start)
        .map(|(from, to)| json!([from / 1_000_000, to / 1_000_000]))
        .collect();
    Ok(format!(
        "{}\n",
        json!({ "method": asked.method.name(), "marks": marks })
    ))
}
