//! The default run: fifty cycles as asked, then who pays how much for which traffic.

mod live;
mod picture;
mod prices;

use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;

use feedback_control::comparison::{self, Comparison, Entry, compare};
use feedback_control::config::{Config, Limits};
use feedback_control::controller::{Kind, Tuning};
use feedback_control::error::Error;
use feedback_control::feedback::{Sample, simulate};
use feedback_control::queue::Queue;
use feedback_control::score::{Score, settling};
use feedback_control::traffic::{Model, Trace};

pub(crate) use live::live;

/// The run that the task asks for: cycles, servers at first, and the traffic they can just bear.
const ASKED: (usize, usize, f64) = (50, 3, 210.0);

/// How many times as much as the clairvoyant the best controller may pay.
const TARGET: f64 = 1.15;

/// The columns of a controller's score.
const HEAD: [&str; 9] = [
    "controller",
    "server-hours",
    "% over SLO",
    "dropped",
    "actions",
    "reversals",
    "settling",
    "cost",
    "ratio",
];

/// Runs the demo; the same seed makes the same report, bit by bit.
///
/// # Errors
/// None that the lab's own numbers can cause.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let config = comparison::standard()?;
    // One trace of a shape is luck; the table is about several.
    let traces = run.size(3, 1);
    let bar = run.bar("feedback control", (Model::ALL.len() as u64) * traces);
    let mut all = Vec::new();
    for model in Model::ALL {
        let mut of_model = Vec::new();
        for number in 0..traces {
            let seed = run.seed.wrapping_mul(traces).wrapping_add(number);
            let trace = comparison::traffic(model, comparison::CYCLES, seed)?;
            of_model.push(compare(&config, &Tuning::default(), trace)?);
            bar.add(1);
        }
        all.push(of_model);
    }
    bar.clear();
    let report = Report::new("feedback-control", "Feedback control").lead(
        "A loop measures, decides and acts. Too few servers, and requests wait and drop; too many, and \
         money burns. Everything here is simulated, and the same for the same seed.",
    );
    let report = asked(report, run)?;
    let report = ratios(report, &all);
    let mut report = prices::section(report, &config, &all)?;
    for of_model in &all {
        if let Some(first) = of_model.first() {
            report = compared_section(report, first);
        }
    }
    Ok(report)
}

/// Fifty cycles, three servers, 70 and 30 percent.
fn asked(report: Report, run: &Run) -> Result<Report, Error> {
    let (cycles, initial, rate) = ASKED;
    let config = Config::new(Queue::default(), Limits::new(1, 20)?, initial, 1)?;
    let mut chance = run.rng("as asked");
    let walk = Model::Random.generate(cycles, rate, &mut chance)?;
    let rates = walk.rates().iter().zip(wave(cycles));
    let rates = rates.map(|(rate, wave)| rate * wave).collect();
    let trace = Trace::new("random traffic around a wave", rates)?;
    let mut controller = Kind::Threshold.build(&config, &Tuning::default());
    let samples = simulate(config, controller.as_mut(), trace.rates());
    let score = Score::of(&samples, &config);
    let (most, least) = extent(&samples);
    Ok(report
        .heading("As asked: 50 cycles, 3 servers, 70 % and 30 %")
        .check(
            "the threshold controller adds above 70 % and drops below 30 %, one at a time",
            obeys_thresholds(&samples),
            format!("{} actions in {} cycles", score.actions, samples.len()),
        )
        .text(format!(
            "Random traffic between {} and {} requests a second; a server completes 100 and needs a \
             cycle to start. There were {least} to {most} servers. {} of {cycles} cycles were over the \
             objective (95 % within 100 ms), {} requests were dropped.",
            number(trace.rates().iter().copied().fold(f64::INFINITY, f64::min).round()),
            number(trace.rates().iter().copied().fold(0.0, f64::max).round()),
            score.over_minutes * 60.0 / config.queue.cycle_s,
            number(score.dropped.round()),
        ))
        .chart(picture::servers("Servers and load, cycle by cycle", &samples, &config))
        .chart(picture::cpu("CPU per server", &samples)))
}

/// One slow wave, so that there is something to add and something to drop.
fn wave(cycles: usize) -> impl Iterator<Item = f64> {
    (0..cycles).map(move |cycle| {
        let turn = std::f64::consts::TAU * cycle as f64 / cycles as f64;
        1.0 + 0.9 * turn.sin()
    })
}

fn extent(samples: &[Sample]) -> (usize, usize) {
    let ordered = samples.iter().map(Sample::ordered);
    (
        ordered.clone().max().unwrap_or(0),
        ordered.min().unwrap_or(0),
    )
}

