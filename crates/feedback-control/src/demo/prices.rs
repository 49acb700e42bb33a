//! What it depends on: how careful a controller is, and what slowness costs.

use labkit::chart::Chart;
use labkit::report::{Report, Table};

use feedback_control::comparison::{Comparison, compare};
use feedback_control::config::{Config, Price};
use feedback_control::controller::{Kind, Tuning};
use feedback_control::error::Error;
use feedback_control::feedback::simulate;
use feedback_control::score::Score;

/// The CPU that the reactive controllers aim at, from careful to daring.
const TARGETS: [f64; 6] = [0.6, 0.65, 0.7, 0.75, 0.8, 0.9];

/// How many standard deviations the predictive one provides for.
const MARGINS: [f64; 6] = [6.0, 4.0, 3.0, 2.0, 1.0, 0.5];

/// A controller's name, and what it becomes for each degree of daring.
type Dial = (Kind, fn(usize) -> Tuning);

/// The controllers that have a dial for how much they dare.
const DIALS: [Dial; 3] = [
    (Kind::Pid, |at| Tuning {
        pid_target: TARGETS[at],
        ..Tuning::default()
    }),
    (Kind::TargetTracking, |at| Tuning {
        tracking_target: TARGETS[at],
        ..Tuning::default()
    }),
    (Kind::Predictive, |at| {
        let mut tuning = Tuning::default();
        tuning.outlook.margin = MARGINS[at];
        tuning
    }),
];

/// Server-hours against slowness, for all degrees of daring; and other prices.
///
/// # Errors
/// None that a comparison that was made before can cause.
pub(crate) fn section(
    report: Report,
    config: &Config,
    all: &[Vec<Comparison>],
) -> Result<Report, Error> {
    let firsts: Vec<&Comparison> = all.iter().filter_map(|of_model| of_model.first()).collect();
    let mut chart =
        Chart::lines("Server-hours against time over the objective, from daring to careful")
            .x("server-hours, all traffic")
            .y("% of time over the objective");
    for (kind, tuned) in DIALS {
        let points = (0..TARGETS.len())
            .rev()
            .map(|at| total(config, kind, &tuned(at), &firsts));
        chart = chart.series(kind.name(), points.collect());
    }
    Ok(report
        .heading("How careful, at which price")
        .text(
            "Every controller has a dial. Down and to the left is better: less paid, less often slow. \
             The reactive ones aim at 90 % (left) to 60 % CPU (right), the predictive one provides for \
             0.5 to 6 standard deviations of its forecast's error.",
        )
        .chart(chart)
        .table(prices(config, &firsts)?))
}

/// Server-hours and the percentage of time over the objective, over all traces.
fn total(config: &Config, kind: Kind, tuning: &Tuning, all: &[&Comparison]) -> (f64, f64) {
    let scores = all.iter().map(|comparison| {
        let mut controller = kind.build(config, tuning);
        let samples = simulate(*config, controller.as_mut(), comparison.trace.rates());
        Score::of(&samples, config)
    });
    let (hours, over) = scores.fold((0.0, 0.0), |(hours, over), score| {
        (hours + score.server_hours, over + score.over_share)
    });
    (hours, 100.0 * over / all.len().max(1) as f64)
}

/// The ratios of the first traffic shape under cheaper and dearer slowness.
fn prices(config: &Config, all: &[&Comparison]) -> Result<Table, Error> {
    let mut head = vec!["slowness costs".to_owned(), "traffic".to_owned()];
    head.extend(Kind::ALL.map(|kind| kind.name().to_owned()));
    let mut table = Table::new(head);
    for factor in [0.1, 10.0] {
        let usual = Price::default();
        let mut config = *config;
        config.price = Price {
            over_slo_minute: factor * usual.over_slo_minute,
            dropped_thousand: factor * usual.dropped_thousand,
        };
        for comparison in all {
            let trace = comparison.trace.clone();
            let priced = compare(&config, &Tuning::default(), trace)?;
            let mut row = vec![format!("{factor} ×"), priced.trace.name.clone()];
            row.extend(
                priced
                    .entries
                    .iter()
                    .map(|e| format!("{:.3}", priced.ratio(e))),
            );
            table = table.row(row);
        }
    }
    Ok(table)
}
