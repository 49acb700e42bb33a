//! A node's files: one for each object that it holds, with its version inside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::catalogue::spread;

/// How many bytes at a file's front hold its version.
const VERSION_BYTES: usize = 4;

/// What an object's file holds in a version: the version, then bytes that no other has.
#[must_use]
pub fn content(object: u32, version: u32, size: u32) -> Vec<u8> {
    let mut content = Vec::with_capacity(size as usize + 8);
    content.extend_from_slice(&version.to_le_bytes());
    let mut word = u64::from(object) << 32 | u64::from(version);
    while content.len() < size as usize {
        word = spread(word);
        content.extend_from_slice(&word.to_le_bytes());
    }
    content.truncate(size as usize);
    content
}

/// A file's version; none if it is too short to have one.
#[must_use]
pub fn version_of(content: &[u8]) -> Option<u32> {
    let bytes = content.get(..VERSION_BYTES)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

/// A folder of files. No older version ever takes a newer one's place, and none is seen half-written.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// Guards the folder: looking and replacing are one step.
    turn: Mutex<()>,
}

impl Store {
    /// The files in a folder, which must be there.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Store {
            folder,
            turn: Mutex::new(()),
        }
    }

    /// An object's file, if there is one.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn get(&self, object: u32) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(object)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a version of an object, unless there is a newer one.
    ///
    /// # Errors
    /// If it can't be written, or has no version.
    pub fn put(&self, object: u32, content: &[u8]) -> io::Result<()> {
        let version = version_of(content).ok_or(io::ErrorKind::InvalidData)?;
        let _turn = self.take_turn();
        let there = self.get(object)?;
        // BEGIN SOLUTION stage 6: is what is there newer? a reader must see the old file or the new one
        if there.and_then(|there| version_of(&there)) > Some(version) {
            return Ok(());
        }
        let path = self.path(object);
        let fresh = path.with_extension("new");
        fs::write(&fresh, content)?;
        fs::rename(&fresh, &path)
        // END SOLUTION
    }

    /// Deletes an object's file, if there is one, and if it is older than a version that is given.
    ///
    /// # Errors
    /// If it can't be deleted.
    pub fn remove(&self, object: u32, older_than: Option<u32>) -> io::Result<()> {
        let _turn = self.take_turn();
        let version = self.get(object)?.and_then(|there| version_of(&there));
        let goes = older_than.is_none_or(|newer| version < Some(newer));
        if version.is_some() && goes {
            fs::remove_file(self.path(object))?;
        }
        Ok(())
    }

    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, object: u32) -> PathBuf {
        self.folder.join(Path::new(&object.to_string()))
    }
}
