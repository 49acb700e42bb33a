//! A timeline of lanes: who did what, when (one lane a thread, worker or node).

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::Axis;
use super::frame::{self, CHARACTER, COLOURS, RIGHT, TOP};
use super::legend::Legend;
use super::scale::Scale;

/// A lane's height.
const LANE: f64 = 30.0;

/// Lanes with spans of time on them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Timeline {
    /// What the timeline shows.
    pub title: String,
    /// The unit of all times.
    pub unit: String,
    /// The lanes' names, from the top.
    pub lanes: Vec<String>,
    /// What happened on them.
    pub spans: Vec<Span>,
}

/// Something that lasted, on one lane.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Span {
    /// The lane's place.
    pub lane: usize,
    /// When it started.
    #[serde(deserialize_with = "crate::nan::number")]
    pub start: f64,
    /// When it ended, not before its start.
    #[serde(deserialize_with = "crate::nan::number")]
    pub end: f64,
    /// What it was; written on it where there is room, and said when it is pointed at.
    pub label: String,
    /// Its kind: spans of one kind have one colour, and the legend names the kinds.
    pub kind: String,
}

impl Timeline {
    /// A timeline without lanes, whose times are in `unit`.
    #[must_use]
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Timeline {
            title: title.into(),
            unit: unit.into(),
            lanes: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// Adds a lane below the others.
    #[must_use]
    pub fn lane(mut self, name: impl Into<String>) -> Self {
        self.lanes.push(name.into());
        self
    }

    /// Adds a span.
    ///
    /// # Panics
    /// If there is no such lane, or it ends before it starts.
    #[must_use]
    pub fn span(
        mut self,
        lane: usize,
        (start, end): (f64, f64),
        label: impl Into<String>,
        kind: impl Into<String>,
    ) -> Self {
        assert!(lane < self.lanes.len(), "there is no lane {lane}");
        assert!(start <= end, "a span ends after it starts");
        self.spans.push(Span {
            lane,
            start,
            end,
            label: label.into(),
            kind: kind.into(),
        });
        self
    }

    /// Draws the timeline as an SVG element, to stand inside an HTML page with [`super::STYLE`].
    #[must_use]
    pub fn to_svg(&self) -> String {
        let longest = self.lanes.iter().map(|lane| lane.chars().count()).max();
        let left = 16.0 + longest.unwrap_or(0) as f64 * CHARACTER;
        let bottom = TOP + LANE * self.lanes.len() as f64;
        let times = self.spans.iter().flat_map(|span| [span.start, span.end]);
        let x = Scale::over(times, (left, RIGHT - 8.0), false, true);
        let kinds = self.kinds();
        let mut svg = String::new();
        let summary = format!("{} lanes, {} spans", self.lanes.len(), self.spans.len());
        let legend = Legend::lay(&Axis::default(), kinds.iter().copied());
        frame::open(&mut svg, &self.title, &summary, bottom + 48.0, &legend);
        for (place, lane) in self.lanes.iter().enumerate() {
            let y = TOP + LANE * place as f64;
            let _ = write!(
                svg,
                r#"<text class="mark" x="{:.1}" y="{:.1}" text-anchor="end">{}</text><line class="grid" x1="{left:.1}" x2="{RIGHT}" y1="{:.1}" y2="{:.1}"/>"#,
                left - 8.0,
                y + LANE * 0.62,
                frame::escape(lane),
                y + LANE,
                y + LANE,
            );
        }
        for span in &self.spans {
            self.draw_span(&mut svg, span, &x, &kinds);
        }
        frame::horizontal(&mut svg, &x, bottom);
        let axis = Axis {
            label: self.unit.clone(),
            log: false,
        };
        frame::base(&mut svg, &axis, bottom);
        svg.push_str("</svg>");
        svg
    }

    fn draw_span(&self, svg: &mut String, span: &Span, x: &Scale, kinds: &[&str]) {
        let (start, end) = (x.place(span.start), x.place(span.end));
        let width = (end - start).max(1.2);
        let y = TOP + LANE * span.lane as f64 + 4.0;
        let kind = kinds.iter().position(|kind| *kind == span.kind);
        let _ = write!(
            svg,
            r#"<rect class="fill {} s{}" x="{start:.1}" y="{y:.1}" width="{width:.1}" height="{:.1}" rx="2"><title>{} ({:.3} to {:.3} {})</title></rect>"#,
            // The page's colour around a thin span would leave nothing of it.
            if width < 3.0 { "thin" } else { "span" },
            kind.unwrap_or(0) % COLOURS,
            LANE - 8.0,
            frame::escape(&span.label),
            span.start,
            span.end,
            frame::escape(&self.unit),
        );
        if span.label.chars().count() as f64 * CHARACTER + 6.0 < width {
            let _ = write!(
                svg,
                r#"<text class="on" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                start + width / 2.0,
                y + LANE * 0.5,
                frame::escape(&span.label),
            );
        }
    }

    /// The kinds of span, in the order of their first appearance.
    fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = Vec::new();
        for span in &self.spans {
            if !kinds.contains(&span.kind.as_str()) {
                kinds.push(&span.kind);
            }
        }
        kinds
    }
}
