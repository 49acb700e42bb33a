//! A course of two labs in a folder of its own, and the runner at work on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A copy of the fixture; deleted with the value.
pub(crate) struct Course {
    folder: TempDir,
}

impl Course {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/course");
        copy(&fixture, folder.path());
        Course { folder }
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Replaces a text in one of its files.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.path(path);
        let text = fs::read_to_string(&path).expect("a file of the course");
        assert!(text.contains(from), "{} lacks {from}", path.display());
        fs::write(&path, text.replacen(from, to, 1)).expect("a file of the course");
    }

    /// Runs a verb.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Answer {
        self.run(env!("CARGO_BIN_EXE_xtask"), self.folder.path(), arguments)
    }

    /// Runs a program in some folder; whatever cargo builds goes into the course's own.
    pub(crate) fn run(&self, program: &str, folder: &Path, arguments: &[&str]) -> Answer {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("RUSTFLAGS")
            .output()
            .expect("the program starts");
        Answer::new(&output)
    }
}

/// What a program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    /// Both of its streams.
    pub(crate) text: String,
}

impl Answer {
    fn new(output: &Output) -> Self {
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        Answer {
            code: output.status.code(),
            text: String::from_utf8_lossy(&said).into_owned(),
        }
    }

    /// Fails unless it ended with this code and said all of this.
    pub(crate) fn expect(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for words in words {
            assert!(self.text.contains(words), "lacks {words:?}:\n{}", self.text);
        }
        self
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder");
    for entry in fs::read_dir(from).expect("a folder of the fixture") {
        let entry = entry.expect("an entry of the fixture");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file of the fixture");
        }
    }
}
