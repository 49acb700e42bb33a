//! The demo's charts: what requests cost over the mix, and waiting against bandwidth.

use labkit::chart::Chart;
use labkit::report::number;

use replication_strategies::comparison::Mix;
use replication_strategies::outcome::Outcome;
use replication_strategies::strategy::Kind;

/// What a million requests cost with each strategy, over the share of writes.
pub(crate) fn costs(mixes: &[Mix]) -> Chart {
    let mut chart = Chart::lines("What a million requests cost, over the share of writes")
        .x("% writes")
        .y("$")
        .log_y();
    for (at, kind) in Kind::ALL.into_iter().enumerate() {
        let points = mixes
            .iter()
            .filter_map(|mix| Some((100.0 * mix.write_share, *mix.costs.get(at)?)));
        chart = chart.series(kind.name(), points.collect());
    }
    chart
}

/// Each strategy as a point: fewer bytes to the left, less waiting below; and the front of those that no
/// other beats in both.
pub(crate) fn pareto(mix: &Mix, measure: &str, of: fn(&Outcome) -> f64) -> Chart {
    let share = number(100.0 * mix.write_share);
    let mut chart = Chart::lines(format!(
        "Response ({measure}) against bandwidth, {share} % writes"
    ))
    .x("KB between regions per request")
    .y("ms");
    let point = |at: usize| {
        let outcome = &mix.outcomes[at].1;
        (outcome.bytes_per_request() / 1e3, of(outcome))
    };
    let points: Vec<(f64, f64)> = (0..mix.outcomes.len()).map(point).collect();
    for (at, (kind, _)) in mix.outcomes.iter().enumerate() {
        chart = chart.series(kind.name(), vec![points[at]]);
    }
    chart.reference("Pareto front", front(&points))
}

/// The points that no other beats in both coordinates, joined by steps.
fn front(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut front: Vec<(f64, f64)> = Vec::new();
    for (x, y) in sorted {
        match front.last() {
            Some(&(_, best)) if y >= best => (),
            Some(&(_, best)) => front.extend([(x, best), (x, y)]),
            None => front.push((x, y)),
        }
    }
    front
}
