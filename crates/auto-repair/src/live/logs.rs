//! The last lines that a service wrote, in bounded memory.

use std::collections::VecDeque;
use std::fmt;

/// How many lines are kept of each service.
const LINES: usize = 200;

/// How long a line may be, in bytes; a longer one is cut into several.
const LONGEST: usize = 1024;

/// One line of a service's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it was written to the standard error.
    pub is_error: bool,
    /// The text; what isn't UTF-8 is replaced.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_error { "! " } else { "  " };
        write!(f, "{mark}{}", self.text)
    }
}

/// The output of one service, over all of its processes.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: VecDeque<Line>,
    /// The beginnings of lines whose ends haven't come yet, of both streams.
    begun: [Vec<u8>; 2],
}

impl Log {
    /// Takes in what was read, and gives back the lines that are complete by it.
    pub(super) fn push(&mut self, is_error: bool, bytes: &[u8]) -> Vec<String> {
        // BEGIN SOLUTION stage 5: join what was begun, cut at line ends and at the longest length
        let mut begun = std::mem::take(&mut self.begun[usize::from(is_error)]);
        let mut complete = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                complete.push(self.keep(is_error, &begun));
                begun.clear();
                continue;
            }
            if begun.len() == LONGEST {
                complete.push(self.keep(is_error, &begun));
                begun.clear();
            }
            begun.push(*byte);
        }
        self.begun[usize::from(is_error)] = begun;
        complete
        // END SOLUTION
    }

    /// The process has ended: what it began is all there will be.
    pub(super) fn end(&mut self) {
        for is_error in [false, true] {
            let begun = std::mem::take(&mut self.begun[usize::from(is_error)]);
            if !begun.is_empty() {
                self.keep(is_error, &begun);
            }
        }
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }

    fn keep(&mut self, is_error: bool, line: &[u8]) -> String {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line).into_owned();
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line {
            is_error,
            text: text.clone(),
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_cut_and_bounded() {
        let mut log = Log::default();
        assert_eq!(log.push(false, b"one\ntw"), ["one"]);
        assert_eq!(log.push(true, b"error\r\n"), ["error"]);
        assert_eq!(log.push(false, b"o\n\xff\n"), ["two", "\u{fffd}"]);
        let cut = log.push(false, &[b'x'; 2 * LONGEST + 1]);
        assert_eq!(
            cut.iter().map(String::len).collect::<Vec<_>>(),
            [LONGEST; 2]
        );
        log.end();
        assert_eq!(log.lines().last().map(|line| line.text.as_str()), Some("x"));
        log.push(false, "line\n".repeat(10 * LINES).as_bytes());
        assert_eq!(log.lines().len(), LINES);
    }
}
