//! How knowledge spreads: rounds and bytes over the size, and how old it is.

use labkit::chart::Chart;
use labkit::report::{Report, Table, number};
use labkit::stats::Histogram;

use astrolabe_monitoring::simulation::{Convergence, Plan, Tree, staleness, theory};

pub(super) fn section(report: Report, all: &[Convergence], plan: &Plan) -> Report {
    let heading = match plan.loss {
        0.0 => "Without a centre: rounds until all know".to_owned(),
        loss => format!(
            "Without a centre, {} % of messages lost",
            number(100.0 * loss)
        ),
    };
    report
        .heading(heading)
        .text(
            "Each node knows a few addresses at first. \"From nothing\" is the time until 99.9 % of the \
             nodes count all of them; \"a change\" that until as many have the new sum after one node's \
             load changed. The theory is that of a rumour told to one random node a round, \
             log2 n + ln n; here it is pushed and pulled, but has to climb the tree and come down again.",
        )
        .table(table(all))
        .chart(curves(all))
        .chart(rounds(all))
        .chart(bytes(all))
}

fn table(all: &[Convergence]) -> Table {
    let mut table = Table::new([
        "nodes",
        "theory",
        "from nothing",
        "a change",
        "messages per node and round",
        "kB per node and round",
        "kB per node",
    ]);
    for it in all {
        let nodes = f64::from(it.nodes);
        let lasted = it.change.curve.last().map_or(1.0, |point| point.0);
        let per_round = nodes * lasted.max(0.25);
        table = table.row([
            it.nodes.to_string(),
            format!("{:.1}", theory(it.nodes)),
            rounds_text(it.start.rounds()),
            rounds_text(it.change.rounds()),
            format!("{:.1}", it.change.messages as f64 / per_round),
            format!("{:.2}", it.change.bytes as f64 / 1e3 / per_round),
            format!("{:.1}", it.change.bytes as f64 / 1e3 / nodes),
        ]);
    }
    table
}

fn rounds_text(rounds: Option<f64>) -> String {
    rounds.map_or("never".to_owned(), |rounds| format!("{rounds:.2}"))
}

/// Who knows of the change, round by round.
fn curves(all: &[Convergence]) -> Chart {
    let chart = Chart::lines("Who knows of a change, by rounds since")
        .x("rounds")
        .y("% of nodes");
    all.iter().fold(chart, |chart, it| {
        let percent = it
            .change
            .curve
            .iter()
            .map(|point| (point.0, 100.0 * point.1));
        chart.series(format!("{} nodes", it.nodes), percent.collect())
    })
}

fn rounds(all: &[Convergence]) -> Chart {
    let line = |of: &dyn Fn(&Convergence) -> Option<f64>| {
        let points = all
            .iter()
            .filter_map(|it| Some((f64::from(it.nodes), of(it)?)));
        points.collect::<Vec<_>>()
    };
    Chart::lines("Rounds until 99.9 % know, by the number of nodes")
        .x("nodes")
        .y("rounds")
        .log_x()
        .reference("log2 n + ln n", line(&|it| Some(theory(it.nodes))))
        .series("a change", line(&|it| it.change.rounds()))
        .series("from nothing", line(&|it| it.start.rounds()))
}

fn bytes(all: &[Convergence]) -> Chart {
    let points = all.iter().map(|it| {
        let kilobytes = it.change.bytes as f64 / 1e3 / f64::from(it.nodes);
        (f64::from(it.nodes), kilobytes)
    });
    Chart::lines("kB that a node sends until all know of a change")
        .x("nodes")
        .y("kB")
        .log_x()
        .series("a change", points.collect())
}

/// How old what is known is, in the largest tree.
pub(super) fn stale(report: Report, tree: &Tree) -> Report {
    let [nodes, zones] = staleness(tree);
    if nodes.count() + zones.count() == 0 {
        return report;
    }
    report
        .heading("How old is what a node knows?")
        .text(format!(
            "Rows that a node holds of others, at one moment, by the rounds that they are behind. A row of \
             the own zone is {} behind in the median and {} at most; one of another zone, whose content \
             had to climb and come down, {} and {}.",
            rounds_of(nodes.quantile(0.5)),
            rounds_of(nodes.max()),
            rounds_of(zones.quantile(0.5)),
            rounds_of(zones.max()),
        ))
        .chart(histogram(&nodes, &zones))
}

fn rounds_of(thousandths: u64) -> String {
    format!("{:.1}", thousandths as f64 / 1e3)
}

fn histogram(nodes: &Histogram, zones: &Histogram) -> Chart {
    let most = nodes.max().max(zones.max()).div_ceil(1_000) + 1;
    let share = |of: &Histogram| {
        let bars = (0..most).map(|round| {
            let count = of.count_between(round * 1_000, round * 1_000 + 999);
            100.0 * count as f64 / of.count().max(1) as f64
        });
        bars.collect::<Vec<f64>>()
    };
    Chart::bars("Rows by the rounds that they are behind")
        .x("rounds")
        .y("% of rows")
        .groups((0..most).map(|round| round.to_string()))
        .bars_of("nodes of the own zone", share(nodes))
        .bars_of("other zones", share(zones))
}
