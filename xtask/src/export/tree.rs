//! A folder's files in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

/// One file.
#[derive(Clone, Debug)]
struct File {
    bytes: Vec<u8>,
    executable: bool,
}

/// Files by their path relative to some folder, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<PathBuf, File>,
}

impl Tree {
    /// Everything in a folder but entries with one of the names in `skip`, at any depth.
    ///
    /// # Errors
    /// If a file can't be read, or is a link: that would lead out of what is exported.
    pub(crate) fn read(folder: &Path, skip: &[&str]) -> Result<Self> {
        let mut tree = Tree::default();
        let entries = WalkDir::new(folder)
            .into_iter()
            .filter_entry(|entry| !skip.iter().any(|name| entry.file_name() == *name));
        for entry in entries {
            let entry = entry?;
            if entry.path_is_symlink() {
                bail!(
                    "{} is a link; a lab's files must be its own",
                    entry.path().display()
                );
            }
            if entry.file_type().is_file() {
                tree.copy(folder, entry.path().strip_prefix(folder)?)?;
            }
        }
        Ok(tree)
    }

    /// Takes one file of a folder in, at the same relative path.
    pub(crate) fn copy(&mut self, folder: &Path, path: &Path) -> Result<()> {
        let from = folder.join(path);
        let bytes = fs::read(&from).with_context(|| format!("reading {}", from.display()))?;
        let executable = is_executable(&from)?;
        self.files
            .insert(path.to_path_buf(), File { bytes, executable });
        Ok(())
    }

    /// Takes a text in.
    pub(crate) fn text(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        let file = File {
            bytes: text.into().into_bytes(),
            executable: false,
        };
        self.files.insert(path.into(), file);
    }

    /// The text of a file, if there is one of that path.
    ///
    /// # Errors
    /// If it isn't text.
    pub(crate) fn get_text(&self, path: impl AsRef<Path>) -> Result<Option<&str>> {
        let path = path.as_ref();
        let file = self.files.get(path);
        file.map(|file| str::from_utf8(&file.bytes))
            .transpose()
            .with_context(|| format!("{} isn't UTF-8", path.display()))
    }

    /// Paths and contents, in the order of the paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files
            .iter()
            .map(|(path, file)| (path.as_path(), file.bytes.as_slice()))
    }

    /// Whether there is a file of that path or a folder with files in it.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.files.keys().any(|known| known.starts_with(path))
    }

    /// The same files inside a folder.
    pub(crate) fn under(self, folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        let files = self.files.into_iter();
        Tree {
            files: files
                .map(|(path, file)| (folder.join(path), file))
                .collect(),
        }
    }

    /// What is inside a folder, by paths relative to it.
    pub(crate) fn inside(&self, folder: &Path) -> Self {
        let files = self.files.iter().filter_map(|(path, file)| {
            let path = path.strip_prefix(folder).ok()?;
            Some((path.to_path_buf(), file.clone()))
        });
        Tree {
            files: files.collect(),
        }
    }

    /// Takes all of another tree in; its files win.
    pub(crate) fn merge(&mut self, other: Tree) {
        self.files.extend(other.files);
    }

    /// Leaves a file or a whole folder out.
    pub(crate) fn remove_under(&mut self, path: impl AsRef<Path>) {
        self.files
            .retain(|known, _| !known.starts_with(path.as_ref()));
    }

    /// Rewrites the texts with an extension inside a folder.
    ///
    /// # Errors
    /// The first of `change`'s, or if such a file isn't text.
    pub(crate) fn map_text(
        mut self,
        folder: &str,
        extension: &str,
        change: impl Fn(&Path, &str) -> Result<String>,
    ) -> Result<Self> {
        for (path, file) in &mut self.files {
            if path.starts_with(folder) && path.extension().is_some_and(|e| e == extension) {
                let text = str::from_utf8(&file.bytes)
                    .with_context(|| format!("{} isn't UTF-8", path.display()))?;
                file.bytes = change(path, text)?.into_bytes();
            }
        }
        Ok(self)
    }

    /// Writes all files into a folder. Files that are as they should be aren't touched, so that
    /// cargo doesn't build them again.
    ///
    /// # Errors
    /// If a file or folder can't be made.
    pub(crate) fn write(&self, to: &Path) -> Result<()> {
        fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
        for (path, file) in &self.files {
            write_file(&to.join(path), file)?;
        }
        Ok(())
    }

    /// As [`Tree::write`], and what else is in the folder is deleted.
    ///
    /// # Errors
    /// If a file or folder can't be made or deleted.
    pub(crate) fn mirror(&self, to: &Path) -> Result<()> {
        self.write(to)?;
        for entry in WalkDir::new(to) {
            let entry = entry?;
            let known = self.files.contains_key(entry.path().strip_prefix(to)?);
            if !entry.file_type().is_dir() && !known {
                fs::remove_file(entry.path())
                    .with_context(|| format!("deleting {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

fn write_file(path: &Path, file: &File) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == file.bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    fs::write(path, &file.bytes).with_context(|| format!("writing {}", path.display()))?;
    if file.executable {
        make_executable(path)?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o111 != 0)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}
