//! For reading in a terminal.

use std::fmt::Write;

use labkit::report::Table;

use super::{points, verdict};
use crate::grade::model::{FULL, Grade, Grades, Outcome};

/// One submission in detail, a roster as a table with what went wrong below it.
pub(super) fn render(grades: &Grades) -> String {
    let mut text = format!("{} ({})\n", grades.title, grades.lab);
    for warning in &grades.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if grades.grades.len() != 1 {
        let _ = writeln!(text, "\n{}", table(grades));
    }
    for grade in &grades.grades {
        text.push_str(&details(grade));
    }
    text
}

fn table(grades: &Grades) -> String {
    let stages = grades.grades.first().map_or(&[][..], |grade| &grade.stages);
    let mut head = vec!["student".to_owned(), "score".to_owned()];
    head.extend(stages.iter().map(|stage| format!("stage {}", stage.number)));
    head.extend(Outcome::ALL.map(|outcome| outcome.word().to_owned()));
    let mut table = Table::new(head);
    for grade in &grades.grades {
        let mut row = vec![grade.student.clone(), points(grade.score)];
        row.extend(grade.stages.iter().map(|stage| points(stage.score)));
        row.extend(Outcome::ALL.map(|outcome| grade.count(outcome).to_string()));
        table = table.row(row);
    }
    table.to_terminal()
}

fn details(grade: &Grade) -> String {
    let mut text = format!("\n{}: {} of {FULL}\n", grade.student, points(grade.score));
    if let Some(problem) = &grade.problem {
        let _ = writeln!(text, "  {}", problem.reason);
        for line in problem.output.lines() {
            let _ = writeln!(text, "    {line}");
        }
        return text;
    }
    for stage in &grade.stages {
        let (number, passed, all) = (stage.number, stage.passed(), stage.tests.len());
        let score = points(stage.score);
        let _ = writeln!(
            text,
            "  stage {number}, {}: {score} of {} ({passed} of {all} tests)",
            stage.name, stage.points
        );
        for test in stage.tests.iter().filter(|test| !test.passed()) {
            let hidden = if test.hidden { " (hidden)" } else { "" };
            let _ = writeln!(text, "    {}{hidden}: {}", test.name, verdict(test));
        }
    }
    text
}
