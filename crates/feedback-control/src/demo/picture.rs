//! Charts of a run: load, servers, CPU over time.

use labkit::chart::Chart;

use feedback_control::comparison::Comparison;
use feedback_control::config::Config;
use feedback_control::feedback::Sample;

/// More points than this can't be told apart in a chart of the page's width.
const POINTS: usize = 300;

/// Servers beside the load, which is shown as the servers that it would keep wholly busy.
pub(crate) fn servers(title: &str, samples: &[Sample], config: &Config) -> Chart {
    let mu = config.queue.service_rate;
    Chart::lines(title)
        .x("cycle")
        .y("servers")
        .reference("load, in servers", line(samples, |s| s.rate / mu))
        .series("ready", line(samples, |s| s.ready as f64))
        .series("ready and starting", line(samples, |s| s.ordered() as f64))
}

/// The CPU, beside the thresholds.
pub(crate) fn cpu(title: &str, samples: &[Sample]) -> Chart {
    let end = samples.len().saturating_sub(1) as f64;
    Chart::lines(title)
        .x("cycle")
        .y("% CPU")
        .series("CPU", line(samples, |s| 100.0 * s.cpu))
        .reference("add above", vec![(0.0, 70.0), (end, 70.0)])
        .reference("drop below", vec![(0.0, 30.0), (end, 30.0)])
}

/// All controllers' servers beside the clairvoyant's.
pub(crate) fn compared(comparison: &Comparison) -> Chart {
    let title = format!("Ready servers, {} traffic", comparison.trace.name);
    let optimum: Vec<f64> = comparison
        .optimum
        .servers
        .iter()
        .map(|n| *n as f64)
        .collect();
    let mut chart = Chart::lines(title)
        .x("cycle")
        .y("servers")
        .reference("clairvoyant", thinned(&optimum));
    for entry in &comparison.entries {
        chart = chart.series(entry.kind.name(), line(&entry.samples, |s| s.ready as f64));
    }
    chart
}

fn line(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    thinned(&samples.iter().map(of).collect::<Vec<f64>>())
}

/// Of every few values the one furthest from the last that was kept, so that peaks stay.
fn thinned(values: &[f64]) -> Vec<(f64, f64)> {
    let few = values.len().div_ceil(POINTS).max(1);
    let mut last = values.first().copied().unwrap_or(0.0);
    let mut points = Vec::new();
    for (at, chunk) in values.chunks(few).enumerate() {
        let furthest = chunk
            .iter()
            .copied()
            .enumerate()
            .max_by(|a, b| (a.1 - last).abs().total_cmp(&(b.1 - last).abs()));
        if let Some((place, value)) = furthest {
            points.push(((at * few + place) as f64, value));
            last = value;
        }
    }
    points
}
