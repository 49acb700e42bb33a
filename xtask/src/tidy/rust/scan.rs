//! The scanner that tells code, comments and literals apart.

use std::str::Chars;

use super::is_name;

/// Two views of a text with the same lines as the text.
pub(super) struct Masks {
    /// Without comments and without the insides of literals.
    pub(super) code: String,
    /// Without comments.
    pub(super) literals: String,
}

struct Scanner<'a> {
    rest: Chars<'a>,
    masks: Masks,
}

/// What a character belongs to.
#[derive(Clone, Copy)]
enum Part {
    Code,
    Literal,
    Comment,
}

impl Masks {
    pub(super) fn new(text: &str) -> Self {
        let mut scanner = Scanner {
            rest: text.chars(),
            masks: Masks {
                code: String::with_capacity(text.len()),
                literals: String::with_capacity(text.len()),
            },
        };
        while scanner.ahead(0).is_some() {
            scanner.token();
        }
        scanner.masks
    }
}

impl Scanner<'_> {
    /// A character that is still to come; 0 is the next.
    fn ahead(&self, count: usize) -> Option<char> {
        self.rest.clone().nth(count)
    }

    /// Moves over one character; what isn't shown becomes a blank, lines stay lines.
    fn take(&mut self, part: Part) -> Option<char> {
        let c = self.rest.next()?;
        let blank = if c == '\n' { c } else { ' ' };
        let (code, literal) = match part {
            Part::Code => (c, c),
            Part::Literal => (blank, c),
            Part::Comment => (blank, blank),
        };
        self.masks.code.push(code);
        self.masks.literals.push(literal);
        Some(c)
    }

    fn token(&mut self) {
        match (self.ahead(0), self.ahead(1)) {
            (Some('/'), Some('/')) => self.line_comment(),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(),
            (Some('\''), next) => self.quote(next),
            (Some(c), _) if is_name(c) => self.word(),
            _ => {
                self.take(Part::Code);
            }
        }
    }

    fn line_comment(&mut self) {
        while self.ahead(0).is_some_and(|c| c != '\n') {
            self.take(Part::Comment);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            let step = match (self.ahead(0), self.ahead(1)) {
                (Some('/'), Some('*')) => 1,
                (Some('*'), Some('/')) => -1,
                (None, _) => return,
                _ => 0,
            };
            self.take(Part::Comment);
            if step != 0 {
                self.take(Part::Comment);
                depth = depth.saturating_add_signed(step);
                if depth == 0 {
                    return;
                }
            }
        }
    }

    /// A string with escapes, from its opening quote on.
    fn string(&mut self) {
        self.take(Part::Code);
        while let Some(c) = self.ahead(0) {
            if c == '"' {
                self.take(Part::Code);
                return;
            }
            self.take(Part::Literal);
            if c == '\\' {
                self.take(Part::Literal);
            }
        }
    }

    /// A lifetime or a character: only a character closes its quote right after.
    fn quote(&mut self, next: Option<char>) {
        let is_character = next == Some('\\') || self.ahead(2) == Some('\'');
        self.take(Part::Code);
        if !is_character {
            return;
        }
        if self.take(Part::Literal) == Some('\\') {
            self.take(Part::Literal);
        }
        while self.ahead(0).is_some_and(|c| c != '\'') {
            self.take(Part::Literal);
        }
        self.take(Part::Code);
    }

    /// A name, a number, or what comes before the quote of a raw string.
    fn word(&mut self) {
        let mut word = String::new();
        while let Some(c) = self.ahead(0).filter(|c| is_name(*c)) {
            word.push(c);
            self.take(Part::Code);
        }
        if !matches!(word.as_str(), "r" | "br" | "cr") {
            return;
        }
        let hashes = self.rest.clone().take_while(|c| *c == '#').count();
        if self.ahead(hashes) == Some('"') {
            self.raw_string(hashes);
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        for _ in 0..=hashes {
            self.take(Part::Code);
        }
        while let Some(c) = self.ahead(0) {
            let closing = self.rest.clone().skip(1).take_while(|c| *c == '#').count();
            if c == '"' && closing >= hashes {
                for _ in 0..=hashes {
                    self.take(Part::Code);
                }
                return;
            }
            self.take(Part::Literal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_told_from_code() {
        for (text, code, literals) in [
            ("a // b", "a     ", "a     "),
            (
                "/* a /* b */ c */d",
                "                 d",
                "                 d",
            ),
            ("f(\"x\\\"y\") z", "f(\"    \") z", "f(\"x\\\"y\") z"),
            ("\"// no\" a", "\"     \" a", "\"// no\" a"),
            ("r#\"a\"b\"# c", "r#\"   \"# c", "r#\"a\"b\"# c"),
            ("br\"\\\" c", "br\" \" c", "br\"\\\" c"),
            ("r#type x", "r#type x", "r#type x"),
            ("'a' 'b: '\\'' c", "' ' 'b: '  ' c", "'a' 'b: '\\'' c"),
            ("'{' &'static str", "' ' &'static str", "'{' &'static str"),
            ("\"a\nb\"", "\" \n \"", "\"a\nb\""),
            ("\"open", "\"    ", "\"open"),
        ] {
            let masks = Masks::new(text);
            assert_eq!(masks.code, code, "{text:?}");
            assert_eq!(masks.literals, literals, "{text:?}");
        }
    }
}
