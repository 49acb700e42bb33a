//! Charts as values: what is to be seen, apart from how it is drawn.
//!
//! Four kinds carry all labs: lines, bars, a histogram (as bars) and a timeline of lanes. They are
//! drawn as SVG ([`Chart::to_svg`], [`Timeline::to_svg`]) with classes instead of colours, so that
//! one page serves light and dark. Never computes a statistic.

mod frame;
mod legend;
mod scale;
mod svg;
mod timeline;

use serde::{Deserialize, Serialize};

use crate::stats::Histogram;

pub use frame::escape;
pub use timeline::{Span, Timeline};

/// How many bars a histogram is drawn with.
const HISTOGRAM_BARS: u32 = 24;

/// A chart of lines or of bars over a common pair of axes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Chart {
    /// What the chart shows, as a claim or a question.
    pub title: String,
    /// The horizontal axis: quantity and unit.
    pub x: Axis,
    /// The vertical axis: quantity and unit.
    pub y: Axis,
    /// What is drawn over the axes.
    pub data: Data,
}

/// One axis.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Whether equal steps are equal factors.
    pub log: bool,
}

/// What a chart shows.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Points joined by lines, one line a series.
    Lines(Vec<Line>),
    /// Bars side by side in named groups.
    Bars {
        /// The names under the groups.
        groups: Vec<String>,
        /// One bar in every group for each of these.
        series: Vec<BarSeries>,
    },
}

/// One line of a line chart.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points, in the order in which they are joined.
    #[serde(deserialize_with = "crate::nan::points")]
    pub points: Vec<(f64, f64)>,
    /// Whether it is a reference (an ideal, a limit), drawn dashed.
    pub reference: bool,
}

/// One series of a bar chart: a value for each group.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BarSeries {
    /// Its name in the legend; empty if there is only one.
    pub name: String,
    /// One value for each group.
    #[serde(deserialize_with = "crate::nan::numbers")]
    pub values: Vec<f64>,
}

impl Chart {
    /// A chart of lines; give it [`series`](Self::series).
    #[must_use]
    pub fn lines(title: impl Into<String>) -> Self {
        Self::new(title, Data::Lines(Vec::new()))
    }

    /// A chart of bars; give it [`bar`](Self::bar)s, or [`groups`](Self::groups) and
    /// [`bars_of`](Self::bars_of).
    #[must_use]
    pub fn bars(title: impl Into<String>) -> Self {
        let data = Data::Bars {
            groups: Vec::new(),
            series: Vec::new(),
        };
        Self::new(title, data)
    }

    /// The distribution of a histogram's values; `scale` divides them into `unit`s (1e6 turns
    /// nanoseconds into milliseconds).
    #[must_use]
    pub fn histogram(title: impl Into<String>, unit: &str, scale: f64, values: &Histogram) -> Self {
        let (low, high) = (values.min(), values.max().max(values.min() + 1));
        let width = (high - low).div_ceil(u64::from(HISTOGRAM_BARS)).max(1);
        let mut chart = Self::bars(title).x(unit).y("count");
        for place in 0..u64::from(HISTOGRAM_BARS) {
            let from = low + place * width;
            if from > high {
                break;
            }
            let count = values.count_between(from, from + width - 1);
            chart = chart.bar(scale::label(from as f64 / scale), count as f64);
        }
        chart
    }

    /// The speed-up over a number of threads (or nodes), beside the line where it equals them.
    #[must_use]
    pub fn speedup(title: impl Into<String>, points: &[(f64, f64)]) -> Self {
        let most = points.iter().map(|point| point.0).fold(1.0, f64::max);
        Self::lines(title)
            .x("threads")
            .y("times as fast as one")
            .series("measured", points.to_vec())
            .reference("ideal", vec![(1.0, 1.0), (most, most)])
    }

    fn new(title: impl Into<String>, data: Data) -> Self {
        Chart {
            title: title.into(),
            x: Axis::default(),
            y: Axis::default(),
            data,
        }
    }

    /// Labels the horizontal axis.
    #[must_use]
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x.label = label.into();
        self
    }

    /// Labels the vertical axis.
    #[must_use]
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y.label = label.into();
        self
    }

    /// Makes equal steps on the horizontal axis equal factors; values must be above zero.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.x.log = true;
        self
    }

    /// Makes equal steps on the vertical axis equal factors; values must be above zero.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.y.log = true;
        self
    }

    /// Adds a line to a chart of lines.
    ///
    /// # Panics
    /// If it is a chart of bars.
    #[must_use]
    pub fn series(self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.line(name.into(), points, false)
    }

    /// Adds a dashed line that others are compared with to a chart of lines.
    ///
    /// # Panics
    /// If it is a chart of bars.
    #[must_use]
    pub fn reference(self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.line(name.into(), points, true)
    }

    fn line(mut self, name: String, points: Vec<(f64, f64)>, reference: bool) -> Self {
        let Data::Lines(lines) = &mut self.data else {
            panic!("a line can't be added to a chart of bars");
        };
        lines.push(Line {
            name,
            points,
            reference,
        });
        self
    }

    /// Adds one bar, with its label under it, to a chart of bars.
    ///
    /// # Panics
    /// If it is a chart of lines.
    #[must_use]
    pub fn bar(mut self, label: impl Into<String>, value: f64) -> Self {
        let Data::Bars { groups, series } = &mut self.data else {
            panic!("a bar can't be added to a chart of lines");
        };
        groups.push(label.into());
        match series.first_mut() {
            Some(only) => only.values.push(value),
            None => series.push(BarSeries {
                name: String::new(),
                values: vec![value],
            }),
        }
        self
    }

    /// Names the groups of a chart of bars.
    ///
    /// # Panics
    /// If it is a chart of lines.
    #[must_use]
    pub fn groups<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let Data::Bars { groups, .. } = &mut self.data else {
            panic!("a chart of lines has no groups");
        };
        *groups = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a bar to every group of a chart of bars: one value each, in the groups' order.
    ///
    /// # Panics
    /// If it is a chart of lines, or the values aren't as many as the groups.
    #[must_use]
    pub fn bars_of(mut self, name: impl Into<String>, values: Vec<f64>) -> Self {
        let Data::Bars { groups, series } = &mut self.data else {
            panic!("bars can't be added to a chart of lines");
        };
        assert_eq!(groups.len(), values.len(), "one value for every group");
        series.push(BarSeries {
            name: name.into(),
            values,
        });
        self
    }

    /// Draws the chart as an SVG element, to stand inside an HTML page with [`STYLE`].
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::draw(self)
    }
}

/// The style sheet of all charts: colours for light and dark (the eight of Okabe and Ito, which
/// colour-blind readers can tell apart).
pub const STYLE: &str = include_str!("chart/style.css");

#[cfg(test)]
mod tests;
