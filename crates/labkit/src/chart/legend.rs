//! The legend: which colour is which series.

use std::fmt::Write;

use super::Axis;
use super::frame::{CHARACTER, COLOURS, LEFT, RIGHT, escape};

/// The height of one row.
const ROW: f64 = 20.0;

/// The names, laid out in rows. The last row stands beside the vertical axis' label, more rows above it.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
    rows: usize,
}

struct Entry<'a> {
    name: &'a str,
    colour: usize,
    x: f64,
    row: usize,
}

impl<'a> Legend<'a> {
    /// Lays the names out after the axis' label: on a narrow screen, where a drawing scrolls, its left end
    /// is what is seen first. A series without a name has no entry.
    pub(super) fn lay(y: &Axis, names: impl IntoIterator<Item = &'a str>) -> Self {
        let label = y.label.chars().count() + if y.log { 6 } else { 0 };
        let left = (label as f64 * CHARACTER + 32.0).max(LEFT);
        let (mut x, mut row) = (left, 0);
        let mut entries = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            let width = name.chars().count() as f64 * CHARACTER + 32.0;
            if x > left && x + width > RIGHT {
                (x, row) = (left, row + 1);
            }
            entries.push(Entry {
                name,
                colour: place % COLOURS,
                x,
                row,
            });
            x += width;
        }
        Legend {
            entries,
            rows: row + 1,
        }
    }

    /// How much room it needs above the usual drawing.
    pub(super) fn above(&self) -> f64 {
        ROW * (self.rows - 1) as f64
    }

    pub(super) fn draw(&self, svg: &mut String) {
        for entry in &self.entries {
            let y = ROW * entry.row as f64 - self.above();
            let _ = write!(
                svg,
                r#"<rect class="fill s{}" x="{:.1}" y="{:.1}" width="12" height="12" rx="2"/><text class="legend" x="{:.1}" y="{:.1}">{}</text>"#,
                entry.colour,
                entry.x,
                y + 8.0,
                entry.x + 17.0,
                y + 18.0,
                escape(entry.name),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_stand_in_one_row() {
        let legend = Legend::lay(&Axis::default(), ["ours", "", "theirs"]);
        assert_eq!(legend.entries.len(), 2);
        assert_eq!(legend.entries[1].colour, 2);
        assert!(legend.above() < 1.0);
    }

    #[test]
    fn names_that_dont_fit_get_rows_of_their_own() {
        let long = "a name of some thirty letters.";
        let legend = Legend::lay(&Axis::default(), [long; 7]);
        assert!(legend.rows > 1);
        for entry in &legend.entries {
            let width = entry.name.len() as f64 * CHARACTER + 17.0;
            assert!(entry.x + width <= RIGHT + 17.0, "{}", entry.x);
        }
        assert!(legend.above() > 1.0);
    }
}
