//! The live form: the broker's decisions enforced on real processes, and measured.

use std::env;
use std::thread;
use std::time::Duration;

use labkit::chart::Chart;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use resource_allocation::broker::Broker;
use resource_allocation::live::limits::{Limits, PERIOD_US, Scale};
use resource_allocation::live::{Means, Session, Usage};
use resource_allocation::reclaim::Hysteresis;
use resource_allocation::workload::Workload;
use resource_allocation::{Error, Pool};

use crate::cli::{Enforce, Live};
use crate::share::percent;

/// How far the kernel may be off under control groups, and under nice values, whose weights it
/// keeps only roughly over a few seconds.
const EXACT: f64 = 0.05;
const ROUGH: f64 = 0.25;
/// A whole number of the kernel's periods, so that no quota is counted in part.
const WINDOW: Duration = Duration::from_micros(20 * PERIOD_US);
/// New limits hold from the next period on.
const SETTLE: Duration = Duration::from_micros(2 * PERIOD_US);
/// How many cycles of the loads pass from one phase to the next: long enough for them to change, and
/// for the idle to be taken from.
const CYCLES: usize = 5;
/// A window in which something else kept the kernel busy may be measured again.
const ATTEMPTS: u32 = 3;

/// What one worker was allotted and used in one phase.
struct Seen {
    phase: usize,
    name: String,
    load: f64,
    limits: Limits,
    allotted: f64,
    usage: Usage,
}

/// What all workers should get, and got.
struct Window {
    allotted: Vec<f64>,
    used: Vec<Usage>,
}

impl Seen {
    fn deviation(&self) -> f64 {
        (self.usage.cpus / self.allotted - 1.0).abs()
    }
}

/// Runs what was asked for, until the phases are over or a signal comes.
pub(crate) fn run(run: &Run, asked: &Live) -> Result<Report, Error> {
    let scale = scale(asked)?;
    let pool = Pool::of_the_brief();
    let shutdown = run.shutdown();
    let mut workload = Workload::random(&pool, usize::from(asked.services), run.rng("loads"));
    let services = workload.services().to_vec();
    let names: Vec<String> = services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    let mut broker = Broker::new(pool, services, asked.policy.policy(), Hysteresis::default())?;
    let program = env::current_exe().map_err(|source| Error::System {
        what: "find this program".to_owned(),
        source,
    })?;
    let means = match asked.enforce {
        Enforce::Auto => Means::Auto,
        Enforce::Cgroup => Means::Groups,
        Enforce::Nice => Means::Nice,
    };
    let mut session = Session::start(&program, &names, means)?;
    announce(&mut session);
    let mut seen = Vec::new();
    let bar = run.bar("phases", u64::from(asked.phases));
    for phase in 0..usize::from(asked.phases) {
        let mut loads = workload.next_loads();
        let mut cycle = broker.step(&loads)?;
        for _ in 1..CYCLES {
            loads = workload.next_loads();
            cycle = broker.step(&loads)?;
        }
        let grants = cycle.allocation.grants();
        let limits: Vec<Limits> = grants.rows().map(|grant| scale.limits(grant)).collect();
        session.apply(&limits)?;
        let Some(window) = observe(&mut session, &shutdown)? else {
            break;
        };
        for (at, name) in names.iter().enumerate() {
            seen.push(Seen {
                phase,
                name: name.clone(),
                load: loads.row(at)[0] * scale.cpus,
                limits: limits[at],
                allotted: window.allotted[at],
                usage: window.used[at],
            });
        }
        bar.add(1);
    }
    bar.clear();
    let report = told(&session, asked, &seen);
    Ok(ended(report, session))
}

/// Ends the session, and looks whether anything is left of it.
fn ended(report: Report, mut session: Session) -> Report {
    let workers = session.workers().iter();
    let processes: Vec<Pid> = workers.map(|worker| worker.process()).collect();
    let removed = session.end();
    let left = processes
        .iter()
        .filter(|it| kill(**it, None).is_ok())
        .count();
    report.check(
        "no process and no group is left behind",
        removed.is_ok() && left == 0,
        match removed {
            Err(error) => error.to_string(),
            Ok(()) => format!("{left} of {} workers", processes.len()),
        },
    )
}

fn scale(asked: &Live) -> Result<Scale, Error> {
    let several = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    let cpus = asked.cpus.unwrap_or(if several { 1.0 } else { 0.8 });
    if !(0.1..=1.0).contains(&cpus) {
        return Err(Error::Text {
            text: cpus.to_string(),
            expected: "a part of a processor; give --cpus a number from 0.1 to 1",
        });
    }
    Ok(Scale {
        cpus: cpus / 100.0,
        memory_mib: f64::from(asked.memory) / 1000.0,
    })
}

