//! What every chart has around its data: the drawing area, axes with marks.

use std::fmt::Write;

use super::Axis;
use super::legend::Legend;
use super::scale::{Scale, label};

/// The drawing's size in its own units; it is scaled to the page's width.
pub(super) const WIDTH: f64 = 720.0;
pub(super) const HEIGHT: f64 = 340.0;
/// The data's area within the drawing.
pub(super) const LEFT: f64 = 64.0;
pub(super) const RIGHT: f64 = WIDTH - 16.0;
pub(super) const TOP: f64 = 36.0;
pub(super) const BOTTOM: f64 = HEIGHT - 48.0;
/// Room for one character of a legend or label, at the style sheet's size.
pub(super) const CHARACTER: f64 = 6.8;
/// How many series have a colour of their own.
pub(super) const COLOURS: usize = 8;

/// Escapes text for SVG and HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Opens the drawing and puts its legend on top; readers who can't see it hear its title and summary.
pub(super) fn open(svg: &mut String, title: &str, summary: &str, height: f64, legend: &Legend<'_>) {
    let above = legend.above();
    let _ = write!(
        svg,
        r#"<svg class="chart" viewBox="0 {} {WIDTH} {}" role="img"><title>{}</title><desc>{}</desc>"#,
        -above,
        height + above,
        escape(title),
        escape(summary),
    );
    legend.draw(svg);
}

/// Draws the horizontal lines, marks and label of the vertical axis.
pub(super) fn vertical(svg: &mut String, axis: &Axis, scale: &Scale) {
    for mark in scale.marks() {
        let y = scale.place(mark);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1}" y2="{y:.1}"/><text class="mark" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            y + 4.0,
            label(mark),
        );
    }
    let _ = write!(
        svg,
        r#"<text class="axis" x="{:.1}" y="18">{}{}</text>"#,
        8.0,
        escape(&axis.label),
        if axis.log { " (log)" } else { "" },
    );
}

/// Draws the marks of the horizontal axis.
pub(super) fn horizontal(svg: &mut String, scale: &Scale, bottom: f64) {
    for mark in scale.marks() {
        let x = scale.place(mark);
        let _ = write!(
            svg,
            r#"<line class="tick" x1="{x:.1}" x2="{x:.1}" y1="{bottom}" y2="{:.1}"/><text class="mark" x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            bottom + 5.0,
            bottom + 18.0,
            label(mark),
        );
    }
}

/// Draws the horizontal axis' line and label.
pub(super) fn base(svg: &mut String, axis: &Axis, bottom: f64) {
    let _ = write!(
        svg,
        r#"<line class="base" x1="{LEFT}" x2="{RIGHT}" y1="{bottom}" y2="{bottom}"/><text class="axis" x="{RIGHT}" y="{:.1}" text-anchor="end">{}{}</text>"#,
        bottom + 38.0,
        escape(&axis.label),
        if axis.log { " (log)" } else { "" },
    );
}
