//! The key that all nodes of a tree share.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;
use crate::wire::Seal;

/// A key has at least so many bytes (what HMAC's security is counted by is the hash's length, 32) and at
/// most so many.
const SHORTEST: usize = 16;
const LONGEST: u64 = 1024;

/// The key of those who give none. Everybody who has this program has it.
const OPEN: &[u8] = b"astrolabe-monitoring: open to everybody on this machine";

/// The seal of the key in a file (`-` is the standard input, to its end). Without one there is a key that
/// everybody knows, which is said.
///
/// # Errors
/// If the file can't be read, or its content is too short or too long to be a key.
pub fn seal(path: Option<&Path>) -> Result<Seal, Error> {
    let Some(path) = path else {
        tracing::warn!("no --key-file: everybody who can reach this port can write rows");
        return Ok(Seal::new(OPEN));
    };
    let wrong = |why: String| Error::Key {
        path: path.to_owned(),
        why,
    };
    let key = read(path).map_err(|error| wrong(error.to_string()))?;
    if key.len() < SHORTEST || key.len() as u64 > LONGEST {
        let why = format!("it has {} bytes, not {SHORTEST} to {LONGEST}", key.len());
        return Err(wrong(why));
    }
    Ok(Seal::new(&key))
}

/// The content, up to one byte more than a key may have.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = Vec::new();
    if path == Path::new("-") {
        io::stdin().take(LONGEST + 1).read_to_end(&mut key)?;
    } else {
        File::open(path)?.take(LONGEST + 1).read_to_end(&mut key)?;
    }
    Ok(key)
}
