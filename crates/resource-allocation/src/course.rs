//! Courses of cycles, told: who got what over time, how fair that was, what was left unused.

use labkit::chart::Chart;
use labkit::report::{Report, Table};
use labkit::run::Run;
use labkit::stats::mean;
use resource_allocation::fairness::jain;
use resource_allocation::quantities::Quantities;
use resource_allocation::reclaim::Hysteresis;
use resource_allocation::simulation::{Course, simulate as simulate_one};
use resource_allocation::workload::Workload;
use resource_allocation::{Error, Policy, Pool, Service};

use crate::cli::Simulate;
use crate::share::percent;

/// The most services that a chart shows one by one, as bars and as lines over time: eyes follow few lines.
const BARS: usize = 24;
const LINES: usize = 4;

/// What all courses of a run have in common.
pub(crate) struct Setting {
    pub(crate) pool: Pool,
    pub(crate) services: Vec<Service>,
    pub(crate) loads: Vec<Quantities>,
}

impl Setting {
    /// Random services with their loads, from the run's seed.
    pub(crate) fn random(run: &Run, services: usize, cycles: usize) -> Self {
        let pool = Pool::of_the_brief();
        let mut workload = Workload::random(&pool, services, run.rng("loads"));
        Setting {
            services: workload.services().to_vec(),
            loads: workload.trace(cycles),
            pool,
        }
    }

    /// The same loads under one rule.
    pub(crate) fn course(&self, policy: Policy, rule: Hysteresis) -> Result<Course, Error> {
        simulate_one(&self.pool, &self.services, policy, rule, &self.loads)
    }

    /// The same loads under every rule.
    pub(crate) fn courses(&self, rule: Hysteresis) -> Result<Vec<Course>, Error> {
        Policy::ALL
            .into_iter()
            .map(|policy| self.course(policy, rule))
            .collect()
    }
}

/// Simulates what was asked for.
pub(crate) fn simulate(run: &Run, asked: &Simulate) -> Result<Report, Error> {
    let cycles = usize::try_from(asked.cycles).expect("at most ten thousand");
    let setting = Setting::random(run, usize::from(asked.services), cycles);
    let courses = setting.courses(asked.hysteresis.checked()?)?;
    let report = Report::new("resource-allocation", "Fair shares, simulated").lead(format!(
        "{} services with random loads share 100 units of CPU and 1000 of memory for {} cycles.",
        asked.services, asked.cycles
    ));
    Ok(compared(report, &setting, &courses))
}

/// Charts and figures of all rules on the same loads.
pub(crate) fn compared(report: Report, setting: &Setting, courses: &[Course]) -> Report {
    let over_time = courses
        .iter()
        .filter(|course| [Policy::Greedy, Policy::Drf].contains(&course.policy))
        .map(|course| grants_over_time(setting, course));
    let mut report = over_time.fold(report, Report::chart);
    if setting.services.len() <= BARS {
        report = report.chart(by_service(setting, courses));
    }
    report.table(figures(courses)).chart(by_rule(courses))
}

/// The CPU that the first and the last to ask were granted, cycle by cycle.
fn grants_over_time(setting: &Setting, course: &Course) -> Chart {
    let title = format!("CPU granted over time: {}", course.policy.name());
    let chart = Chart::lines(title).x("cycle").y("units of CPU");
    let services = setting.services.len();
    let is_first_or_last = |at: &usize| *at < LINES / 2 || *at + LINES / 2 >= services;
    (0..services)
        .filter(is_first_or_last)
        .fold(chart, |chart, at| {
            let points = course.cycles.iter().enumerate();
            let points = points.map(|(cycle, it)| (cycle as f64, it.allocation.of(at)[0]));
            chart.series(setting.services[at].name.clone(), points.collect())
        })
}

fn by_service(setting: &Setting, courses: &[Course]) -> Chart {
    let names = setting.services.iter().map(|service| service.name.clone());
    let chart = Chart::bars("What each service could carry of its load, in the order of asking")
        .y("mean part of its load")
        .groups(names);
    let told = [Policy::Greedy, Policy::Drf, Policy::Priority];
    let courses = courses
        .iter()
        .filter(|course| told.contains(&course.policy));
    courses.fold(chart, |chart, course| {
        chart.bars_of(course.policy.name(), course.mean_progress())
    })
}

fn by_rule(courses: &[Course]) -> Chart {
    let groups = courses.iter().map(|course| course.policy.name());
    let of = |figure: fn(&Course) -> f64| courses.iter().map(figure).collect();
    Chart::bars("Fairness, use and unmet demand, of CPU and memory alike")
        .y("part of the whole")
        .groups(groups)
        .bars_of("Jain's index", of(Course::fairness))
        .bars_of("used", of(|course| mean(&course.mean(|it| &it.useful))))
        .bars_of("unmet", of(|course| mean(&course.mean(|it| &it.unmet))))
}

fn figures(courses: &[Course]) -> Table {
    let mut table = Table::new([
        "rule",
        "Jain, overall",
        "Jain, each cycle",
        "worst served",
        "CPU granted → used",
        "memory granted → used",
        "unmet CPU",
        "unmet memory",
        "preempted",
    ]);
    for course in courses {
        let granted = course.mean(|cycle| &cycle.utilisation);
        let used = course.mean(|cycle| &cycle.useful);
        let unmet = course.mean(|cycle| &cycle.unmet);
        let each = course.cycles.iter().map(|cycle| jain(&cycle.progress));
        let each = each.sum::<f64>() / course.cycles.len() as f64;
        let both = |kind: usize| format!("{:.0} → {}", 100.0 * granted[kind], percent(used[kind]));
        table = table.row([
            course.policy.name().to_owned(),
            format!("{:.3}", course.fairness()),
            format!("{each:.3}"),
            percent(worst(course)),
            both(0),
            both(1),
            percent(unmet[0]),
            percent(unmet[1]),
            course.total(|cycle| cycle.preempted).to_string(),
        ]);
    }
    table
}

/// What the worst served service carried of its load, on average.
pub(crate) fn worst(course: &Course) -> f64 {
    course.mean_progress().into_iter().fold(1.0, f64::min)
}