/// Says what runs now, and how it is limited.
fn announce(session: &mut Session) {
    let workers = session.workers().iter();
    let processes: Vec<String> = workers.map(|worker| worker.process().to_string()).collect();
    eprintln!("workers: {}", processes.join(" "));
    if let Some(why) = session.fallback() {
        eprintln!("warning: falling back to nice values, which limit no memory: {why}");
    }
}

/// What everyone should get and got in a window; measured again if it was disturbed. None if the
/// shutdown came first.
fn observe(
    session: &mut Session,
    shutdown: &labkit::shutdown::Shutdown,
) -> Result<Option<Window>, Error> {
    if shutdown.wait_timeout(SETTLE) {
        return Ok(None);
    }
    let tolerance = if session.is_exact() { EXACT } else { ROUGH };
    let mut attempt = 1;
    loop {
        let Some(used) = session.measure(WINDOW, shutdown)? else {
            return Ok(None);
        };
        let allotted = session.expected(used.iter().map(|usage| usage.cpus).sum());
        let pairs = allotted.iter().zip(&used);
        let mut off = pairs.map(|(allotted, usage)| (usage.cpus / allotted - 1.0).abs());
        if attempt == ATTEMPTS || off.all(|off| off <= tolerance) {
            return Ok(Some(Window { allotted, used }));
        }
        attempt += 1;
    }
}

fn told(session: &Session, asked: &Live, seen: &[Seen]) -> Report {
    let mut report =
        Report::new("resource-allocation", "Fair shares on real processes").lead(format!(
            "{} worker processes that would take all they can, limited by {}.",
            asked.services,
            session.means()
        ));
    if let Some(why) = session.fallback() {
        report = report.text(format!(
            "Control groups can't be used here: {why}. Nice values come in steps of 1.25, share one \
             processor by weight and limit no memory."
        ));
    }
    if seen.is_empty() {
        return report.text("It was told to stop before anything had been measured.");
    }
    judged(report, session, seen)
        .chart(over_time(seen))
        .table(table(seen))
}

/// Whether what was measured is what was allotted.
fn judged(report: Report, session: &Session, seen: &[Seen]) -> Report {
    let tolerance = if session.is_exact() { EXACT } else { ROUGH };
    let worst = seen.iter().map(Seen::deviation).fold(0.0, f64::max);
    let claim = if session.is_exact() {
        "every worker gets the processor time it was allotted, within 5 %"
    } else {
        "the workers share the processor as their nice values say, within 25 %"
    };
    let report = report
        .headline(Figure::new("largest deviation", 100.0 * worst, "%"))
        .check(
            claim,
            worst <= tolerance,
            format!("at most {} off", percent(worst)),
        );
    if !session.is_exact() {
        return report;
    }
    // The kernel kills who exceeds its limit; that nobody was killed is what is checked.
    let held = seen
        .iter()
        .all(|it| it.usage.resident_bytes >> 20 >= it.limits.memory_mib);
    report.check(
        "every worker could fill the memory it was granted, and lives",
        held,
        format!("{} times", seen.len()),
    )
}

fn over_time(seen: &[Seen]) -> Chart {
    let mut chart = Chart::lines("Processor time, allotted (dashed) and used")
        .x("phase")
        .y("processors");
    let first = seen.iter().take_while(|it| it.phase == 0);
    for name in first.map(|it| &it.name) {
        let own = || seen.iter().filter(|it| it.name == *name);
        let used = own().map(|it| (it.phase as f64, it.usage.cpus)).collect();
        let allotted = own().map(|it| (it.phase as f64, it.allotted)).collect();
        chart = chart
            .series(name.clone(), used)
            .reference(format!("{name} allotted"), allotted);
    }
    chart
}

fn table(seen: &[Seen]) -> Table {
    let mut table = Table::new([
        "phase",
        "worker",
        "load",
        "allotted",
        "used",
        "off",
        "MiB granted",
        "MiB in use",
    ]);
    for it in seen {
        table = table.row([
            it.phase.to_string(),
            it.name.clone(),
            percent(it.load),
            percent(it.allotted),
            percent(it.usage.cpus),
            percent(it.deviation()),
            it.limits.memory_mib.to_string(),
            number(it.usage.resident_bytes as f64 / f64::from(1 << 20)),
        ]);
    }
    table
}
