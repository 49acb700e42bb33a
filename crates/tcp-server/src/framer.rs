//! Bytes into lines. TCP carries a stream: a line may come in many pieces, or many lines in one.
//!
//! Never reads, keeps or copies bytes. Whoever has them shows the framer everything that isn't used
//! up yet, and is told what stands at its beginning.

use std::io::BufRead;

/// Finds line ends (LF or CRLF) and lines that are too long.
#[derive(Clone, Debug)]
pub struct Framer {
    /// The most bytes that a line may have, its end not counted.
    limit: usize,
    /// How much of what is to be looked at has been searched in vain already. Without it, a peer
    /// that sends single bytes would cost the square of the limit for every line.
    searched: usize,
    /// Whether what comes is the rest of a line that was too long.
    skipping: bool,
}

/// What stood at the beginning of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole line, without its end.
    Line {
        /// Its bytes, not necessarily UTF-8.
        text: &'a [u8],
        /// Whether it ended with CRLF, and not with LF alone.
        crlf: bool,
    },
    /// A line longer than the limit. It is told once, as soon as it is certain; what is left of the
    /// line is skipped, and the next line is as good as any.
    TooLong,
}

/// One step of a framer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// How many bytes are used up; the next step begins after them.
    pub used: usize,
    /// What was found; none if more bytes are needed.
    pub frame: Option<Frame<'a>>,
}

impl Framer {
    /// A framer for lines of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Framer {
            limit,
            searched: 0,
            skipping: false,
        }
    }

    /// The next frame at the beginning of `bytes`: everything that has come and isn't used up.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Found<'a> {
        let skipped = if self.skipping { self.skip(bytes) } else { 0 };
        let rest = &bytes[skipped..];
        let found = self.line_or_not(rest);
        Found {
            used: skipped + found.used,
            frame: found.frame,
        }
    }

    /// What stands in `bytes` when no more will come: a last line needs no end.
    pub fn last<'a>(&mut self, bytes: &'a [u8]) -> Option<Frame<'a>> {
        if self.skipping || bytes.is_empty() {
            return None;
        }
        Some(self.line(bytes))
    }

    /// A line, if `bytes` (which don't belong to a skipped one) hold its end.
    fn line_or_not<'a>(&mut self, bytes: &'a [u8]) -> Found<'a> {
        // BEGIN SOLUTION stage 1: where does the line end, and what if its end hasn't come yet?
        let Some(at) = line_end(&bytes[self.searched..]) else {
            self.searched = bytes.len();
            return self.not_yet(bytes);
        };
        let end = self.searched + at;
        self.searched = 0;
        Found {
            used: end + 1,
            frame: Some(self.line(&bytes[..end])),
        }
        // END SOLUTION
    }

    /// There is no line end in `bytes`. Is there hope for one within the limit?
    fn not_yet(&mut self, bytes: &[u8]) -> Found<'static> {
        // The one byte more may be the CR of a line end.
        if bytes.len() <= self.limit + 1 {
            return Found {
                used: 0,
                frame: None,
            };
        }
        // BEGIN SOLUTION stage 2: it is too long, and its end is still to come; what is remembered?
        self.searched = 0;
        self.skipping = true;
        Found {
            used: bytes.len(),
            frame: Some(Frame::TooLong),
        }
        // END SOLUTION
    }

    /// How many bytes still belong to the line that is skipped.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        // BEGIN SOLUTION stage 2: skip up to and with the line end, if it is there
        match line_end(bytes) {
            Some(at) => {
                self.skipping = false;
                at + 1
            }
            None => bytes.len(),
        }
        // END SOLUTION
    }

    /// A line whose LF has been taken off.
    fn line<'a>(&self, bytes: &'a [u8]) -> Frame<'a> {
        if bytes.len() <= self.limit && !bytes.ends_with(b"\r") {
            return Frame::Line {
                text: bytes,
                crlf: false,
            };
        }
        // BEGIN SOLUTION stage 2: a CR before the LF is no part of the line; what is too long then?
        let without = bytes.strip_suffix(b"\r");
        let text = without.unwrap_or(bytes);
        if text.len() > self.limit {
            return Frame::TooLong;
        }
        Frame::Line {
            text,
            crlf: without.is_some(),
        }
        // END SOLUTION
    }
}

/// The place of the first LF.
fn line_end(bytes: &[u8]) -> Option<usize> {
    // Read as if it were a file, a slice is searched many bytes at a time; by an iterator, singly.
    let mut rest = bytes;
    let passed = rest
        .skip_until(b'\n')
        .expect("reading a slice doesn't fail");
    bytes[..passed].ends_with(b"\n").then(|| passed - 1)
}
