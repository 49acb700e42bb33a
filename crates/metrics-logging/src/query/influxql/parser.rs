//! From words to questions, by recursive descent: the words, and which question they begin.

use super::Statement;
use super::tokens::{Placed, Token, wrong};
use crate::error::Error;

/// Reads words one after another.
pub(super) struct Parser<'a> {
    tokens: &'a [Placed],
    at: usize,
    /// The place after the last character.
    end: usize,
    /// What `now()` means.
    pub(super) now: i64,
}

impl<'a> Parser<'a> {
    pub(super) fn new(tokens: &'a [Placed], end: usize, now: i64) -> Self {
        Parser {
            tokens,
            at: 0,
            end,
            now,
        }
    }

    pub(super) fn statements(mut self) -> Result<Vec<Statement>, Error> {
        let mut all = Vec::new();
        loop {
            while self.sign(";") {}
            if self.peek().is_none() {
                break;
            }
            all.push(self.statement()?);
            if self.peek().is_some() && !self.sign(";") {
                return Err(self.expected("the end or ;"));
            }
        }
        if all.is_empty() {
            return Err(wrong(1, "nothing is asked; try SHOW MEASUREMENTS"));
        }
        Ok(all)
    }

    fn statement(&mut self) -> Result<Statement, Error> {
        if self.word("select") {
            return Ok(Statement::Select(self.select()?));
        }
        if self.word("create") {
            self.must("database")?;
            return Ok(Statement::CreateDatabase(self.name()?));
        }
        if !self.word("show") {
            return Err(self.expected("SELECT, SHOW or CREATE DATABASE"));
        }
        if self.word("databases") {
            Ok(Statement::Databases)
        } else if self.word("retention") {
            self.must("policies")?;
            if self.word("on") {
                self.name()?;
            }
            Ok(Statement::RetentionPolicies)
        } else if self.word("measurements") {
            self.skip_limit()?;
            Ok(Statement::Measurements)
        } else if self.word("series") {
            Ok(Statement::Series(self.from()?))
        } else if self.word("field") {
            self.must("keys")?;
            Ok(Statement::FieldKeys(self.from()?))
        } else if self.word("tag") {
            self.show_tags()
        } else {
            let known = "DATABASES, MEASUREMENTS, TAG KEYS, TAG VALUES, FIELD KEYS or SERIES";
            Err(self.expected(known))
        }
    }

    fn show_tags(&mut self) -> Result<Statement, Error> {
        if self.word("keys") {
            return Ok(Statement::TagKeys(self.from()?));
        }
        self.must("values")?;
        let from = self.from()?;
        self.must("with")?;
        self.must("key")?;
        let mut keys = Vec::new();
        if self.word("in") {
            self.must_sign("(")?;
            keys.push(self.name()?);
            while self.sign(",") {
                keys.push(self.name()?);
            }
            self.must_sign(")")?;
        } else {
            self.must_sign("=")?;
            keys.push(self.name()?);
        }
        Ok(Statement::TagValues(from, keys))
    }

    fn from(&mut self) -> Result<Option<String>, Error> {
        let from = if self.word("from") {
            Some(self.measurement()?)
        } else {
            None
        };
        self.skip_limit()?;
        Ok(from)
    }

    /// What is listed is short; a limit on it is read and makes no difference.
    fn skip_limit(&mut self) -> Result<(), Error> {
        if self.word("limit") {
            self.whole()?;
        }
        Ok(())
    }

    /// A measurement, with or without database and retention policy before it.
    pub(super) fn measurement(&mut self) -> Result<String, Error> {
        let mut name = self.name()?;
        while self.sign(".") {
            while self.sign(".") {}
            name = self.name()?;
        }
        Ok(name)
    }

    pub(super) fn whole(&mut self) -> Result<usize, Error> {
        let place = self.place();
        let whole = match self.next() {
            Some(Token::Whole(whole)) => usize::try_from(*whole).ok().filter(|whole| *whole > 0),
            _ => None,
        };
        whole.ok_or_else(|| wrong(place, "a whole number above zero was expected"))
    }

    pub(super) fn name(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(Token::Word(name) | Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => Err(self.expected("a name")),
        }
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let next = self.peek();
        let there = matches!(next, Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(there);
        there
    }

    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(there);
        there
    }

    pub(super) fn must(&mut self, word: &str) -> Result<(), Error> {
        if self.word(word) {
            return Ok(());
        }
        Err(self.expected(&word.to_uppercase()))
    }

    pub(super) fn must_sign(&mut self, sign: &str) -> Result<(), Error> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(self.expected(sign))
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        wrong(self.place(), format!("{what} was expected"))
    }

    pub(super) fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |token| token.0)
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at).map(|token| &token.1)
    }

    pub(super) fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }
}
