//! The same questions to this engine and to a real InfluxDB.

use std::net::SocketAddr;

use labkit::report::{Report, Table};
use labkit::run::Run;

use super::storage::temporary;
use metrics_logging::config::{Config, HOUR, MINUTE};
use metrics_logging::error::Error;
use metrics_logging::fleet::{Fleet, MEASUREMENT};
use metrics_logging::query::{Aggregate, Group, Query};
use metrics_logging::store::{Embedded, Influx, Store};

/// How far two answers may be apart: sums in another order differ in their last bits.
const CLOSE: f64 = 1e-9;

/// The report of `compare`.
pub(crate) fn compare(run: &Run, address: SocketAddr) -> Result<Report, Error> {
    let fleet = Fleet::simulate(super::plan(4, 2, MINUTE), run.seed);
    let folder = tempfile::tempdir().map_err(temporary)?;
    let embedded = Embedded::open(folder.path(), Config::default())?;
    let influx = Influx::create(address, &format!("compare_{}", run.seed))?;
    let lines = fleet.lines(0..fleet.steps());
    for store in [&embedded as &dyn Store, &influx] {
        store.write(&lines)?;
    }
    let everything = Query::new(MEASUREMENT, "cpu", fleet.time(0)..fleet.time(fleet.steps()));
    let mut table = Table::new(["question", "groups", "rows", "answers"]);
    let mut same = 0;
    let questions = [
        ("mean by host, 5 min", Aggregate::Mean, 5 * MINUTE),
        ("max by host, 1 h", Aggregate::Max, HOUR),
        ("p99 by host, 1 h", Aggregate::Percentile(99.0), HOUR),
        ("rate by host, 1 h", Aggregate::Rate, HOUR),
    ];
    for (name, aggregate, every) in questions {
        let query = everything.clone().windows(aggregate, every).by(&["host"]);
        let (ours, theirs) = (embedded.query(&query)?, influx.query(&query)?);
        let is_same = agree(&ours, &theirs);
        same += usize::from(is_same);
        let rows: usize = ours.iter().map(|group| group.rows.len()).sum();
        let said = if is_same { "the same" } else { "differ" };
        table = table.row([
            name.to_owned(),
            ours.len().to_string(),
            rows.to_string(),
            said.to_owned(),
        ]);
    }
    Ok(
        Report::new("metrics-logging", "The same questions to InfluxDB")
            .check(
                "this engine and InfluxDB give the same answers",
                same == questions.len(),
                format!("{same} of {} questions", questions.len()),
            )
            .table(table),
    )
}

fn agree(ours: &[Group], theirs: &[Group]) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= CLOSE * a.abs().max(b.abs()).max(1.0);
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(a, b)| {
            a.tags == b.tags
                && a.rows.len() == b.rows.len()
                && a.rows
                    .iter()
                    .zip(&b.rows)
                    .all(|(a, b)| a.0 == b.0 && close(a.1, b.1))
        })
}
