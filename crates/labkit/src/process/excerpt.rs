//! The beginning and the end of a stream, in bounded memory.

use std::collections::VecDeque;

/// What was kept of a stream: all of it up to a limit, beyond that its head and its tail.
#[derive(Clone, Debug, Default)]
pub struct Excerpt {
    limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Excerpt {
    /// An empty one that keeps at most `limit` bytes, half of them from the end.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Excerpt {
            limit,
            ..Self::default()
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = (self.limit / 2).saturating_sub(self.head.len());
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        let room = self.limit - self.limit / 2;
        let last = &rest[rest.len().saturating_sub(room)..];
        let dropped = (self.tail.len() + last.len()).saturating_sub(room);
        self.tail.drain(..dropped);
        self.tail.extend(last);
    }

    /// How many bytes the stream had.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many of them weren't kept.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// The text, with a line that says how much is missing in the middle; what isn't UTF-8 is
    /// replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.left_out() == 0 {
            // The border between the halves may be inside a character.
            let whole = [self.head.as_slice(), &tail].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        format!(
            "{}\n[... {} bytes left out ...]\n{}",
            String::from_utf8_lossy(&self.head),
            self.left_out(),
            String::from_utf8_lossy(&tail)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(limit: usize, pieces: &[&str]) -> Excerpt {
        let mut excerpt = Excerpt::new(limit);
        for piece in pieces {
            excerpt.push(piece.as_bytes());
        }
        excerpt
    }

    #[test]
    fn what_fits_is_kept_whole() {
        assert_eq!(excerpt(10, &["a", "bcé", "fghi"]).text(), "abcéfghi");
        assert_eq!(excerpt(10, &["0123456789"]).text(), "0123456789");
        assert_eq!(excerpt(0, &[]).text(), "");
    }

    #[test]
    fn beyond_the_limit_head_and_tail_are_kept() {
        for pieces in [&["0123456789abcdef"][..], &["012", "3456789a", "bcd", "ef"]] {
            let kept = excerpt(6, pieces);
            assert_eq!(kept.text(), "012\n[... 10 bytes left out ...]\ndef");
            assert_eq!((kept.total(), kept.left_out()), (16, 10));
        }
    }
}
