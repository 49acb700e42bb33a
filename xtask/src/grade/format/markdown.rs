//! A summary in Markdown, as GitHub Actions shows it on a run's page. Students read it there, so of
//! hidden tests it says how many failed, not which.

use std::fmt::Write;

use super::{points, verdict};
use crate::grade::model::{FULL, Grade, Grades};

/// A heading, a table, and for each student what went wrong.
pub(super) fn render(grades: &Grades) -> String {
    let mut text = format!("## {}\n\n", escaped(&grades.title));
    for warning in &grades.warnings {
        let _ = writeln!(text, "> {}\n", escaped(warning));
    }
    text.push_str(&table(grades));
    for grade in &grades.grades {
        text.push_str(&details(grade));
    }
    text
}

fn table(grades: &Grades) -> String {
    let stages = grades.grades.first().map_or(&[][..], |grade| &grade.stages);
    let mut text = "| student | score |".to_owned();
    for stage in stages {
        let _ = write!(text, " {} |", escaped(&stage.name));
    }
    text.push_str("\n|---|--:|");
    text.push_str(&"--:|".repeat(stages.len()));
    text.push('\n');
    for grade in &grades.grades {
        let score = points(grade.score);
        let _ = write!(text, "| {} | {score} of {FULL} |", escaped(&grade.student));
        for stage in &grade.stages {
            let _ = write!(text, " {} of {} |", points(stage.score), stage.points);
        }
        text.push('\n');
    }
    text
}

fn details(grade: &Grade) -> String {
    let mut text = String::new();
    if let Some(problem) = &grade.problem {
        let _ = writeln!(text, "- {}", escaped(&problem.reason));
        if !problem.output.is_empty() {
            let _ = writeln!(text, "\n{}", fenced(&problem.output));
        }
    } else {
        for test in grade.tests().filter(|test| !test.passed() && !test.hidden) {
            let _ = writeln!(text, "- `{}`: {}", test.name, escaped(&verdict(test)));
        }
        let hidden = grade
            .tests()
            .filter(|test| !test.passed() && test.hidden)
            .count();
        if hidden > 0 {
            let _ = writeln!(text, "- hidden tests that didn't pass: {hidden}");
        }
    }
    if text.is_empty() {
        return text;
    }
    format!("\n### {}\n\n{text}", escaped(&grade.student))
}

/// Foreign text as text: nothing in it is a link, a table or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' => {
                escaped.extend(['\\', character]);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

/// Foreign text in a block of code whose fence is longer than any in the text.
fn fenced(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}
