//! A row for each student (RFC 4180), for a spreadsheet or a learning platform's import.

use super::points;
use crate::grade::model::{FULL, Grades, Outcome};

/// A head line and a line for each student.
pub(super) fn render(grades: &Grades) -> String {
    let stages = grades.grades.first().map_or(&[][..], |grade| &grade.stages);
    let mut head = vec!["student".to_owned(), "score".to_owned(), "of".to_owned()];
    head.extend(stages.iter().map(|stage| format!("stage {}", stage.number)));
    head.extend(Outcome::ALL.map(|outcome| outcome.word().to_owned()));
    head.push("problem".to_owned());
    let mut text = line(&head);
    for grade in &grades.grades {
        let mut row = vec![grade.student.clone(), points(grade.score), FULL.to_string()];
        row.extend(grade.stages.iter().map(|stage| points(stage.score)));
        row.extend(Outcome::ALL.map(|outcome| grade.count(outcome).to_string()));
        let problem = grade.problem.as_ref().map(|problem| problem.reason.clone());
        row.push(problem.unwrap_or_default());
        text.push_str(&line(&row));
    }
    text
}

fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    cells.join(",") + "\r\n"
}

/// A cell as text: what a spreadsheet would take for a formula is told apart by an apostrophe, as
/// names and compilers' messages come from outside.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}
