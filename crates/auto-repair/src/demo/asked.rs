//! Services that fail in a tenth of all cycles, and who notices when.

use std::time::Duration;

use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use labkit::stats::quantile;

use auto_repair::error::Error;
use auto_repair::ledger::textbook;
use auto_repair::plan::{Group, Plan, Ready, Service, Strategy};
use auto_repair::simulation::{Model, Timing, World};

use super::picture;

/// What a simulation is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) services: usize,
    pub(crate) chance: f64,
    pub(crate) cycle: Duration,
    pub(crate) looks_every: Option<Duration>,
    pub(crate) strategy: Strategy,
    pub(crate) lasts: Duration,
}

impl Asked {
    /// Three services, a tenth, two seconds.
    fn usual(looks_every: Option<Duration>, lasts: Duration) -> Self {
        Asked {
            services: 3,
            chance: 0.1,
            cycle: Duration::from_secs(2),
            looks_every,
            strategy: Strategy::OneForOne,
            lasts,
        }
    }

    /// The mean time to failure of a service that is up, in seconds.
    fn mean_life(&self) -> f64 {
        self.cycle.as_secs_f64() / self.chance
    }

    /// Runs it; restarts are neither limited nor put off, because nothing else is to be seen here.
    fn world(&self, seed: u64) -> Result<World, Error> {
        let names: Vec<String> = (1..=self.services)
            .map(|at| format!("service-{at}"))
            .collect();
        let services = names.iter().map(|name| Service {
            ready: Ready::Line("ready".to_owned()),
            ..Service::new(name, ["virtual"])
        });
        let services = services.collect();
        let root = Group {
            limit: None,
            waits: None,
            ..Group::new("root", self.strategy)
        };
        let model = Model {
            timing: Timing::EveryCycle {
                cycle: self.cycle,
                chance: self.chance,
            },
            ..Model::default()
        };
        let plan = Plan::new(vec![root.with(names)], services)?;
        let mut world = World::new(plan, vec![model; self.services], self.looks_every, seed);
        world.run(self.lasts);
        Ok(world)
    }
}

/// The brief's own: a monitor that looks every five seconds, beside one that is told.
pub(super) fn both(report: Report, run: &Run) -> Result<Report, Error> {
    let lasts = Duration::from_secs(run.size(6 * 3600, 3600));
    let looks = Asked::usual(Some(Duration::from_secs(5)), lasts);
    let told = Asked::usual(None, lasts);
    let worlds = [looks.world(run.seed)?, told.world(run.seed)?];
    let mut table = Table::new([
        "monitor",
        "failures",
        "repaired",
        "to detect, mean",
        "to repair, mean",
        "availability",
        "by MTBF and MTTR",
    ]);
    let mut is_close = true;
    for (name, world) in ["looks every 5 s", "is told"].into_iter().zip(&worlds) {
        let (row, is_near) = row(name, &looks, world);
        table = table.row(row);
        is_close &= is_near;
    }
    let open = |world: &World| {
        world
            .ledger
            .incidents
            .iter()
            .filter(|one| one.repaired.is_none())
            .count()
    };
    let all = worlds
        .iter()
        .map(|world| world.ledger.incidents.len())
        .sum::<usize>();
    Ok(report
        .heading("As asked: three services, each fails in a tenth of its cycles of 2 s")
        .check(
            "every failure is noticed and repaired (but what failed at the very end)",
            worlds.iter().all(|world| open(world) <= 3),
            format!("{all} failures, {} open", worlds.iter().map(open).sum::<usize>()),
        )
        .check(
            "availability follows from the chance of a failure and the time to repair, for both",
            is_close,
            "within five standard errors",
        )
        .text(
            "A start takes 0.2 s. Looking is late by half of its period, whatever the period; being told \
             costs nothing. Most of what the first monitor loses, it loses before it knows.",
        )
        .table(table)
        .timeline(picture::timeline(
            "The first minute, with a monitor that looks every five seconds",
            &worlds[0],
            Duration::from_secs(60),
        ))
        .timeline(picture::timeline(
            "The same services, with one that is told",
            &worlds[1],
            Duration::from_secs(60),
        )))
}

/// One that was asked for in numbers.
pub(super) fn only(run: &Run, asked: &Asked) -> Result<Report, Error> {
    let world = asked.world(run.seed)?;
    let lost = (0..asked.services).map(|at| 1.0 - world.ledger.availability(at));
    let lost = 100.0 * lost.sum::<f64>() / asked.services as f64;
    let failures = world.ledger.incidents.len();
    let open = world
        .ledger
        .incidents
        .iter()
        .filter(|one| one.repaired.is_none())
        .count();
    let mut table = Table::new([
        "service",
        "failures",
        "outages",
        "mean outage",
        "availability",
    ]);
    for (at, service) in world.supervisor().plan().services().iter().enumerate() {
        let own = world
            .ledger
            .incidents
            .iter()
            .filter(|one| one.service == at);
        table = table.row([
            service.name.clone(),
            own.count().to_string(),
            world.ledger.outages(at).to_string(),
            format!("{:.2} s", world.ledger.mean_outage(at)),
            format!("{:.3} %", 100.0 * world.ledger.availability(at)),
        ]);
    }
    let monitor = asked
        .looks_every
        .map_or("is told at once".to_owned(), |every| {
            format!("looks every {every:?}")
        });
    let shown = asked.lasts.min(30 * asked.cycle);
    Ok(Report::new("auto-repair", "Services that fail at random")
        .lead(format!(
            "{} services, a chance of {} in every cycle of {:?}, {}; the monitor {monitor}.",
            asked.services,
            asked.chance,
            asked.cycle,
            asked.strategy.name(),
        ))
        .headline(Figure::new("time without service", lost, "%"))
        .check(
            "every failure is noticed and repaired (but what failed at the very end)",
            open <= asked.services,
            format!("{failures} failures, {open} open"),
        )
        .table(table)
        .timeline(picture::timeline("The first thirty cycles", &world, shown)))
}

/// A monitor's row, and whether its availability is what it should be.
fn row(name: &str, asked: &Asked, world: &World) -> ([String; 7], bool) {
    let ledger = &world.ledger;
    let services = 0..asked.services;
    let mean =
        |of: &dyn Fn(usize) -> f64| services.clone().map(of).sum::<f64>() / asked.services as f64;
    let measured = mean(&|at| ledger.availability(at));
    let mttr = mean(&|at| ledger.mean_outage(at));
    let expected = textbook(asked.mean_life(), mttr);
    // The number of failures is random: so is the time lost, by a factor of 1/sqrt(n) or so.
    let failures = ledger.incidents.len() as f64;
    let error = 5.0 * (1.0 - expected) / failures.max(1.0).sqrt();
    let repaired = ledger
        .incidents
        .iter()
        .filter(|one| one.repaired.is_some())
        .count();
    let average = |times: &[f64]| times.iter().sum::<f64>() / times.len().max(1) as f64;
    let detect = ledger.times_to_detect(None);
    let repair = ledger.times_to_repair(None);
    let cells = [
        name.to_owned(),
        number(failures),
        number(repaired as f64),
        format!(
            "{:.2} s, at most {:.2}",
            average(&detect),
            quantile(&detect, 1.0)
        ),
        format!("{:.2} s", average(&repair)),
        format!("{:.2} %", 100.0 * measured),
        format!("{:.2} %", 100.0 * expected),
    ];
    (cells, (measured - expected).abs() <= error)
}
