//! `import` and `query`: lines into a folder, questions to it.

use std::fs;
use std::io;
use std::path::Path;

use labkit::report::{Table, number};
use labkit::run::{Failure, Outcome};

use metrics_logging::engine::{Engine, batches};
use metrics_logging::error::Error;
use metrics_logging::query::influxql::{self, Columns, Statement};
use metrics_logging::query::{By, Group, Query};
use metrics_logging::store::Wall;
use metrics_logging::{instant, line};

use super::FolderArgs;

pub(super) fn import(
    file: &Path,
    precision: &str,
    folder: &FolderArgs,
) -> Result<Outcome, Failure> {
    let unit = line::Precision::named(precision).ok_or_else(|| {
        Failure::usage(format!(
            "--precision {precision:?} isn't known; give ns, u, ms, s, m or h"
        ))
    })?;
    let bytes = fs::read(file).map_err(|source| Error::Input {
        path: file.to_owned(),
        source,
    })?;
    let engine = Engine::open(&folder.data, folder.config())?;
    let text = String::from_utf8_lossy(&bytes);
    let (mut kept, mut refused, mut lines_before) = (0, 0, 0);
    for batch in batches(&text) {
        let written = engine.write(batch.as_bytes(), unit, Wall::read().now())?;
        kept += written.samples;
        refused += written.refused_lines;
        for refusal in &written.refused {
            let line = refusal.line + lines_before;
            eprintln!(
                "{}:{line}: {} in '{}'",
                file.display(),
                refusal.reason,
                refusal.text
            );
        }
        lines_before += batch.matches('\n').count();
    }
    engine.checkpoint()?;
    labkit::run::print(&format!(
        "{} samples kept, {refused} lines refused\n",
        number(kept as f64)
    ))?;
    if refused > 0 {
        return Err(Failure::failed(format!(
            "{refused} lines were refused, the others are kept"
        )));
    }
    Ok(Outcome::Silent)
}

/// The engine of a folder that is there already.
pub(super) fn existing(folder: &FolderArgs) -> Result<Engine, Error> {
    if !folder.data.is_dir() {
        return Err(Error::Input {
            path: folder.data.clone(),
            source: io::Error::new(
                io::ErrorKind::NotFound,
                "no such folder; make one with `import` or `serve`",
            ),
        });
    }
    Engine::open(&folder.data, folder.config())
}

/// A question of one field, as a terminal shows it.
pub(super) fn question_of(text: &str) -> Result<Query, Failure> {
    let mut statements = influxql::parse(text, Wall::read().now())?;
    let (Some(Statement::Select(select)), true) = (statements.pop(), statements.is_empty()) else {
        return Err(Failure::usage(
            "one SELECT was expected; the server's /query answers the others",
        ));
    };
    let (aggregate, field) = match select.columns {
        Columns::Summed(columns) if columns.len() == 1 => {
            (Some(columns[0].1), columns[0].2.clone())
        }
        Columns::Raw(names) if names.len() == 1 => (None, names[0].clone()),
        _ => {
            return Err(Failure::usage(
                "one field was expected, as in SELECT mean(cpu) FROM service",
            ));
        }
    };
    Ok(Query {
        filters: select.filters,
        every: select.every,
        aggregate,
        by: select.by.unwrap_or(By::Tags(Vec::new())),
        ..Query::new(&select.measurement, &field, select.range)
    })
}

pub(super) fn print_groups(query: &Query, groups: &[Group]) -> Result<Outcome, Failure> {
    if groups.is_empty() {
        labkit::run::print(&format!(
            "no samples of {} in {}\n",
            query.field, query.measurement
        ))?;
    }
    for group in groups {
        let tags: Vec<String> = group
            .tags
            .iter()
            .map(|(tag, value)| format!("{tag}={value}"))
            .collect();
        let mut table = Table::new(["time", query.field.as_str()]);
        for (time, value) in &group.rows {
            table = table.row([instant::text(*time), value.to_string()]);
        }
        let name = std::iter::once(query.measurement.clone())
            .chain(tags)
            .collect::<Vec<_>>();
        labkit::run::print(&format!("{}\n{}\n", name.join(" "), table.to_terminal()))?;
    }
    Ok(Outcome::Silent)
}
