//! The formats of results, a file each.
//!
//! Gradescope's, Classroom 50's and the Markdown summary are shown to students: of hidden tests they
//! say no more than the platform can withhold. The others are the instructor's and say all.

mod classroom50;
mod csv;
mod gradescope;
mod junit;
mod markdown;
mod text;

use anyhow::Result;

use super::model::{Grade, Grades, Test};

pub(super) use classroom50::Course;

/// A format of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Format {
    /// For reading in a terminal
    Text,
    /// Everything, for programs
    Json,
    /// results.json of a Gradescope autograder; a document for each student
    Gradescope,
    /// JUnit XML, as continuous integration reads it
    Junit,
    /// result.json of a Classroom 50 autograder; a document for each student
    Classroom50,
    /// A summary, as GitHub Actions shows it
    Markdown,
    /// A row for each student, for a spreadsheet
    Csv,
}

impl Format {
    /// Whether it has a document for each student rather than one for all.
    pub(super) fn is_per_student(self) -> bool {
        matches!(self, Format::Gradescope | Format::Classroom50)
    }

    /// Its file among others, or its folder if it is per student.
    pub(super) fn file(self) -> &'static str {
        match self {
            Format::Text => "grades.txt",
            Format::Json => "grades.json",
            Format::Gradescope => "gradescope",
            Format::Junit => "grades.xml",
            Format::Classroom50 => "classroom50",
            Format::Markdown => "grades.md",
            Format::Csv => "grades.csv",
        }
    }

    /// The document of all grades.
    ///
    /// # Errors
    /// If it can't be put into this format.
    pub(super) fn all(self, grades: &Grades) -> Result<String> {
        match self {
            Format::Text => Ok(text::render(grades)),
            Format::Markdown => Ok(markdown::render(grades)),
            Format::Csv => Ok(csv::render(grades)),
            Format::Junit => junit::render(grades),
            Format::Json | Format::Gradescope | Format::Classroom50 => json(grades),
        }
    }

    /// The document of one student's grade.
    ///
    /// # Errors
    /// If it can't be put into this format.
    pub(super) fn student(self, grades: &Grades, grade: &Grade, course: &Course) -> Result<String> {
        match self {
            Format::Classroom50 => json(&classroom50::result(grades, grade, course)),
            _ => json(&gradescope::results(grade)),
        }
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// A test's line for a person: the verdict and why.
fn verdict(test: &Test) -> String {
    let word = test.verdict.outcome.word();
    match &test.verdict.reason {
        Some(reason) => format!("{word}: {reason}"),
        None => word.to_owned(),
    }
}

/// Points without needless decimals.
fn points(points: f64) -> String {
    let text = format!("{points:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
