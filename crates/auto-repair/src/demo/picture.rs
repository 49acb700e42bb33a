//! Timelines: what each service was doing when.

use std::time::Duration;

use labkit::chart::Timeline;
use labkit::report::Table;

use auto_repair::ledger::{Fault, Ledger};
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
    for service in plan.order() {
        timeline = timeline.lane(plan.services()[*service].name.as_str());
    }
    // Kind by kind, so that each has the same colour in all pictures.
    for kind in [SERVING, STARTING, UNNOTICED] {
        for (lane, service) in plan.order().iter().enumerate() {
            for (from, to) in spans(kind, *service, ledger, notices) {
                if from < until {
                    let span = (from.as_secs_f64(), to.min(until).as_secs_f64());
                    timeline = timeline.span(lane, span, "", kind);
                }
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

/// When a service was in a way.
fn spans(
    kind: &str,
    service: ServiceId,
    ledger: &Ledger,
    notices: &[(Duration, Notice)],
) -> Vec<(Duration, Duration)> {
    let mut spans = match kind {
        SERVING => {
            let serving = ledger
                .stretches(service)
                .iter()
                .filter(|stretch| stretch.serves);
            serving.map(|stretch| (stretch.from, stretch.to)).collect()
        }
        STARTING => starts(service, notices),
        _ => {
            let own = ledger.incidents.iter().filter(|one| one.service == service);
            // A leak serves on until it is noticed.
            let silent = own.filter(|one| one.fault != Fault::Leak);
            let times = silent.filter_map(|one| Some((one.injected, one.detected?)));
            times.collect::<Vec<_>>()
        }
    };
    spans.retain(|(from, to)| from < to);
    spans
}

/// From every start to what came of it.
fn starts(service: ServiceId, notices: &[(Duration, Notice)]) -> Vec<(Duration, Duration)> {
    let mut spans = Vec::new();
    let mut since = None;
    for (at, notice) in notices {
        match notice {
            Notice::Starting(one) if *one == service => since = Some(*at),
            Notice::Ready(one) | Notice::Failed(one, _) | Notice::Stopped(one)
                if *one == service =>
            {
                spans.extend(since.take().map(|since| (since, *at)));
            }
            _ => {}
        }
    }
    spans
}
