//! What a run found: one model, shown on a terminal, kept as JSON, drawn as one HTML page.
//!
//! A report is written for a reader: its checks say what held, its figures carry units, its charts a
//! claim. Never measures anything itself.

mod html;
mod terminal;

use serde::{Deserialize, Serialize};

use crate::chart::{Chart, Timeline};
use crate::stats::Interval;

pub use crate::chart::escape;
pub use html::page;

/// The version of the JSON form; it grows when a reader of the older form would be misled.
const FORMAT: u32 = 1;

/// A report under construction, and then for good.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    format: u32,
    lab: String,
    title: String,
    lead: String,
    seed: Option<u64>,
    headline: Option<Figure>,
    checks: Vec<Check>,
    blocks: Vec<Block>,
}

/// One measured number.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much it was.
    #[serde(deserialize_with = "crate::nan::number")]
    pub value: f64,
    /// In which unit.
    pub unit: String,
}

/// Something that had to hold, and whether it did.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Check {
    /// The claim, as a sentence.
    pub claim: String,
    /// Whether it held.
    pub passed: bool,
    /// What was seen.
    pub seen: String,
}

/// A table of text; columns whose cells all begin with a digit are aligned to the right.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Table {
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// Contenders measured in turn in one run; the first is ours.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Contest {
    /// What was measured.
    pub name: String,
    /// The unit of all rates, such as `jobs/s`.
    pub unit: String,
    /// How many rounds were counted.
    pub rounds: usize,
    /// Ours first, then the peers.
    pub contenders: Vec<Contender>,
}

/// One contender's result.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Contender {
    /// Its name, with its version if it is a program.
    pub name: String,
    /// The median rate; none if it isn't on this machine.
    pub rate: Option<f64>,
    /// How many times as fast as this peer ours was, pair by pair; none for ours itself.
    pub ratio: Option<Interval>,
    /// The ratio that the specification asks for.
    pub target: Option<f64>,
    /// Why it is missing, or what else there is to say.
    pub note: String,
}

impl Contender {
    /// Whether the ratio reaches its target; none if there is no target or no ratio.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        Some(self.ratio?.mid >= self.target?)
    }
}

/// A part of a report, in reading order.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Block {
    Heading(String),
    Text(String),
    Table(Table),
    Figure(Figure),
    Chart(Chart),
    Timeline(Timeline),
    Drawing(Drawing),
    Contest(Contest),
}

/// A picture that the lab drew itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Drawing {
    title: String,
    svg: String,
}

impl Figure {
    /// A number with its name and unit.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: impl Into<String>) -> Self {
        Figure {
            name: name.into(),
            value,
            unit: unit.into(),
        }
    }
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Table {
            head: head.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it isn't as long as the head.
    #[must_use]
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Self {
        let cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert_eq!(cells.len(), self.head.len(), "a cell for every column");
        self.rows.push(cells);
        self
    }

    /// The table for a terminal, as wide as its cells.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        terminal::table(self)
    }

    /// Whether each column holds numbers.
    fn numeric(&self) -> Vec<bool> {
        let number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        (0..self.head.len())
            .map(|at| !self.rows.is_empty() && self.rows.iter().all(|row| number(&row[at])))
            .collect()
    }
}

impl Report {
    /// An empty report of a lab (its crate's name) under a title.
    #[must_use]
    pub fn new(lab: impl Into<String>, title: impl Into<String>) -> Self {
        Report {
            format: FORMAT,
            lab: lab.into(),
            title: title.into(),
            lead: String::new(),
            seed: None,
            headline: None,
            checks: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Says in a sentence or two what the run was about.
    #[must_use]
    pub fn lead(mut self, text: impl Into<String>) -> Self {
        self.lead = text.into();
        self
    }

    /// Names the seed that repeats the run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the one number that a table of all labs shows.
    #[must_use]
    pub fn headline(mut self, figure: Figure) -> Self {
        self.headline = Some(figure);
        self
    }

    /// Adds something that had to hold. One failed check fails the run.
    #[must_use]
    pub fn check(
        mut self,
        claim: impl Into<String>,
        passed: bool,
        seen: impl Into<String>,
    ) -> Self {
        self.checks.push(Check {
            claim: claim.into(),
            passed,
            seen: seen.into(),
        });
        self
    }

    /// Starts a part of the report.
    #[must_use]
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.block(Block::Heading(text.into()))
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text(text.into()))
    }

    /// Adds a table.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds a number.
    #[must_use]
    pub fn figure(self, figure: Figure) -> Self {
        self.block(Block::Figure(figure))
    }

    /// Adds a chart.
    #[must_use]
    pub fn chart(self, chart: Chart) -> Self {
        self.block(Block::Chart(chart))
    }

    /// Adds a timeline.
    #[must_use]
    pub fn timeline(self, timeline: Timeline) -> Self {
        self.block(Block::Timeline(timeline))
    }

    /// Adds a picture that the lab drew itself: one SVG element that brings its own style and whose
    /// texts are [escaped](escape), because it is put on the page as it is.
    #[must_use]
    pub fn drawing(self, title: impl Into<String>, svg: impl Into<String>) -> Self {
        self.block(Block::Drawing(Drawing {
            title: title.into(),
            svg: svg.into(),
        }))
    }

    /// Adds contenders that were measured against each other.
    #[must_use]
    pub fn contest(self, contest: Contest) -> Self {
        self.block(Block::Contest(contest))
    }

    /// Whether every check held.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// The report's title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The one number that a table of all labs shows, if there is one.
    #[must_use]
    pub fn headline_figure(&self) -> Option<&Figure> {
        self.headline.as_ref()
    }

    /// What had to hold.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The contests, in order.
    pub fn contests(&self) -> impl Iterator<Item = &Contest> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Contest(contest) => Some(contest),
            _ => None,
        })
    }

    /// The paragraphs, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Reads the JSON form back.
    ///
    /// # Errors
    /// If it isn't a report, or one of a format that this version doesn't know.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let report: Report = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if report.format == FORMAT {
            Ok(report)
        } else {
            Err(format!("format {} instead of {FORMAT}", report.format))
        }
    }

    /// The report for a terminal, 80 columns wide or as wide as its widest table.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        terminal::render(self)
    }

    /// The report as one HTML page that needs nothing else: no network, no script.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::render(self)
    }

    /// The report as JSON, for programs: `format`, `lab`, `title`, `lead`, `seed`, `headline`,
    /// `checks`, `blocks`.
    ///
    /// # Panics
    /// Never: the model has no map keys and no values that JSON can't hold (NaN becomes null).
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data is always JSON");
        text.push('\n');
        text
    }

    fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

/// A number for people: thousands separated, three or four digits that matter.
#[must_use]
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if !size.is_finite() => return "–".to_owned(),
        size if size >= 100.0 || (size.fract() == 0.0) => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.001 => 4,
        _ => return format!("{value:.2e}"),
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (text.as_str(), String::new()),
    };
    let (sign, whole) = whole
        .strip_prefix('-')
        .map_or(("", whole), |whole| ("-", whole));
    let grouped: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|chunk| std::str::from_utf8(chunk).unwrap_or_default())
        .collect();
    format!("{sign}{}{fraction}", grouped.join(","))
}

#[cfg(test)]
mod tests;
