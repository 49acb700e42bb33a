//! Where results go: one format to stdout or a file, several into a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::format::{self, Format};
use super::model::Grades;

/// The folder for more than one document, unless another one is named.
const FOLDER: &str = "grades";

/// Where the results of a call are to go.
#[derive(Debug)]
pub(super) struct Output {
    formats: Vec<Format>,
    path: Option<PathBuf>,
    /// Whether the grades are a roster's.
    many: bool,
    course: format::Course,
}

impl Output {
    /// What was asked for; what makes more than one document goes into a folder in any case.
    pub(super) fn new(
        formats: &[Format],
        path: Option<PathBuf>,
        many: bool,
        course: format::Course,
    ) -> Self {
        let mut formats = formats.to_vec();
        formats.sort_unstable();
        formats.dedup();
        let mut output = Output {
            formats,
            path,
            many,
            course,
        };
        if output.path.is_none() && output.is_folder() {
            output.path = Some(PathBuf::from(FOLDER));
        }
        output
    }

    /// Whether who called sees the warnings in the results already.
    pub(super) fn tells_warnings(&self) -> bool {
        self.path.is_none() && self.formats == [Format::Text]
    }

    /// Whether the path is that of a folder.
    fn is_folder(&self) -> bool {
        self.formats.len() > 1 || self.formats.iter().any(|format| self.has_many(*format))
    }

    /// Whether the format makes a document for each student and there may be more than one.
    fn has_many(&self, format: Format) -> bool {
        self.many && format.is_per_student()
    }

    /// Writes all documents.
    ///
    /// # Errors
    /// If one can't be written.
    pub(super) fn write(&self, grades: &Grades) -> Result<()> {
        let Some(path) = &self.path else {
            let text = self.documents(grades)?.into_iter().map(|(_, text)| text);
            labkit::run::print(&text.collect::<String>())?;
            return Ok(());
        };
        let documents = self.documents(grades)?;
        let count = documents.len();
        for (name, text) in documents {
            if self.is_folder() {
                write(&path.join(name), &text)?;
            } else {
                write(path, &text)?;
            }
        }
        if self.is_folder() {
            eprintln!("{count} files are in {}", path.display());
        }
        Ok(())
    }

    /// Every document with its path in a folder.
    fn documents(&self, grades: &Grades) -> Result<Vec<(PathBuf, String)>> {
        let mut documents = Vec::new();
        for format in &self.formats {
            if format.is_per_student() {
                for grade in &grades.grades {
                    let text = format.student(grades, grade, &self.course)?;
                    let mut name = PathBuf::from(format.file());
                    if self.many || self.formats.len() > 1 {
                        name.push(format!("{}.json", grade.student));
                    }
                    documents.push((name, text));
                }
            } else {
                documents.push((PathBuf::from(format.file()), format.all(grades)?));
            }
        }
        Ok(documents)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
