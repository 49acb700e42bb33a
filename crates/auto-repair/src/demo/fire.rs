//! A tree under fire: faults of all kinds, for many virtual hours.

use std::time::Duration;

use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use labkit::stats::quantile;

use auto_repair::error::Error;
use auto_repair::ledger::{Fault, Ledger, textbook};
use auto_repair::plan::{Child, Group, Liveness, Plan, ROOT, Ready, Service, ServiceId, Strategy};
use auto_repair::simulation::{Model, Timing, World};
use auto_repair::supervisor::tree;

use super::picture;

/// The mean time from being ready to the next fault.
const MTBF: Duration = Duration::from_secs(600);

/// How long silence may last, and how often a service beats.
const WITHIN: Duration = Duration::from_secs(3);

/// How much a leaking service may take: it is caught after 50 s.
const LEAK_FOR: u64 = 50;

/// A tree of five services that crash, hang, leak and start badly.
pub(super) fn section(report: Report, run: &Run) -> Result<Report, Error> {
    let hours = run.size(60, 20);
    let plan = plan()?;
    let mut world = World::new(plan.clone(), models(), None, run.seed);
    world.run(Duration::from_secs(hours * 3600));
    let ledger = &world.ledger;
    let (injected, detected, repaired) = counts(ledger);
    let open = (0..plan.services().len())
        .filter(|service| ledger.is_open(*service))
        .count();
    let (table, is_close) = availability(&plan, ledger);
    let down = (0..plan.services().len()).map(|at| 1.0 - ledger.availability(at));
    let down = 100.0 * down.sum::<f64>() / plan.services().len() as f64;
    Ok(report
        .headline(Figure::new("time without service", down, "%"))
        .heading(format!("A tree under fire, for {hours} hours"))
        .text(format!(
            "Every service fails ten minutes after it became ready, on average. It beats once a second \
             and is taken for hung after {} s of silence; {LEAK_FOR} s of leaking reach its limit; after a \
             poisoning, its next two starts fail.",
            WITHIN.as_secs(),
        ))
        .table(picture::tree(&tree(&plan, |_| String::new())))
        .check(
            "every injected failure is repaired (but what failed at the very end)",
            repaired + open == injected,
            format!("{injected} injected, {detected} detected, {repaired} repaired, {open} open"),
        )
        .check(
            "availability is what the textbook makes of the injected MTBF and the measured MTTR",
            is_close,
            "every service, within five standard errors",
        )
        .table(times(ledger))
        .text(
            "What is repaired without having been detected failed while its group was being restarted \
             for another's sake. Outages last from the loss of service to its return.",
        )
        .table(table)
        .timeline(picture::timeline("The first hour", &world, Duration::from_secs(3600))))
}

fn plan() -> Result<Plan, Error> {
    let unlimited = |group: Group| Group {
        limit: None,
        ..group
    };
    let root = unlimited(Group::new("root", Strategy::OneForOne)).with(["store", "front", "pair"]);
    let front = unlimited(Group::new("front", Strategy::RestForOne)).with(["cache", "web"]);
    let pair = unlimited(Group::new("pair", Strategy::OneForAll)).with(["left", "right"]);
    let services = ["store", "cache", "web", "left", "right"].map(|name| Service {
        ready: Ready::Alive,
        liveness: Some(Liveness::Heartbeat { within: WITHIN }),
        memory: (name == "store").then_some(model().memory_after(Duration::from_secs(LEAK_FOR))),
        ..Service::new(name, ["virtual"])
    });
    Plan::new(vec![root, front, pair], services.to_vec())
}

fn model() -> Model {
    Model {
        boot: Duration::from_millis(500),
        timing: Timing::Exponential(MTBF),
        weights: [2, 1, 0, 1],
        ..Model::default()
    }
}

