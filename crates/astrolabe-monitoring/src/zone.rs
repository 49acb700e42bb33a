//! Where a node is: a path of names such as `/paris/rack-2/n7`, and the zones above it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;

/// Bytes of one name at most, and names in one path at most. They bound the size of a row.
const LONGEST_NAME: usize = 16;
pub(crate) const DEEPEST: usize = 6;

/// A name's hash, by which rows are sorted and told apart within a zone.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(pub u64);

impl Key {
    /// The 64-bit FNV-1a hash of a name: the same on every machine, for ever.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Key(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }
}

/// A node's path from the root. Clones share it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    names: Arc<[Arc<str>]>,
    keys: Arc<[Key]>,
    full: Arc<str>,
}

impl Path {
    /// How many names it has: the zones above the node, the root included.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.names.len()
    }

    /// The name at a level: the child of the zone of that level on the way to the node.
    #[must_use]
    pub fn name(&self, level: usize) -> &Arc<str> {
        &self.names[level]
    }

    /// The key of [`name`](Self::name).
    #[must_use]
    pub fn key(&self, level: usize) -> Key {
        self.keys[level]
    }

    /// The whole path as text.
    #[must_use]
    pub fn as_arc(&self) -> &Arc<str> {
        &self.full
    }

    /// The zone of a level as text: level 0 is the root, `/`.
    #[must_use]
    pub fn zone(&self, level: usize) -> String {
        match level {
            0 => "/".to_owned(),
            _ => self.names[..level]
                .iter()
                .fold(String::new(), |mut zone, name| {
                    zone.push('/');
                    zone.push_str(name);
                    zone
                }),
        }
    }

    /// How many zones (the root is one) two nodes have in common: the tables that they share.
    #[must_use]
    pub fn shared(&self, other: &Path) -> usize {
        let most = self.depth().min(other.depth());
        let common = self.keys.iter().zip(other.keys.iter());
        let common = common.take_while(|(ours, theirs)| ours == theirs).count();
        // A node that is called as we are shares our zones, but isn't one.
        (common + 1).min(most)
    }
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::Path {
            path: text.to_owned(),
            why,
        };
        let names = text
            .strip_prefix('/')
            .ok_or_else(|| wrong("it must begin with a slash".to_owned()))?;
        let names: Vec<Arc<str>> = names.split('/').map(Arc::from).collect();
        if names.len() > DEEPEST {
            return Err(wrong(format!("it has more than {DEEPEST} names")));
        }
        for name in &names {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(allowed) {
                return Err(wrong(format!(
                    "{name:?} is no name: 1 to {LONGEST_NAME} of a-z, A-Z, 0-9, '-', '_' and '.'"
                )));
            }
        }
        Ok(Path {
            keys: names.iter().map(|name| Key::of(name)).collect(),
            names: names.into(),
            full: text.into(),
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        text.parse().expect("a path")
    }

    #[test]
    fn zones_are_shared_down_to_where_paths_part() {
        let node = path("/a/r1/n1");
        for (other, shared) in [
            ("/a/r1/n2", 3),
            ("/a/r2/n1", 2),
            ("/b/r1/n1", 1),
            ("/a/r1/n1", 3),
            ("/a", 1),
        ] {
            assert_eq!(node.shared(&path(other)), shared, "{other}");
        }
        assert_eq!((node.zone(0), node.zone(2)), ("/".into(), "/a/r1".into()));
    }

    #[test]
    fn a_bad_path_says_which_name() {
        for (text, part) in [
            ("a/b", "slash"),
            ("/a//b", "\"\""),
            ("/a/seventeen-letters", "seventeen"),
            ("/a/b c", "b c"),
            ("/1/2/3/4/5/6/7", "more than 6"),
        ] {
            let error = text.parse::<Path>().expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
