//! A cycle is seen and broken: two locks, philosophers, a bank.

use std::time::Duration;

use deadlock_detection::scenario::bank::{self, Day, Plan};
use deadlock_detection::scenario::philosophers::{self, Dinner, Manners};
use deadlock_detection::scenario::two_locks;
use deadlock_detection::{Deadlock, Error, Event, Policy, drawing};
use labkit::chart::{Chart, Timeline};
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;

use super::empty;

/// Everyone who may give way, as the report calls them.
const POLICIES: [(&str, Policy); 4] = [
    ("youngest", Policy::Youngest),
    ("lowest priority", Policy::LowestPriority),
    ("least work", Policy::LeastWork),
    ("requester", Policy::Requester),
];

/// Two locks in opposite orders.
pub(super) fn two_locks(report: Report, _: &Run) -> Result<Report, Error> {
    let outcome = two_locks::run(Policy::Youngest)?;
    let attempts = outcome.attempts[0] + outcome.attempts[1];
    let waits = waits(&outcome.timeline);
    let deadlocks: Vec<_> = outcome
        .timeline
        .into_iter()
        .filter_map(Event::into_deadlock)
        .collect();
    let mut report = report
        .check(
            "two locks in opposite orders: one cycle, one gives way, both get done",
            deadlocks.len() == 1 && outcome.done == 2 && attempts == 3,
            format!("{} of 2 done in {attempts} attempts", outcome.done),
        )
        .heading("Two locks, opposite orders");
    if let Some(deadlock) = deadlocks.first() {
        report = report.table(members(deadlock)).drawing(
            "The wait-for graph at the moment at which the cycle closed",
            drawing::to_svg(&deadlock.graph),
        );
    }
    Ok(report.timeline(waits))
}

/// Who waited for what and when, as the detector told it.
fn waits(events: &[Event]) -> Timeline {
    let lanes = ["alice", "bob"];
    let first = events.first().map_or(Duration::ZERO, Event::at);
    let us = |time: Duration| 1e6 * time.saturating_sub(first).as_secs_f64();
    let empty = lanes.iter().fold(
        Timeline::new("What each waited for", "µs since the first wait began"),
        |timeline, name| timeline.lane(*name),
    );
    events.iter().fold(empty, |timeline, event| match event {
        Event::Waited(waited) => {
            let lane = lanes.iter().position(|name| *name == waited.thread);
            let times = (us(waited.at), us(waited.at + waited.took));
            let end = if waited.granted { "got it" } else { "gave way" };
            timeline.span(lane.unwrap_or(0), times, waited.lock.clone(), end)
        }
        Event::Deadlock(_) | Event::Order(_) => timeline,
    })
}

/// The members of a cycle, as a table.
fn members(deadlock: &Deadlock) -> Table {
    let mut table = Table::new([
        "thread",
        "holds",
        "taken at",
        "waits for",
        "at",
        "gives way",
    ]);
    let place = |site: deadlock_detection::deadlock::Site| {
        let file = site.file().rsplit('/').next().unwrap_or_default();
        format!("{file}:{}", site.line())
    };
    for member in &deadlock.members {
        let (holds, taken): (Vec<String>, Vec<String>) = member
            .holds
            .iter()
            .map(|held| (held.lock.clone(), place(held.site)))
            .unzip();
        table = table.row([
            member.thread.clone(),
            holds.join(", "),
            taken.join(", "),
            member.wants.clone(),
            place(member.site),
            if member.party == deadlock.victim {
                "yes"
            } else {
                ""
            }
            .to_owned(),
        ]);
    }
    table
}

/// Philosophers, with detection and with an order.
pub(super) fn philosophers(report: Report, run: &Run) -> Result<Report, Error> {
    let meals = run.size(2_000, 300);
    let seated = 5;
    let mut table = Table::new([
        "manners",
        "meals",
        "deadlocks broken",
        "most attempts at one meal",
        "ms",
    ]);
    let (mut all_ate, mut drawn) = (true, None);
    let mut broken = [0; 2];
    let ways = [
        ("left first, give way if need be", Manners::Detect),
        ("smaller fork first", Manners::Ordered),
    ];
    for (place, (name, manners)) in ways.into_iter().enumerate() {
        let dinner = philosophers::dine(seated, meals, manners, Policy::Youngest)?;
        all_ate &= dinner.meals == (seated * meals) as u64;
        broken[place] = dinner.deadlocks;
        drawn = drawn.or(dinner.first.clone());
        table = table.row(dinner_row(name, &dinner));
    }
    let mut report = report
        .check(
            "every philosopher eats every meal, by detection as by order",
            all_ate && broken[0] > 0 && broken[1] == 0,
            format!("{} and {} deadlocks on the way", broken[0], broken[1]),
        )
        .heading("Dining philosophers")
        .text(
            "All take their left fork before any reaches for the right one, so the first cycle is certain. \
             Who gives way puts its fork back, which its neighbour gets at once; then it tries again. With an \
             order of the forks there is nothing to break.",
        )
        .table(table);
    if let Some(deadlock) = drawn {
        report = report.drawing(
            "Five philosophers, each with one fork",
            drawing::to_svg(&deadlock.graph),
        );
    }
    Ok(report)
}

