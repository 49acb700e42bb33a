//! A service that can't be repaired.

use std::time::Duration;

use labkit::chart::Chart;
use labkit::report::Report;
use labkit::run::Run;

use auto_repair::error::Error;
use auto_repair::plan::{Group, Limit, Plan, Ready, Service, Waits};
use auto_repair::simulation::{Model, Timing, World};
use auto_repair::supervisor::Notice;

/// How many restarts a minute are borne.
const RESTARTS: u32 = 8;

/// The bounds of the waits, in milliseconds.
const BOUNDS: (u64, u64) = (100, 5000);

/// The service whose every start fails, after its first.
const POISONED: usize = 1;

/// What becomes of it, and how it waits until then.
pub(super) fn section(report: Report, run: &Run) -> Result<Report, Error> {
    let world = world(run.seed)?;
    let waits = waits(&world);
    let gave_up = Notice::GivenUp(POISONED);
    let given_up = world.notices.iter().find(|(_, notice)| *notice == gave_up);
    let ends = given_up.map_or("never".to_owned(), |(at, _)| {
        format!("after {:.1} s", at.as_secs_f64())
    });
    let points = waits.iter().enumerate();
    let points = points.map(|(at, wait)| ((at + 1) as f64, *wait)).collect();
    Ok(report
        .heading("A crash loop ends")
        .check(
            "a service that can't be repaired is given up, and its neighbour never notices",
            given_up.is_some() && waits.len() == RESTARTS as usize && world.ledger.outages(0) == 0,
            format!("failed {ends}, {} restarts", waits.len()),
        )
        .text(format!(
            "The first restart comes at once, because the service had been well. Then waits grow, each \
             drawn anew below a bound that doubles (full jitter): services that failed together don't \
             come back together. The limit here is {RESTARTS} restarts a minute.",
        ))
        .chart(
            Chart::lines("The wait before each restart, below its bound")
                .x("restart")
                .y("seconds")
                .series("wait", points)
                .reference("bound", bounds(waits.len())),
        ))
}

fn world(seed: u64) -> Result<World, Error> {
    let root = Group {
        limit: Some(Limit {
            restarts: RESTARTS,
            period: Duration::from_secs(60),
        }),
        waits: Some(Waits {
            first: Duration::from_millis(BOUNDS.0),
            most: Duration::from_millis(BOUNDS.1),
            ..Waits::default()
        }),
        ..Group::root()
    };
    let services = ["good", "poisoned"].map(|name| Service {
        ready: Ready::Line("ready".to_owned()),
        ..Service::new(name, ["virtual"])
    });
    let plan = Plan::new(vec![root.with(["good", "poisoned"])], services.to_vec())?;
    let good = Model::default();
    let poisoned = Model {
        timing: Timing::EveryCycle {
            cycle: Duration::from_secs(10),
            chance: 1.0,
        },
        weights: [0, 0, 0, 1],
        poisoned_starts: u32::MAX,
        ..good
    };
    let mut world = World::new(plan, vec![good, poisoned], None, seed);
    world.run(Duration::from_secs(3600));
    Ok(world)
}

/// The seconds before each restart.
fn waits(world: &World) -> Vec<f64> {
    let wait = |(_, notice): &(Duration, Notice)| match notice {
        Notice::Restarting(POISONED, wait) => Some(wait.as_secs_f64()),
        _ => None,
    };
    world.notices.iter().filter_map(wait).collect()
}

/// Nothing before the first restart, then what doubles up to the most.
fn bounds(restarts: usize) -> Vec<(f64, f64)> {
    let (first, most) = (BOUNDS.0 as f64 / 1e3, BOUNDS.1 as f64 / 1e3);
    let doubled = std::iter::successors(Some(first), |bound| Some((bound * 2.0).min(most)));
    let bounds = std::iter::once(0.0).chain(doubled).take(restarts);
    bounds
        .enumerate()
        .map(|(at, bound)| ((at + 1) as f64, bound))
        .collect()
}
