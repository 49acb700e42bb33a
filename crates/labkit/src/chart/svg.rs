//! Draws lines and bars as SVG.

use std::fmt::Write;

use super::frame::{self, BOTTOM, CHARACTER, COLOURS, HEIGHT, LEFT, RIGHT, TOP};
use super::legend::Legend;
use super::scale::{Scale, label};
use super::{BarSeries, Chart, Data, Line};

pub(super) fn draw(chart: &Chart) -> String {
    let mut svg = String::new();
    match &chart.data {
        Data::Lines(lines) => draw_lines(&mut svg, chart, lines),
        Data::Bars { groups, series } => draw_bars(&mut svg, chart, groups, series),
    }
    svg.push_str("</svg>");
    svg
}

fn draw_lines(svg: &mut String, chart: &Chart, lines: &[Line]) {
    let points = || lines.iter().flat_map(|line| &line.points);
    let x = Scale::over(
        points().map(|point| point.0),
        (LEFT + 8.0, RIGHT - 8.0),
        chart.x.log,
        false,
    );
    let y = Scale::over(
        points().map(|point| point.1),
        (BOTTOM, TOP + 6.0),
        chart.y.log,
        true,
    );
    let names = lines.iter().map(|line| line.name.as_str());
    let summary = format!(
        "Lines over {}: {}",
        chart.x.label,
        names.clone().collect::<Vec<_>>().join(", ")
    );
    let legend = Legend::lay(&chart.y, names);
    frame::open(svg, &chart.title, &summary, HEIGHT, &legend);
    frame::vertical(svg, &chart.y, &y);
    frame::horizontal(svg, &x, BOTTOM);
    frame::base(svg, &chart.x, BOTTOM);
    for (place, line) in lines.iter().enumerate() {
        draw_line(svg, line, place % COLOURS, &x, &y);
    }
}

fn draw_line(svg: &mut String, line: &Line, colour: usize, x: &Scale, y: &Scale) {
    let path: Vec<String> = line
        .points
        .iter()
        .map(|point| format!("{:.1},{:.1}", x.place(point.0), y.place(point.1)))
        .collect();
    let dashed = if line.reference { " dashed" } else { "" };
    let _ = write!(
        svg,
        r#"<polyline class="line s{colour}{dashed}" points="{}"/>"#,
        path.join(" "),
    );
    // Beyond a few dozen points, dots would hide the line that they are on.
    if line.reference || line.points.len() > 40 {
        return;
    }
    for point in &line.points {
        let _ = write!(
            svg,
            r#"<circle class="fill s{colour}" cx="{:.1}" cy="{:.1}" r="3.5"><title>{}: {} at {}</title></circle>"#,
            x.place(point.0),
            y.place(point.1),
            frame::escape(&line.name),
            label(point.1),
            label(point.0),
        );
    }
}

fn draw_bars(svg: &mut String, chart: &Chart, groups: &[String], series: &[BarSeries]) {
    let values = || series.iter().flat_map(|one| one.values.iter().copied());
    let y = Scale::over(values(), (BOTTOM, TOP + 14.0), chart.y.log, true);
    let summary = groups
        .iter()
        .enumerate()
        .map(|(at, group)| {
            let bars: Vec<String> = series.iter().map(|one| label(one.values[at])).collect();
            format!("{group}: {}", bars.join(", "))
        })
        .collect::<Vec<_>>()
        .join("; ");
    let legend = Legend::lay(&chart.y, series.iter().map(|one| one.name.as_str()));
    frame::open(svg, &chart.title, &summary, HEIGHT, &legend);
    frame::vertical(svg, &chart.y, &y);
    frame::base(svg, &chart.x, BOTTOM);
    let step = (RIGHT - LEFT) / groups.len().max(1) as f64;
    let width = (step * 0.72 / series.len().max(1) as f64).min(64.0);
    // Values are written over the bars where they fit.
    let written =
        values().all(|value| label(value).chars().count() as f64 * CHARACTER <= width * 1.35);
    for (place, one) in series.iter().enumerate() {
        for (at, value) in one.values.iter().enumerate() {
            let middle = LEFT + step * (at as f64 + 0.5);
            let left = middle + width * (place as f64 - series.len() as f64 / 2.0);
            draw_bar(svg, *value, (left, width), place % COLOURS, &y, written);
        }
    }
    label_groups(svg, groups, step);
}

fn draw_bar(
    svg: &mut String,
    value: f64,
    (left, width): (f64, f64),
    colour: usize,
    y: &Scale,
    written: bool,
) {
    let top = y.place(value).clamp(TOP, BOTTOM);
    let _ = write!(
        svg,
        r#"<rect class="fill s{colour}" x="{:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"><title>{}</title></rect>"#,
        left + 1.0,
        (width - 2.0).max(1.0),
        (BOTTOM - top).max(0.5),
        label(value),
    );
    if written {
        let _ = write!(
            svg,
            r#"<text class="value" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            left + width / 2.0,
            top - 4.0,
            label(value),
        );
    }
}

/// Writes the groups' names under them: every one, or as many as fit.
fn label_groups(svg: &mut String, groups: &[String], step: f64) {
    let longest = groups
        .iter()
        .map(|group| group.chars().count())
        .max()
        .unwrap_or(0) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small ratio of lengths, above zero"
    )]
    let every = (((longest + 1.0) * CHARACTER / step).ceil() as usize).max(1);
    for (at, group) in groups.iter().enumerate().step_by(every) {
        let _ = write!(
            svg,
            r#"<text class="mark" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            LEFT + step * (at as f64 + 0.5),
            BOTTOM + 18.0,
            frame::escape(group),
        );
    }
}
