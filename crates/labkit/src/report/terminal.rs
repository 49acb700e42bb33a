//! A report as text for a terminal or a log.

use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::{Block, Contest, Figure, Report, Table, number};
use crate::chart::{Chart, Data, Line};

/// How wide paragraphs and bars are.
const WIDTH: usize = 80;
/// How many characters the longest bar has.
const BAR: usize = 40;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}\n{}",
        report.title,
        "═".repeat(report.title.chars().count())
    );
    if !report.lead.is_empty() {
        paragraph(&mut out, &report.lead);
    }
    for block in &report.blocks {
        match block {
            Block::Heading(text) => {
                let _ = writeln!(out, "\n{text}\n{}", "─".repeat(text.chars().count()));
            }
            Block::Text(text) => paragraph(&mut out, text),
            Block::Table(rows) => {
                let _ = writeln!(out, "\n{}", table(rows));
            }
            Block::Figure(figure) => {
                let _ = writeln!(out, "{}", line(figure));
            }
            Block::Chart(chart) => draw_chart(&mut out, chart),
            Block::Timeline(timeline) => {
                let _ = writeln!(out, "[{}: see --html FILE]", timeline.title);
            }
            Block::Drawing(drawing) => {
                let _ = writeln!(out, "[{}: see --html FILE]", drawing.title);
            }
            Block::Contest(contest) => draw_contest(&mut out, contest),
        }
    }
    ending(&mut out, report);
    out
}

fn ending(out: &mut String, report: &Report) {
    if !report.checks.is_empty() {
        let _ = writeln!(out);
    }
    for check in &report.checks {
        let mark = if check.passed { "✓" } else { "✗ FAILED:" };
        let _ = writeln!(out, "{mark} {} ({})", check.claim, check.seen);
    }
    if let Some(figure) = &report.headline {
        let _ = writeln!(out, "\n→ {}", line(figure));
    }
    if let Some(seed) = report.seed {
        let _ = writeln!(out, "  repeat with --seed {seed}");
    }
}

fn line(figure: &Figure) -> String {
    format!("{}: {} {}", figure.name, number(figure.value), figure.unit)
}

/// Wraps text at word ends.
fn paragraph(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        }
        if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

/// The only line of a table: the one under its head.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

pub(super) fn table(table: &Table) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(&table.head)
        .add_rows(&table.rows);
    for (column, numeric) in drawn.column_iter_mut().zip(table.numeric()) {
        if numeric {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    drawn.trim_fmt()
}

fn draw_contest(out: &mut String, contest: &Contest) {
    let mut rows = Table::new(["contender", "rate", "ours is × as fast", "target", ""]);
    for contender in &contest.contenders {
        rows = rows.row([
            contender.name.clone(),
            contender.rate.map_or("not here".to_owned(), |rate| {
                format!("{} {}", number(rate), contest.unit)
            }),
            contender.ratio.map_or(String::new(), |ratio| {
                format!("{:.2} ({:.2} to {:.2})", ratio.mid, ratio.low, ratio.high)
            }),
            contender
                .target
                .map_or(String::new(), |target| format!("≥ {target}")),
            match contender.reached() {
                Some(true) => "reached".to_owned(),
                Some(false) => "missed".to_owned(),
                None => contender.note.clone(),
            },
        ]);
    }
    let _ = writeln!(
        out,
        "\n{} (median of {} rounds)\n{}",
        contest.name,
        contest.rounds,
        table(&rows)
    );
}

fn draw_chart(out: &mut String, chart: &Chart) {
    let _ = writeln!(out, "\n{} [{}]", chart.title, chart.y.label);
    match &chart.data {
        Data::Lines(lines) => {
            for line in lines.iter().filter(|line| !line.reference) {
                draw_sparkline(out, chart, line);
            }
        }
        Data::Bars { groups, series } => {
            let values = || series.iter().flat_map(|one| one.values.iter().copied());
            let most = values().fold(0.0, f64::max);
            let name = |at: usize, which: &str| format!("{} {which}", groups[at]);
            let widest = series
                .iter()
                .flat_map(|one| (0..groups.len()).map(|at| name(at, &one.name).chars().count()))
                .max()
                .unwrap_or(0);
            for at in 0..groups.len() {
                for one in series {
                    let value = one.values[at];
                    let _ = writeln!(
                        out,
                        "  {:<widest$} {} {}",
                        name(at, &one.name),
                        "█".repeat(filled(value, most)),
                        number(value),
                    );
                }
            }
        }
    }
}

/// How many of a bar's characters a value fills.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1 of a few dozen characters"
)]
fn filled(value: f64, most: f64) -> usize {
    if most > 0.0 {
        (value / most * BAR as f64).round().clamp(0.0, BAR as f64) as usize
    } else {
        0
    }
}

/// One line of a chart: its name, its shape in eight heights, its last value.
fn draw_sparkline(out: &mut String, chart: &Chart, line: &Line) {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let place = |y: f64| {
        if chart.y.log {
            y.max(f64::MIN_POSITIVE).ln()
        } else {
            y
        }
    };
    let values: Vec<f64> = line.points.iter().map(|point| place(point.1)).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let low = if chart.y.log { low } else { low.min(0.0) };
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let every = values.len().div_ceil(BAR).max(1);
    let shape: String = values
        .iter()
        .step_by(every)
        .map(|value| HEIGHTS[filled(value - low, high - low) * 7 / BAR])
        .collect();
    let ends = match (line.points.first(), line.points.last()) {
        (Some(first), Some(last)) => format!(
            "{} at {} … {} at {}",
            number(first.1),
            number(first.0),
            number(last.1),
            number(last.0)
        ),
        _ => "no points".to_owned(),
    };
    let _ = writeln!(out, "  {:<28} {shape} {ends}", line.name);
}