fn dinner_row(name: &str, dinner: &Dinner) -> [String; 5] {
    [
        name.to_owned(),
        number(dinner.meals as f64),
        number(dinner.deadlocks as f64),
        dinner.most_attempts.to_string(),
        number(1e3 * dinner.took.as_secs_f64()),
    ]
}

/// One dinner alone, as a report.
///
/// # Errors
/// If the numbers are out of bounds.
pub(crate) fn dinner(
    seated: usize,
    meals: usize,
    manners: Manners,
    policy: Policy,
) -> Result<Report, Error> {
    let dinner = philosophers::dine(seated, meals, manners, policy)?;
    let wanted = (seated * meals) as u64;
    let table = Table::new([
        "manners",
        "meals",
        "deadlocks broken",
        "most attempts at one meal",
        "ms",
    ]);
    let mut report = empty()
        .headline(Figure::new(
            "deadlocks broken",
            dinner.deadlocks as f64,
            "deadlocks",
        ))
        .check(
            "every philosopher eats every meal",
            dinner.meals == wanted,
            format!("{} of {wanted} meals", dinner.meals),
        )
        .table(table.row(dinner_row(
            match manners {
                Manners::Detect => "left first",
                Manners::Ordered => "smaller first",
            },
            &dinner,
        )));
    if let Some(deadlock) = dinner.first {
        report = report.table(members(&deadlock)).drawing(
            "The wait-for graph at the first cycle",
            drawing::to_svg(&deadlock.graph),
        );
    }
    Ok(report)
}

/// A bank under every policy.
pub(super) fn banks(report: Report, run: &Run) -> Result<Report, Error> {
    let mut table = Table::new([
        "who gives way",
        "transfers",
        "deadlocks",
        "most attempts",
        "sum",
        "ms",
    ]);
    let mut chart = Chart::bars("Deadlocks broken, by who gives way").y("deadlocks");
    let (mut conserved, mut transfers, mut deadlocks) = (true, 0, 0);
    for (name, policy) in POLICIES {
        let plan = Plan {
            rows: 4,
            tellers: 6,
            transfers: run.size(1_500, 200),
            policy,
            seed: run.seed,
        };
        let day = bank::open(plan)?;
        conserved &= balanced(&plan, &day);
        transfers += day.transfers;
        deadlocks += day.counts.deadlocks;
        chart = chart.bar(name, day.counts.deadlocks as f64);
        table = table.row(day_row(name, &day));
    }
    Ok(report
        .check(
            "all transfers are made and the sum is conserved, under every policy",
            conserved,
            format!("{transfers} transfers, {deadlocks} rolled back"),
        )
        .heading("A bank with row locks")
        .text(
            "A transfer takes money off one row and then wants the second. Who gives way puts it back first. \
             Whoever was chosen eight times is spared from then on, so nobody tries for ever.",
        )
        .chart(chart)
        .table(table))
}

fn balanced(plan: &Plan, day: &Day) -> bool {
    day.sums[0] == day.sums[1] && day.transfers == (plan.tellers * plan.transfers) as u64
}

fn day_row(name: &str, day: &Day) -> [String; 6] {
    [
        name.to_owned(),
        number(day.transfers as f64),
        number(day.counts.deadlocks as f64),
        day.most_attempts.to_string(),
        number(day.sums[1] as f64),
        number(1e3 * day.took.as_secs_f64()),
    ]
}

/// One day of a bank alone, as a report.
///
/// # Errors
/// If the numbers are out of bounds.
pub(crate) fn bank(plan: Plan) -> Result<Report, Error> {
    let day = bank::open(plan)?;
    let name = POLICIES.iter().find(|(_, policy)| *policy == plan.policy);
    let table = Table::new([
        "who gives way",
        "transfers",
        "deadlocks",
        "most attempts",
        "sum",
        "ms",
    ]);
    Ok(empty()
        .headline(Figure::new(
            "transfers",
            day.transfers as f64 / day.took.as_secs_f64(),
            "transfers/s",
        ))
        .check(
            "all transfers are made and the sum is conserved",
            balanced(&plan, &day),
            format!("{} before, {} after", day.sums[0], day.sums[1]),
        )
        .table(table.row(day_row(name.map_or("", |(name, _)| name), &day))))
}
