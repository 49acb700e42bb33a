//! The default run: the paper's example to the digit, five rules on the same loads, what each of
//! them promises, and what hysteresis saves. Nothing here depends on anything but the seed.

use labkit::chart::Chart;
use labkit::report::{Figure, Report, Table};
use labkit::run::Run;
use resource_allocation::fairness::{conserves, progress};
use resource_allocation::reclaim::Hysteresis;
use resource_allocation::simulation::Course;
use resource_allocation::tasks::task_counts;
use resource_allocation::theorems::{better_alone, could_grow, envies};
use resource_allocation::{Error, Policy, Pool, Problem, Service};

use crate::course::{Setting, compared, worst};
use crate::share::launches;

/// How many services share the machine.
const SERVICES: usize = 8;

/// Runs the demo.
///
/// # Errors
/// None that the lab's own sizes can cause.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let setting = Setting::random(run, SERVICES, run.size(200, 60));
    let courses = setting.courses(Hysteresis::default())?;
    let report = Report::new("resource-allocation", "Resource allocation").lead(
        "A machine that is too small for all: who gets how much, by five rules, on the same random \
         loads? Then the promises that each rule keeps, and the calm that hysteresis brings. The \
         subcommand live does the same to real processes.",
    );
    let report = paper(report)?;
    let report = rules(report, &setting, &courses);
    let report = promises(report, &setting)?;
    calm(report, &setting, &courses)
}

/// The worked example of section 4.1: 9 processors and 18 GB.
fn paper(report: Report) -> Result<Report, Error> {
    let pool = Pool::new([("cpu", 9.0), ("memory", 18.0)])?;
    // Both have nothing at first; the paper's table begins with B, so B is named first.
    let users = vec![Service::new("B", [3.0, 1.0]), Service::new("A", [1.0, 4.0])];
    let counts = task_counts(&Problem::new(pool.clone(), users.clone())?);
    // Divided at will, the demands that both share are those of as many tasks as fit alone.
    let endless = vec![
        Service::new("B", [9.0, 3.0]),
        Service::new("A", [4.5, 18.0]),
    ];
    let divided = Problem::new(pool.clone(), endless)?;
    let allocation = Policy::Drf.allocator().allocate(&divided);
    let shares = [0, 1].map(|service| allocation.dominant_share(&divided, service));
    let two_thirds = |share: f64| (share - 2.0 / 3.0).abs() < 1e-12;
    Ok(report
        .check(
            "the paper's example: A runs 3 tasks, B runs 2",
            counts == [2, 3],
            format!("A {}, B {}", counts[1], counts[0]),
        )
        .check(
            "divided at will, both get a dominant share of 2/3",
            shares.into_iter().all(two_thirds),
            format!("A {:.6} (memory), B {:.6} (CPU)", shares[1], shares[0]),
        )
        .heading("The example of the paper")
        .text(
            "9 processors and 18 GB. A's tasks take 1 processor and 4 GB, B's take 3 processors and \
             1 GB: memory dominates for A, CPU for B. Whoever has the lower dominant share launches \
             its next task.",
        )
        .table(launches(&Problem::new(pool, users)?)))
}

/// Five rules on the same loads.
fn rules(report: Report, setting: &Setting, courses: &[Course]) -> Report {
    let of = |policy| courses.iter().find(|course| course.policy == policy);
    let worst_of = |policy| of(policy).map_or(0.0, worst);
    let (greedy, drf) = (worst_of(Policy::Greedy), worst_of(Policy::Drf));
    let fairness = of(Policy::Drf).map_or(0.0, Course::fairness);
    let all = courses.iter().flat_map(|course| &course.cycles);
    let overfull = all.filter(|cycle| cycle.utilisation.iter().any(|part| *part > 1.0 + 1e-9));
    let overfull = overfull.count();
    let report = report
        .headline(Figure::new("Jain's index under drf", fairness, ""))
        .check(
            "nothing is granted that isn't there, by any rule",
            overfull == 0,
            format!("{} cycles by {} rules", setting.loads.len(), courses.len()),
        )
        .check(
            "whoever asks last pays: first come, first served serves its worst far worse than drf",
            greedy < 0.75 * drf,
            format!(
                "{:.0} % of its load against {:.0} %",
                100.0 * greedy,
                100.0 * drf
            ),
        )
        .heading("Five rules, the same loads")
        .text(
            "Services ask in the order of their names. Odd ones use mostly CPU, even ones mostly \
             memory; s4 and s8 have twice the weight, s3 and s6 the highest class. A grant of CPU \
             without the memory that belongs to it is granted, not used.",
        );
    compared(report, setting, courses)
}

