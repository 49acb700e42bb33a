//! The solution markers in a lab's sources, and the starters made from them.
//!
//! The reference solution is the only source. What a student writes stands between two comments,
//! and [`solve`] empties every such region of a later stage: statements become `todo!`, items that
//! only the solution needs become a comment. Pure: text in, text out.
//!
//! ```text
//! // BEGIN SOLUTION stage 1: hand the job to a worker; what if none is left?
//! // BEGIN SOLUTION ITEMS stage 2: a helper may be welcome here
//! // END SOLUTION
//! ```

use std::fmt;

const BEGIN: &str = "// BEGIN SOLUTION ";
const ITEMS: &str = "ITEMS ";
const END: &str = "// END SOLUTION";

/// What stands in a region, and so what takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Statements of a function body: replaced by `todo!`.
    Body,
    /// Items that only the solution needs: replaced by a comment.
    Items,
}

/// One marked region.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// The index of the line with its first marker, from 0.
    pub(crate) begin: usize,
    /// The index of the line with its last marker, from 0.
    pub(crate) end: usize,
    /// The stage in which a student writes it, from 1.
    pub(crate) stage: usize,
    /// What it holds.
    pub(crate) kind: Kind,
    /// What the student is told about it.
    pub(crate) task: String,
}

/// A marker that isn't as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// What is wrong with it and what would be right.
    pub(crate) what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// The marked regions of a source, in its order.
///
/// # Errors
/// The first marker that is malformed, nested or without its other half.
pub(crate) fn regions(source: &str) -> Result<Vec<Region>, Fault> {
    let mut found: Vec<Region> = Vec::new();
    let mut open: Option<Region> = None;
    for (at, line) in source.lines().enumerate() {
        let fault = |what| Fault { line: at + 1, what };
        let Some(marker) = marker(line).map_err(fault)? else {
            continue;
        };
        open = match (open.take(), marker) {
            (None, Marker::Begin { stage, kind, task }) => Some(Region {
                begin: at,
                end: at,
                stage,
                kind,
                task,
            }),
            (Some(region), Marker::End) => {
                found.push(Region { end: at, ..region });
                None
            }
            (Some(_), Marker::Begin { .. }) => {
                return Err(fault(
                    "a solution begins inside another one; end that first",
                ));
            }
            (None, Marker::End) => return Err(fault("a solution ends that never began")),
        };
    }
    match open {
        Some(region) => Err(Fault {
            line: region.begin + 1,
            what: "this solution never ends; `// END SOLUTION` is missing",
        }),
        None => Ok(found),
    }
}

/// The source with the solutions of stages 1 to `stages` kept and those of later ones emptied;
/// with 0, what a student begins with.
///
/// # Errors
/// As [`regions`].
pub(crate) fn solve(source: &str, stages: usize) -> Result<String, Fault> {
    let emptied = regions(source)?
        .into_iter()
        .filter(|region| region.stage > stages);
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let mut result = String::with_capacity(source.len());
    let mut next = 0;
    for region in emptied {
        result.extend(lines[next..region.begin].iter().copied());
        result.push_str(&placeholder(&region, &lines));
        next = region.end + 1;
    }
    result.extend(lines[next..].iter().copied());
    Ok(result)
}

/// The line that takes a region's place.
fn placeholder(region: &Region, lines: &[&str]) -> String {
    let first = lines[region.begin];
    let indent = &first[..first.len() - first.trim_start().len()];
    let Region { stage, task, .. } = region;
    match region.kind {
        Kind::Items => format!("{indent}// Stage {stage}: {task}\n"),
        Kind::Body => {
            let task = format_literal(task);
            let semicolon = if is_tail(&lines[region.end + 1..]) {
                ""
            } else {
                ";"
            };
            format!("{indent}todo!(\"stage {stage}: {task}\"){semicolon}\n")
        }
    }
}

/// Whether the block closes right here, so that what stood here was its value.
fn is_tail(rest: &[&str]) -> bool {
    rest.iter()
        .map(|line| line.trim())
        .find(|line| line.starts_with(BEGIN) || !(line.is_empty() || line.starts_with("//")))
        .is_some_and(|line| line.starts_with('}'))
}

/// A text as it stands inside the quotes of a format string.
fn format_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '{' | '}' => literal.extend([c, c]),
            _ => literal.push(c),
        }
    }
    literal
}

enum Marker {
    Begin {
        stage: usize,
        kind: Kind,
        task: String,
    },
    End,
}

/// The marker on a line, if it has one.
fn marker(line: &str) -> Result<Option<Marker>, &'static str> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix(BEGIN) {
        let (kind, rest) = match rest.strip_prefix(ITEMS) {
            Some(rest) => (Kind::Items, rest),
            None => (Kind::Body, rest),
        };
        return begin(kind, rest)
            .map(Some)
            .ok_or("not a marker; right is `// BEGIN SOLUTION [ITEMS ]stage N: what to do`");
    }
    if line == END {
        return Ok(Some(Marker::End));
    }
    // A mistyped marker would publish the solution; nothing else may look like one.
    let comment = line.split_once("//").map_or("", |(_, comment)| comment);
    if comment.contains("BEGIN SOLUTION") || comment.contains("END SOLUTION") {
        return Err("this is nearly a marker; right, alone on its line, is \
             `// BEGIN SOLUTION stage N: what to do` or `// END SOLUTION`");
    }
    Ok(None)
}

fn begin(kind: Kind, rest: &str) -> Option<Marker> {
    let (stage, task) = rest.strip_prefix("stage ")?.split_once(": ")?;
    let stage = stage.parse().ok().filter(|stage| *stage > 0)?;
    let task = task.trim();
    (!task.is_empty()).then(|| Marker::Begin {
        stage,
        kind,
        task: task.to_owned(),
    })
}

#[cfg(test)]
mod tests;
