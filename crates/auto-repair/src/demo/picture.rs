//! Timelines: what each service was doing when.

use std::time::Duration;

use labkit::chart::Timeline;
use labkit::report::Table;

use auto_repair::ledger::Ledger;
use auto_repair::plan::{Plan, ServiceId};
use auto_repair::simulation::World;
use auto_repair::supervisor::Notice;

/// When something was injected into a lane, until it was noticed.
const UNNOTICED: &str = "failed, not noticed yet";
const SERVING: &str = "serving";
const STARTING: &str = "starting";

/// The first part of a simulation, a lane for each service.
pub(super) fn timeline(title: &str, world: &World, until: Duration) -> Timeline {
    drawn(
        title,
        world.supervisor().plan(),
        &world.ledger,
        &world.notices,
        until,
    )
}

/// The same of any ledger and notices.
pub(super) fn drawn(
    title: &str,
    plan: &Plan,
    ledger: &Ledger,
    notices: &[(Duration, Notice)],
    until: Duration,
) -> Timeline {
    let mut timeline = Timeline::new(title, "s");
    for service in &plan.order {
        timeline = timeline.lane(plan.services[*service].name.as_str());
    }
    for (lane, service) in plan.order.iter().enumerate() {
        let mut spans = spans(*service, ledger, notices);
        spans.sort_by_key(|span| span.0);
        for (from, to, kind) in spans {
            if from < until {
                let (from, to) = (from.as_secs_f64(), to.min(until).as_secs_f64());
                timeline = timeline.span(lane, (from, to), "", kind);
            }
        }
    }
    timeline
}

/// A tree's lines as a table of one column, whose indents last on a page too.
pub(super) fn tree(lines: &str) -> Table {
    let lines = lines.lines().map(|line| line.replace(' ', "\u{a0}"));
    lines.fold(Table::new(["supervision tree"]), |table, line| {
        table.row([line])
    })
}

type Spans = Vec<(Duration, Duration, &'static str)>;

fn spans(service: ServiceId, ledger: &Ledger, notices: &[(Duration, Notice)]) -> Spans {
    let stretches = ledger.stretches(service).iter();
    let serving = stretches.filter(|stretch| stretch.serves);
    let mut spans: Spans = serving.map(|s| (s.from, s.to, SERVING)).collect();
    let incidents = ledger.incidents.iter().filter(|one| one.service == service);
    // A leak serves on until it is noticed.
    let silent = incidents.filter(|one| one.fault != auto_repair::ledger::Fault::Leak);
    let silent = silent.filter_map(|one| Some((one.injected, one.detected?, UNNOTICED)));
    spans.extend(silent.filter(|(from, to, _)| from < to));
    let mut since = None;
    for (at, notice) in notices {
        match notice {
            Notice::Starting(one) if *one == service => since = Some(*at),
            Notice::Ready(one) | Notice::Failed(one, _) | Notice::Stopped(one)
                if *one == service =>
            {
                spans.extend(since.take().map(|since| (since, *at, STARTING)));
            }
            _ => {}
        }
    }
    spans.retain(|(from, to, _)| from < to);
    spans
}