/// Which rule keeps which promise: loads are claims here, so that each promise can be asked exactly.
fn promises(report: Report, setting: &Setting) -> Result<Report, Error> {
    let mut table = Table::new(["rule", "better alone", "envies another", "could grow"]);
    let mut kept = 0;
    let mut conserved = true;
    for course in setting.courses(Hysteresis::none())? {
        let mut broken = [0; 3];
        for (cycle, load) in course.cycles.iter().zip(&setting.loads) {
            let mut services = setting.services.clone();
            for (service, load) in services.iter_mut().zip(load.rows()) {
                service.demand = load.to_vec();
            }
            let problem = Problem::new(setting.pool.clone(), services)?;
            let allocation = &cycle.allocation;
            broken[0] += better_alone(&problem, allocation).len();
            broken[1] += envies(&problem, allocation).len();
            broken[2] += could_grow(&problem, allocation).len();
            conserved &= conserves(allocation, load, problem.capacities());
            conserved &= progress(allocation, load).iter().all(|part| *part <= 1.0);
        }
        if course.policy == Policy::Drf {
            kept = broken.iter().sum();
        }
        table = table.row(
            [course.policy.name().to_owned()]
                .into_iter()
                .chain(broken.map(|times| times.to_string())),
        );
    }
    Ok(report
        .check(
            "drf breaks none of its promises",
            kept == 0 && conserved,
            format!("{kept} times in {} cycles", setting.loads.len()),
        )
        .heading("Promises")
        .text(
            "How often, over all cycles, a service would have been better off with its own part of \
             everything; would rather have had another's grant; could have had more without anyone \
             losing. Max-min fairness knows no weights, and no rule but drf knows that one resource \
             is worth nothing without the others.",
        )
        .table(table))
}

/// What hysteresis saves, and what it costs.
fn calm(report: Report, setting: &Setting, courses: &[Course]) -> Result<Report, Error> {
    let nervous = setting.course(Policy::Drf, Hysteresis::none())?;
    let Some(calm) = courses.iter().find(|course| course.policy == Policy::Drf) else {
        return Ok(report);
    };
    let mut table = Table::new([
        "claims follow",
        "claims changed",
        "grants changed",
        "unmet CPU",
    ]);
    for (name, course) in [("every wave", &nervous), ("with hysteresis", calm)] {
        table = table.row([
            name.to_owned(),
            course.total(|cycle| cycle.claims_changed).to_string(),
            course.total(|cycle| cycle.grants_changed).to_string(),
            format!("{:.2} %", 100.0 * course.mean(|cycle| &cycle.unmet)[0]),
        ]);
    }
    let changes = [&nervous, calm].map(|course| course.total(|cycle| cycle.claims_changed));
    let points = |of: &dyn Fn(usize) -> f64| {
        let cycles = 0..setting.loads.len();
        cycles.map(|cycle| (cycle as f64, of(cycle))).collect()
    };
    let grant = |course: &Course, cycle: usize| course.cycles[cycle].allocation.of(0)[0];
    let chart = Chart::lines("CPU of s1: its load, and what it is granted")
        .x("cycle")
        .y("units of CPU")
        .series("with hysteresis", points(&|cycle| grant(calm, cycle)))
        .series("every wave", points(&|cycle| grant(&nervous, cycle)))
        .reference("load", points(&|cycle| setting.loads[cycle].row(0)[0]));
    Ok(report
        .check(
            "hysteresis leaves most claims alone",
            2 * changes[1] < changes[0],
            format!("{} changes instead of {}", changes[1], changes[0]),
        )
        .heading("Taking back")
        .text(
            "A claim grows as soon as more than 90 % of it is in use, and shrinks after three cycles \
             with less than 50 %; between, it rests.",
        )
        .chart(chart)
        .table(table))
}
