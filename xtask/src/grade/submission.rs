//! What a student handed in: only the `src` folder counts, and only plain files of sane size.

use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use crate::export::Tree;

/// The largest file that is taken, in bytes.
const LARGEST: u64 = 1 << 20;
/// The most that all files may have together, in bytes.
const TOTAL: u64 = 16 << 20;
/// The most files and folders.
const ENTRIES: usize = 1000;
/// How many folders that contain nothing but one folder are stepped into: an archive often unpacks
/// into one of its own.
const WRAPPERS: usize = 2;

/// One student's folder.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) student: String,
    pub(super) folder: PathBuf,
}

/// Every folder in a roster's folder is one student's, named as the student.
///
/// # Errors
/// If the folder can't be read or holds no folder.
pub(super) fn roster(folder: &Path) -> Result<Vec<Submission>> {
    let mut submissions = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let student = entry.file_name().to_string_lossy().into_owned();
        if !student.starts_with('.') && entry.path().is_dir() {
            submissions.push(Submission {
                student,
                folder: entry.path(),
            });
        }
    }
    if submissions.is_empty() {
        bail!(
            "{} holds no folders; a roster has one for each student",
            folder.display()
        );
    }
    submissions.sort_by(|one, other| one.student.cmp(&other.student));
    Ok(submissions)
}

impl Submission {
    /// One submission; the student's name is the folder's unless another one is given.
    ///
    /// # Errors
    /// If there is no such folder, or no name.
    pub(super) fn new(folder: &Path, student: Option<&str>) -> Result<Self> {
        let folder = fs::canonicalize(folder)
            .with_context(|| format!("there is no submission {}", folder.display()))?;
        let own = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let student = student.map(str::to_owned).or(own).unwrap_or_default();
        if student.is_empty() || student.contains(['/', '\0', '\n']) || student.starts_with('.') {
            bail!("{student:?} is no name for a student; give one with --student");
        }
        Ok(Submission { student, folder })
    }

    /// The files of its `src` folder, with paths as in the lab's folder. What is refused is told in
    /// words for the student.
    pub(super) fn read(&self, lab: &str) -> Result<Tree, String> {
        let base = source_parent(&self.folder, lab)?;
        let mut tree = Tree::default();
        let (mut total, mut entries) = (0, 0);
        for entry in WalkDir::new(base.join("src")).follow_links(false) {
            let entry = entry.map_err(|error| format!("src can't be read: {error}"))?;
            let path = entry.path().strip_prefix(&base).unwrap_or(entry.path());
            entries += 1;
            if entries > ENTRIES {
                return Err(format!("src has more than {ENTRIES} files and folders"));
            }
            if entry.file_type().is_dir() {
                continue;
            }
            refuse_odd(path, entry.file_type())?;
            let size = entry.metadata().map_err(|error| error.to_string())?.len();
            total += size;
            if size > LARGEST {
                return Err(format!("{} has more than 1 MiB", path.display()));
            }
            if total > TOTAL {
                return Err("src has more than 16 MiB".to_owned());
            }
            tree.copy(&base, path).map_err(|error| error.to_string())?;
        }
        Ok(tree)
    }
}

/// The folder whose `src` is meant: that of the lab in an exported workspace, or the lab alone.
fn source_parent(folder: &Path, lab: &str) -> Result<PathBuf, String> {
    let mut folder = folder.to_path_buf();
    for _ in 0..=WRAPPERS {
        for inside in [&format!("crates/{lab}"), lab, "."] {
            if is_plain_folder(&folder, &Path::new(inside).join("src")) {
                return Ok(folder.join(inside));
            }
        }
        match only_folder(&folder) {
            Some(inner) => folder = inner,
            None => break,
        }
    }
    Err(format!("there is neither crates/{lab}/src nor src"))
}

/// Whether the path is a folder and no step on the way to it is a link.
fn is_plain_folder(base: &Path, path: &Path) -> bool {
    let mut at = base.to_path_buf();
    path.components().all(|part| {
        at.push(part);
        fs::symlink_metadata(&at).is_ok_and(|data| data.is_dir())
    })
}

/// The folder in a folder, if it is all that is there.
fn only_folder(folder: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?;
    let only = entries.next()?.ok()?;
    let is_folder = only.file_type().is_ok_and(|kind| kind.is_dir());
    (is_folder && entries.next().is_none()).then(|| only.path())
}

fn refuse_odd(path: &Path, kind: FileType) -> Result<(), String> {
    match (kind.is_file(), kind.is_symlink()) {
        (true, _) => Ok(()),
        (_, true) => Err(format!("{} is a link; hand in files", path.display())),
        _ => Err(format!("{} isn't a plain file", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(files: &[&str]) -> (tempfile::TempDir, Submission) {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, "//").expect("a file");
        }
        let submission = Submission::new(folder.path(), Some("ann")).expect("it is there");
        (folder, submission)
    }

    fn paths(submission: &Submission) -> Vec<String> {
        let tree = submission.read("lock").expect("it can be read");
        tree.iter()
            .map(|(path, _)| path.display().to_string())
            .collect()
    }

    #[test]
    fn only_src_is_taken_wherever_it_is() {
        for files in [
            &["src/lib.rs", "tests/stage1_x.rs", "build.rs", "Cargo.toml"][..],
            &["lock/src/lib.rs", "lock/build.rs", "README.md"],
            &["crates/lock/src/lib.rs", "crates/labkit/src/lib.rs"],
            &["unpacked/again/crates/lock/src/lib.rs"],
        ] {
            let (_folder, submission) = submission(files);
            assert_eq!(paths(&submission), ["src/lib.rs"], "{files:?}");
        }
        let (_folder, none) = submission(&["lib.rs"]);
        assert!(none.read("lock").expect_err("no src").contains("src"));
    }

    #[test]
    fn links_and_giants_are_refused() {
        let (folder, linked) = submission(&["src/lib.rs"]);
        let link = folder.path().join("src/other.rs");
        std::os::unix::fs::symlink("/etc/passwd", &link).expect("a link");
        assert!(
            linked
                .read("lock")
                .expect_err("a link")
                .contains("other.rs is a link")
        );
        fs::remove_file(&link).expect("it was there");
        let giant = fs::File::create(&link).expect("a file");
        giant.set_len(LARGEST + 1).expect("a sparse file");
        assert!(linked.read("lock").expect_err("a giant").contains("1 MiB"));

        let (folder, whole) = submission(&["other/lib.rs"]);
        std::os::unix::fs::symlink("other", folder.path().join("src")).expect("a link");
        assert!(whole.read("lock").is_err(), "src itself is a link");
    }
}
