//! One crash, three strategies.

use std::time::Duration;

use labkit::report::Report;

use auto_repair::error::Error;
use auto_repair::plan::{Group, Plan, Service, Strategy};
use auto_repair::simulation::{Model, Timing, World};
use auto_repair::supervisor::Notice;

use super::picture;

/// When the service in the middle crashes, and how long it is looked at.
const CRASH: Duration = Duration::from_millis(2000);
const UNTIL: Duration = Duration::from_millis(3300);

/// What each strategy does about the same crash.
pub(super) fn section(report: Report) -> Result<Report, Error> {
    let cases = [
        (
            Strategy::OneForOne,
            "the one is restarted, nobody else notices",
            "b",
        ),
        (
            Strategy::RestForOne,
            "with it what was started later, in order",
            "bc",
        ),
        (
            Strategy::OneForAll,
            "all are stopped, the last first, and started, the first first",
            "abc",
        ),
    ];
    let mut report = report.heading("One crash of b, three strategies");
    let mut timelines = Vec::new();
    for (strategy, what, expected) in cases {
        let world = crash(strategy)?;
        let restarted = restarted(&world);
        let claim = format!("{}: {what}", strategy.name());
        report = report.check(
            claim.as_str(),
            restarted == expected,
            format!("restarted: {restarted}"),
        );
        timelines.push(picture::timeline(&claim, &world, UNTIL));
    }
    Ok(timelines.into_iter().fold(report, Report::timeline))
}

fn crash(strategy: Strategy) -> Result<World, Error> {
    let names = ["a", "b", "c"];
    let services = names.map(|name| Service {
        ready: auto_repair::plan::Ready::Line("ready".to_owned()),
        ..Service::new(name, ["virtual"])
    });
    let root = Group::new("root", strategy).with(names);
    let model = Model {
        stop: Duration::from_millis(100),
        ..Model::default()
    };
    // It crashes at the same moment, whenever it came up.
    let boots = if strategy.is_ordered() { 2 } else { 1 };
    let life = CRASH.saturating_sub(boots * model.boot);
    let crashing = Model {
        timing: Timing::EveryCycle {
            cycle: life,
            chance: 1.0,
        },
        ..model
    };
    let plan = Plan::new(vec![root], services.to_vec())?;
    let mut world = World::new(plan, vec![model, crashing, model], None, 0);
    world.run(UNTIL);
    Ok(world)
}

/// The names of those that were started more than once.
fn restarted(world: &World) -> String {
    let plan = world.supervisor().plan();
    let starts = |service: usize| {
        let starting = Notice::Starting(service);
        world
            .notices
            .iter()
            .filter(|(_, notice)| *notice == starting)
            .count()
    };
    let again = (0..plan.services().len()).filter(|service| starts(*service) > 1);
    again
        .map(|service| plan.services()[service].name.as_str())
        .collect()
}
