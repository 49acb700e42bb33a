//! As much of Rust's grammar as the rules need: comments, literals, test code, functions.
//!
//! Not a parser: a scanner that blanks out what isn't code, so that looking for a word in what is
//! left doesn't find it in a comment or a string.

use std::ops::Range;

mod scan;

use scan::Masks;

/// A source file taken apart; all three views have the same lines.
#[derive(Debug)]
pub(crate) struct Source {
    /// The lines as they are.
    pub(super) raw: Vec<String>,
    /// Comments and the insides of literals blanked out.
    pub(super) code: Vec<String>,
    /// Only comments blanked out.
    pub(super) literals: Vec<String>,
    /// Line ranges of inline test modules, from their attribute to their closing brace.
    pub(super) test_modules: Vec<Range<usize>>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(super) name: String,
    /// From the line with `fn` to that with the closing brace.
    pub(super) lines: Range<usize>,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let masks = Masks::new(text);
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let code = lines(&masks.code);
        Source {
            raw: lines(text),
            test_modules: test_modules(&code),
            code,
            literals: lines(&masks.literals),
        }
    }

    /// How many of these lines hold more than comments and blanks.
    pub(super) fn code_lines(&self, lines: Range<usize>) -> usize {
        let lines = &self.literals[lines];
        lines.iter().filter(|line| !line.trim().is_empty()).count()
    }

    /// Whether a line is inside an inline test module.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.test_modules
            .iter()
            .any(|module| module.contains(&line))
    }

    /// All functions with a body, nested ones too.
    pub(super) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (at, line) in self.code.iter().enumerate() {
            for (column, name) in function_names(line) {
                if let Some(end) = body_end(&self.code, at, column) {
                    found.push(Function {
                        name: name.to_owned(),
                        lines: at..end + 1,
                    });
                }
            }
        }
        found
    }
}

/// The names after the keyword `fn` on a line, and the columns where they begin.
fn function_names(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.match_indices("fn ").filter_map(move |(at, keyword)| {
        let is_word = line[..at].chars().next_back().is_none_or(|c| !is_name(c));
        let start = at + keyword.len();
        let name = line[start..].split(|c| !is_name(c)).next()?;
        (is_word && !name.is_empty()).then_some((start, name))
    })
}

/// The line on which a function's body ends; none if it has no body.
fn body_end(code: &[String], line: usize, column: usize) -> Option<usize> {
    let mut brackets = 0_usize;
    for (at, text) in code.iter().enumerate().skip(line) {
        let start = if at == line { column } else { 0 };
        for (place, c) in text[start..].char_indices() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if brackets == 0 => return None,
                '{' if brackets == 0 => return block_end(code, at, start + place),
                _ => {}
            }
        }
    }
    None
}

/// The line on which the block ends that opens at this column.
fn block_end(code: &[String], line: usize, column: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, text) in code.iter().enumerate().skip(line) {
        let start = if at == line { column } else { 0 };
        for c in text[start..].chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// Modules with a body below an attribute `#[cfg(test)]` or `#[cfg(all(test, ...))]`.
fn test_modules(code: &[String]) -> Vec<Range<usize>> {
    let is_test = |line: &str| {
        line.trim_start().starts_with("#[cfg(")
            && line.split(|c| !is_name(c)).any(|word| word == "test")
            && !line.contains("not(test")
    };
    let mut found = Vec::new();
    for (at, _) in code.iter().enumerate().filter(|(_, line)| is_test(line)) {
        let next = code[at + 1..]
            .iter()
            .position(|line| !(line.trim().is_empty() || line.trim_start().starts_with("#[")));
        let Some(line) = next.map(|next| at + 1 + next) else {
            continue;
        };
        let Some(column) = code[line].find('{').filter(|_| code[line].contains("mod ")) else {
            continue;
        };
        if let Some(end) = block_end(code, line, column) {
            found.push(at..end + 1);
        }
    }
    found
}

/// Whether a character may be part of a name.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
//! fn in_a_comment() {}

trait Shape {
    fn area(&self) -> [u8; 2];
}

fn outer(callback: fn(u32) -> u32) -> String {
    fn inner() {}
    let brace = '{';
    format!(\"{brace} fn text() {{\")
}

#[cfg(all(test, not(loom)))]
#[expect(dead_code, reason = \"why\")]
mod tests {
    fn helper() {
    }
}
";

    #[test]
    fn functions_are_found_with_their_ends() {
        let found = Source::new(TEXT).functions();
        let names: Vec<_> = found
            .iter()
            .map(|function| (function.name.as_str(), function.lines.clone()))
            .collect();
        assert_eq!(
            names,
            [("outer", 6..11), ("inner", 7..8), ("helper", 15..17)]
        );
    }

    #[test]
    fn inline_tests_are_found() {
        let source = Source::new(TEXT);
        assert_eq!(source.test_modules.len(), 1);
        assert_eq!(source.test_modules[0], 12..18);
        assert!(source.is_test(15) && !source.is_test(7));
        assert!(
            Source::new("#[cfg(not(test))]\nmod a {\n}\n")
                .test_modules
                .is_empty()
        );
        assert!(
            Source::new("#[cfg(test)]\nmod tests;\n")
                .test_modules
                .is_empty()
        );
    }

    #[test]
    fn blank_lines_and_comments_are_no_code() {
        let source = Source::new("// a\n\nfn a() {\n    /* b\n    c */\n}\n");
        assert_eq!(source.code_lines(0..6), 2);
    }
}
