//! Simulated services for `serve --simulate`: eight days until now, then every second.

use labkit::shutdown::Shutdown;

use metrics_logging::config::{DAY, MINUTE, SECOND};
use metrics_logging::error::Error;
use metrics_logging::fleet::{Fleet, Plan};
use metrics_logging::store::{Embedded, Store};

const SERVICES: usize = 5;
/// Days before now, and that the rhythm goes on after it.
const PAST: usize = 8;
const FUTURE: usize = 7;
/// How often a service writes once it is live.
const TICK: std::time::Duration = std::time::Duration::from_secs(2);

/// The services, as if they had run since eight days ago.
fn fleet(store: &Embedded, seed: u64) -> (Fleet, usize) {
    let now = store.now().div_euclid(MINUTE) * MINUTE;
    let start = now.div_euclid(DAY) * DAY - i64::try_from(PAST).unwrap_or(0) * DAY;
    let plan = Plan {
        services: SERVICES,
        days: PAST + FUTURE,
        step: MINUTE,
        start,
    };
    let present = usize::try_from((now - start) / MINUTE).unwrap_or(0);
    (Fleet::simulate(plan, seed), present)
}

/// Writes the past.
pub(crate) fn fill(store: &Embedded, seed: u64) -> Result<(), Error> {
    let (fleet, present) = fleet(store, seed);
    store.write(&fleet.lines(0..present)).map(|_| ())
}

/// Goes on writing until the shutdown: between two minutes of the fleet, on the line between them.
pub(crate) fn go_on(store: &Embedded, seed: u64, shutdown: &Shutdown) {
    use std::fmt::Write;

    let (fleet, _) = fleet(store, seed);
    while !shutdown.wait_timeout(TICK) {
        let now = store.now().div_euclid(SECOND) * SECOND;
        let since = now - fleet.time(0);
        let step = usize::try_from(since / MINUTE).unwrap_or(0);
        if step + 1 >= fleet.steps() {
            return;
        }
        let part = (since % MINUTE) as f64 / MINUTE as f64;
        let mut lines = String::new();
        for trace in &fleet.traces {
            let value = trace.values[step] * (1.0 - part) + trace.values[step + 1] * part;
            // Writing to a string can't fail.
            let _ = writeln!(lines, "{} {}={value:.2} {now}", trace.key, trace.field);
        }
        if let Err(error) = store.write(&lines) {
            tracing::error!("the simulated services can't write: {error}");
            return;
        }
    }
}