fn obeys_thresholds(samples: &[Sample]) -> bool {
    samples.windows(2).all(|pair| {
        let (before, after) = (pair[0].ordered(), pair[1].ordered());
        match pair[0].cpu {
            cpu if cpu > 0.7 => after == (before + 1).min(20),
            cpu if cpu < 0.3 => after == (before - 1).max(1),
            _ => after == before,
        }
    })
}

/// The mean ratio of each controller to the clairvoyant, traffic by traffic.
fn ratios(report: Report, all: &[Vec<Comparison>]) -> Report {
    let mut head = vec!["traffic".to_owned()];
    head.extend(Kind::ALL.map(|kind| kind.name().to_owned()));
    let mut table = Table::new(head);
    let (mut best_sum, mut never_below) = (0.0, true);
    for of_model in all {
        let means: Vec<f64> = (0..Kind::ALL.len())
            .map(|at| mean(of_model, |c| c.ratio(&c.entries[at])))
            .collect();
        let name = of_model.first().map_or("", |c| c.trace.name.as_str());
        let cells = means.iter().map(|ratio| format!("{ratio:.3}"));
        table = table.row(std::iter::once(name.to_owned()).chain(cells));
        best_sum += means.iter().copied().fold(f64::INFINITY, f64::min);
        never_below &= of_model
            .iter()
            .all(|c| c.entries.iter().all(|entry| c.ratio(entry) > 1.0 - 1e-9));
    }
    let best = best_sum / all.len().max(1) as f64;
    report
        .headline(Figure::new("best controller to clairvoyant", best, "× cost"))
        .check(
            "nobody is cheaper than the clairvoyant",
            never_below,
            format!("{} runs", all.iter().flatten().count() * Kind::ALL.len()),
        )
        .check(
            format!("the best controller pays at most {TARGET} times the optimum, on average"),
            best <= TARGET,
            format!("{best:.3} times"),
        )
        .heading("Against one who knew the traffic")
        .text(
            "How many times as much as the cheapest possible schedule each controller pays. A server \
             costs 1 an hour, a minute over the objective 1, a thousand dropped requests 0.03 (ten \
             times what serving them costs).",
        )
        .table(table)
}

fn mean(comparisons: &[Comparison], of: impl Fn(&Comparison) -> f64) -> f64 {
    comparisons.iter().map(of).sum::<f64>() / comparisons.len().max(1) as f64
}

/// The report of one comparison.
pub(crate) fn compared(comparison: &Comparison) -> Report {
    let best = comparison
        .best()
        .map_or(f64::NAN, |best| comparison.ratio(best));
    let report =
        Report::new("feedback-control", "Four controllers over the same traffic").headline(
            Figure::new("best controller to clairvoyant", best, "× cost"),
        );
    compared_section(report, comparison)
}

fn compared_section(report: Report, comparison: &Comparison) -> Report {
    let mut table = Table::new(HEAD);
    for entry in &comparison.entries {
        let ratio = comparison.ratio(entry);
        table = table.row(row(entry.kind, &entry.score, entry.settling, Some(ratio)));
    }
    let cost = comparison.optimum.cost;
    report
        .heading(format!("Traffic: {}", comparison.trace.name))
        .chart(picture::compared(comparison))
        .table(table)
        .text(format!(
            "The clairvoyant pays {cost:.1}. Settling: cycles of 15 s after a step until the servers \
             stay within one, or a tenth, of where they end."
        ))
}

fn row(kind: Kind, score: &Score, settling: Option<f64>, ratio: Option<f64>) -> Vec<String> {
    vec![
        kind.name().to_owned(),
        format!("{:.1}", score.server_hours),
        format!("{:.2}", 100.0 * score.over_share),
        number(score.dropped.round()),
        score.actions.to_string(),
        score.reversals.to_string(),
        settling.map_or("–".to_owned(), |cycles| format!("{cycles:.1}")),
        format!("{:.1}", score.cost),
        ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.3}")),
    ]
}

/// The report of one controller's run.
pub(crate) fn one(config: &Config, kind: Kind, trace: &Trace) -> Report {
    let mut controller = kind.build(config, &Tuning::default());
    let samples = simulate(*config, controller.as_mut(), trace.rates());
    let entry = Entry {
        kind,
        score: Score::of(&samples, config),
        settling: settling(&samples, &trace.steps),
        samples,
    };
    let title = format!("{} over {} traffic", kind.name(), trace.name);
    let table = Table::new(HEAD);
    Report::new("feedback-control", title)
        .headline(Figure::new("cost", entry.score.cost, "server-hours"))
        .chart(picture::servers("Servers and load", &entry.samples, config))
        .chart(picture::cpu("CPU per server", &entry.samples))
        .table(table.row(row(kind, &entry.score, entry.settling, None)))
}
