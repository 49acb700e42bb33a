//! Real children, killed, frozen and bloated.

mod seen;

use std::env;
use std::path::Path;
use std::time::Duration;

use labkit::report::{Figure, Report, Table};
use labkit::run::{Failure, Run};
use labkit::stats::quantile;

use auto_repair::child::{self, Behaviour};
use auto_repair::error::Error;
use auto_repair::ledger::{Fault, Ledger, textbook};
use auto_repair::plan::{Exceeded, Group, Limit, Liveness, Plan, Ready, Service, Strategy, Waits};
use auto_repair::supervisor::State;

use super::{fire, picture};
use seen::{Books, Seen};

/// How long silence may last: children beat ten times as often, so that a busy machine doesn't look like a
/// hang.
const WITHIN: Duration = Duration::from_millis(300);

/// How much memory a child may have, and how much it has: some 5 MiB.
const MEMORY: u64 = 32 << 20;

/// The children into which faults are injected; `job` can't be started at all.
const TARGETS: [&str; 5] = ["store", "cache", "web", "left", "right"];

/// The live part alone.
///
/// # Errors
/// If no process can be started.
pub(crate) fn live(run: &Run) -> Result<Report, Failure> {
    let report = Report::new("auto-repair", "Real processes under a supervisor");
    section(report, run)
}

/// Injects crashes, hangs and leaks into real processes, one after the other.
pub(super) fn section(report: Report, run: &Run) -> Result<Report, Failure> {
    let shutdown = run.shutdown();
    let faults: &[Fault] = run.size(
        &[Fault::Crash, Fault::Hang, Fault::Leak, Fault::Crash],
        &[Fault::Crash],
    );
    let program = env::current_exe().map_err(|source| Error::System {
        what: "this program's own path",
        source,
    })?;
    let mut seen = Seen::start(plan(&program)?, run.seed)?;
    seen.settle(&shutdown)?;
    let bar = run.bar("live", (faults.len() * TARGETS.len()) as u64);
    for fault in faults {
        for name in TARGETS {
            if !shutdown.is_triggered() {
                seen.injure(name, *fault, &shutdown)?;
            }
            bar.add(1);
        }
    }
    bar.clear();
    // What a signal cut short needn't have been repaired.
    let is_early = shutdown.is_triggered();
    let rows = seen.rows()?;
    let tree = seen.supervisor.tree()?;
    let seen = seen.end()?;
    let left = rows.iter().filter_map(|row| row.pid);
    let left = left
        .filter(|pid| Path::new(&format!("/proc/{pid}")).exists())
        .count();
    let mut jobs = rows.iter().filter(|row| row.status.name == "job");
    let report = written(report, &seen, &tree, is_early)
        .check(
            "nothing is left of them",
            left == 0,
            format!("{left} processes"),
        )
        .check(
            "the job that can't start has failed, and isn't started again and again",
            is_early || jobs.all(|job| job.status.state == State::Failed && job.status.run == 4),
            "three restarts, as its limit allows",
        );
    let title = "Real processes: who served when";
    Ok(report.timeline(picture::drawn(
        title,
        &seen.plan,
        &seen.ledger,
        &seen.notices,
        seen.end,
    )))
}

fn written(report: Report, seen: &Books, tree: &str, is_early: bool) -> Report {
    let incidents = &seen.ledger.incidents;
    let repaired = incidents
        .iter()
        .filter(|one| one.repaired.is_some())
        .count();
    let crashes = incidents.iter().filter(|one| one.fault == Fault::Crash);
    let outages = crashes.filter_map(|one| Some(one.repaired? - one.injected));
    let outages: Vec<f64> = outages.map(|outage| 1e3 * outage.as_secs_f64()).collect();
    let median = quantile(&outages, 0.5);
    report
        .heading("Real processes")
        .check(
            "every real process that was killed, frozen or bloated was repaired",
            repaired + usize::from(is_early) >= incidents.len(),
            format!("{} injected, {repaired} repaired", incidents.len()),
        )
        .figure(Figure::new("from a killed child to the next one that is ready, median", median, "ms"))
        .text(
            "Each child is this program again, a small HTTP server. SIGKILL is a crash, SIGSTOP a hang, a \
             leak is asked for.",
        )
        .table(picture::tree(tree))
        .table(fire::times(&seen.ledger))
        .text(
            "Availability is what a client outside saw, who asks every few milliseconds; beside it what \
             follows from the times at which faults were injected and services were said to be ready.",
        )
        .table(availability(seen))
}

fn availability(seen: &Books) -> Table {
    let mut table = Table::new([
        "service",
        "outages",
        "mean outage",
        "availability, by a client",
        "1 − MTTR/(MTBF+MTTR), by notices",
    ]);
    let affected = seen
        .plan
        .order()
        .iter()
        .filter(|at| seen.ledger.outages(**at) > 0);
    for service in affected {
        let (client, noted) = (&seen.ledger, &seen.noted);
        table = table.row([
            seen.plan.services()[*service].name.clone(),
            client.outages(*service).to_string(),
            format!("{:.0} ms", 1e3 * client.mean_outage(*service)),
            format!("{:.2} %", 100.0 * client.availability(*service)),
            format!("{:.2} %", 100.0 * by_notices(noted, *service)),
        ]);
    }
    table
}

/// The textbook's availability, by the times from injection to readiness.
fn by_notices(noted: &Ledger, service: usize) -> f64 {
    let lives = noted
        .stretches(service)
        .iter()
        .filter(|stretch| stretch.serves);
    let lives: Vec<f64> = lives
        .map(|life| (life.to - life.from).as_secs_f64())
        .collect();
    let mtbf = lives.iter().sum::<f64>() / noted.outages(service) as f64;
    textbook(mtbf, noted.mean_outage(service))
}

fn plan(program: &Path) -> Result<Plan, Error> {
    let generous = |group: Group| Group {
        limit: Some(Limit {
            restarts: 1000,
            period: Duration::from_secs(10),
        }),
        waits: Some(Waits {
            stable: Duration::ZERO,
            ..Waits::default()
        }),
        ..group
    };
    let root = Group::new("root", Strategy::OneForOne).with(["store", "front", "pair", "batch"]);
    let front = Group::new("front", Strategy::RestForOne).with(["cache", "web"]);
    let pair = Group::new("pair", Strategy::OneForAll).with(["left", "right"]);
    let batch = Group {
        exceeded: Exceeded::Isolate,
        limit: Some(Limit {
            restarts: 3,
            period: Duration::from_secs(10),
        }),
        ..Group::new("batch", Strategy::OneForOne).with(["job"])
    };
    let mut services: Vec<Service> = TARGETS.map(|name| serving(name, program)).to_vec();
    services[2].needs = vec!["store".to_owned()];
    services.push(child::service("job", program, Behaviour::Crash));
    Plan::new(
        [root, front, pair]
            .map(generous)
            .into_iter()
            .chain([batch])
            .collect(),
        services,
    )
}

/// A child with a pulse; `web` and `right` are asked over HTTP instead.
fn serving(name: &str, program: &Path) -> Service {
    let liveness = match name {
        "web" | "right" => Liveness::Http {
            target: "/health".to_owned(),
            every: WITHIN / 4,
            within: WITHIN,
        },
        _ => Liveness::Heartbeat { within: WITHIN },
    };
    let mut service = child::service(name, program, Behaviour::Serve);
    service
        .command
        .extend(["--every".to_owned(), "30ms".to_owned()]);
    Service {
        ready: Ready::Alive,
        liveness: Some(liveness),
        memory: Some(MEMORY),
        ..service
    }
}