/// `store` leaks as well. The pair isn't poisoned: one that can't start takes the other down again and
/// again, which is no fault of its own and would have to be counted as one.
fn models() -> Vec<Model> {
    let mut models = vec![model(); 5];
    models[0].weights[2] = 1;
    models[3].weights[3] = 0;
    models[4].weights[3] = 0;
    models
}

fn counts(ledger: &Ledger) -> (usize, usize, usize) {
    let incidents = &ledger.incidents;
    let detected = incidents
        .iter()
        .filter(|one| one.detected.is_some())
        .count();
    let repaired = incidents
        .iter()
        .filter(|one| one.repaired.is_some())
        .count();
    (incidents.len(), detected, repaired)
}

/// Counts and times of each kind of fault.
pub(super) fn times(ledger: &Ledger) -> Table {
    let mut table = Table::new([
        "fault",
        "injected",
        "detected",
        "repaired",
        "to detect: p50",
        "p99",
        "to repair: p50",
        "p99",
    ]);
    for fault in Fault::ALL {
        let of_kind = || ledger.incidents.iter().filter(|one| one.fault == fault);
        if of_kind().count() == 0 {
            continue;
        }
        let (detect, repair) = (
            ledger.times_to_detect(Some(fault)),
            ledger.times_to_repair(Some(fault)),
        );
        table = table.row([
            fault.name().to_owned(),
            number(of_kind().count() as f64),
            number(of_kind().filter(|one| one.detected.is_some()).count() as f64),
            number(of_kind().filter(|one| one.repaired.is_some()).count() as f64),
            seconds(quantile(&detect, 0.5)),
            seconds(quantile(&detect, 0.99)),
            seconds(quantile(&repair, 0.5)),
            seconds(quantile(&repair, 0.99)),
        ]);
    }
    table
}

fn seconds(seconds: f64) -> String {
    match seconds {
        none if none.is_nan() => "–".to_owned(),
        short if short < 0.1 => format!("{:.1} ms", 1e3 * short),
        short if short < 1.0 => format!("{:.0} ms", 1e3 * short),
        long => format!("{long:.2} s"),
    }
}

/// Each service's availability, and whether all of them are what they should be.
fn availability(plan: &Plan, ledger: &Ledger) -> (Table, bool) {
    let mut table = Table::new([
        "service",
        "outages",
        "MTBF as injected",
        "MTTR",
        "availability",
        "1 − MTTR/(MTBF+MTTR)",
    ]);
    let mut is_close = true;
    for service in plan.order() {
        let (mttr, outages) = (ledger.mean_outage(*service), ledger.outages(*service));
        let mtbf = mean_life(plan, *service);
        let expected = textbook(mtbf, mttr);
        let measured = ledger.availability(*service);
        is_close &= (measured - expected).abs() <= 5.0 * (1.0 - expected) / (outages as f64).sqrt();
        table = table.row([
            plan.services()[*service].name.clone(),
            number(outages as f64),
            seconds(mtbf),
            seconds(mttr),
            format!("{:.3} %", 100.0 * measured),
            format!("{:.3} %", 100.0 * expected),
        ]);
    }
    (table, is_close)
}

/// The mean time for which a service serves: it loses service by its own faults, and by those of others
/// that take it along.
fn mean_life(plan: &Plan, service: ServiceId) -> f64 {
    let above = plan.above(Child::Service(service)).unwrap_or(ROOT);
    let (group, siblings) = (&plan.groups()[above], plan.children(above));
    let place = siblings
        .iter()
        .position(|child| *child == Child::Service(service));
    let (mtbf, weights) = (MTBF.as_secs_f64(), models()[service].weights);
    match group.strategy {
        // A leak serves on until it is noticed.
        Strategy::OneForOne => {
            let leaks = weights[2] as f64 / weights.iter().sum::<u64>() as f64;
            mtbf + leaks * LEAK_FOR as f64
        }
        Strategy::RestForOne => mtbf / (place.unwrap_or(0) + 1) as f64,
        Strategy::OneForAll => mtbf / siblings.len() as f64,
    }
}
