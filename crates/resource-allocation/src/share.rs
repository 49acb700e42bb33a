//! One allocation, asked for on the command line.

use labkit::report::{Report, Table, number};
use resource_allocation::fairness::{jain, progress, utilisation};
use resource_allocation::tasks::{Launches, task_counts};
use resource_allocation::{Error, Policy, Problem, spec};

/// Reads and checks what is to be shared.
pub(crate) fn read(pool: &str, services: &[String]) -> Result<Problem, Error> {
    let pool = spec::pool(pool)?;
    let services = services.iter().map(|text| spec::service(text, &pool));
    let services = services.collect::<Result<_, _>>()?;
    Problem::new(pool, services)
}

/// Shares by a rule.
pub(crate) fn once(problem: &Problem, policy: Policy) -> Report {
    let allocation = policy.allocator().allocate(problem);
    let parts = progress(&allocation, problem.demands());
    let kinds = problem.pool().names();
    let head = ["service".to_owned()]
        .into_iter()
        .chain(kinds.iter().cloned())
        .chain(["of its demand".to_owned(), "dominant share".to_owned()]);
    let mut table = Table::new(head);
    for (service, name) in problem.names().iter().enumerate() {
        let grants = allocation.of(service).iter().map(|grant| number(*grant));
        let share = allocation.dominant_share(problem, service);
        let rest = [percent(parts[service]), percent(share)];
        table = table.row([name.clone()].into_iter().chain(grants).chain(rest));
    }
    let used = utilisation(&allocation, problem.capacities());
    let used = kinds
        .iter()
        .zip(used)
        .map(|(kind, part)| format!("{kind} {}", percent(part)));
    Report::new(
        "resource-allocation",
        format!("Shared by {}", policy.name()),
    )
    .table(table)
    .text(format!(
        "Granted of {}. Jain's index over the parts of demands: {:.4}.",
        used.collect::<Vec<_>>().join(", "),
        jain(&parts),
    ))
}

/// Launches whole tasks.
pub(crate) fn tasks(problem: &Problem) -> Report {
    let counts = task_counts(problem);
    let said: Vec<String> = problem
        .names()
        .iter()
        .zip(&counts)
        .map(|(name, count)| format!("{name} runs {count}"))
        .collect();
    Report::new("resource-allocation", "Shared task by task")
        .table(launches(problem))
        .text(format!("{} tasks.", said.join(", ")))
}

/// The most launches that are shown one by one.
const SHOWN: usize = 40;

/// Each launch and what it leads to, as in Table 1 of the paper.
pub(crate) fn launches(problem: &Problem) -> Table {
    let kinds = problem.pool().names().iter();
    let head = ["launches", "its dominant share"].map(str::to_owned);
    let mut table = Table::new(
        head.into_iter()
            .chain(kinds.map(|kind| format!("{kind} used"))),
    );
    for launch in Launches::of(problem).take(SHOWN) {
        let used = launch.used.iter().zip(problem.capacities());
        let used = used.map(|(used, capacity)| format!("{}/{}", number(*used), number(*capacity)));
        let first = [
            problem.names()[launch.service].clone(),
            percent(launch.share),
        ];
        table = table.row(first.into_iter().chain(used));
    }
    table
}

pub(crate) fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}
