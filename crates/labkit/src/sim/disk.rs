//! A disk that keeps only what was synced.

use crate::rng::Stream;

/// What a node has written: a prefix that is safe, and writes that a crash may lose.
#[derive(Debug, Default)]
pub(super) struct Disk {
    content: Vec<u8>,
    /// How much of `content` can't be torn.
    safe: usize,
    /// What was synced before a replacement that isn't.
    replaced: Option<Vec<u8>>,
}

impl Disk {
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }

    pub(super) fn replace(&mut self, bytes: Vec<u8>) {
        let mut old = std::mem::replace(&mut self.content, bytes);
        if self.replaced.is_none() {
            old.truncate(self.safe);
            self.replaced = Some(old);
        }
        // Renaming is atomic: if the new content is there, all of it is.
        self.safe = self.content.len();
    }

    pub(super) fn sync(&mut self) {
        self.safe = self.content.len();
        self.replaced = None;
    }

    /// The power fails: of what isn't synced, some reached the disk and the rest didn't. The cut is
    /// at any byte, so that the last write may be torn.
    pub(super) fn crash(&mut self, chance: &mut Stream) {
        if let Some(old) = self.replaced.take()
            && chance.below(2) == 0
        {
            // The rename hadn't reached the disk.
            self.content = old;
        } else {
            let loose = self.content.len() - self.safe;
            self.content.truncate(self.safe + chance.index(loose + 1));
        }
        self.safe = self.content.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_what_was_synced_and_tears_the_rest() {
        let mut kept = [false; 5];
        for seed in 0..200 {
            let mut disk = Disk::default();
            disk.append(b"safe");
            disk.sync();
            disk.append(b"lose");
            disk.crash(&mut Stream::named(seed, "disk"));
            assert!(b"safelose".starts_with(disk.content()), "{disk:?}");
            kept[disk.content().len() - 4] = true;
        }
        assert_eq!(kept, [true; 5], "every cut happens");
    }

    #[test]
    fn a_replacement_that_was_not_synced_is_there_or_is_not() {
        let (mut old, mut new) = (0, 0);
        for seed in 0..100 {
            let mut disk = Disk::default();
            disk.append(b"old");
            disk.sync();
            disk.append(b" and never synced");
            disk.replace(Vec::new());
            disk.crash(&mut Stream::named(seed, "disk"));
            match disk.content() {
                b"old" => old += 1,
                b"" => new += 1,
                other => panic!("{other:?} was never on the disk"),
            }
        }
        assert!(old > 0 && new > 0);
    }
}
