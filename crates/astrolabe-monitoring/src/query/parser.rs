//! From tokens to aggregates, by recursive descent.

use super::lexer::{Token, tokens};
use super::{Aggregate, Attribute, HEAVIEST, LONGEST, QueryError};

/// Bytes of an attribute's name at most.
pub(crate) const LONGEST_ATTRIBUTE: usize = 16;

/// The aggregates of a query.
pub(super) fn parse(text: &str) -> Result<Vec<Aggregate>, QueryError> {
    if text.len() > LONGEST {
        return Err(QueryError {
            column: LONGEST + 1,
            what: format!(
                "a query has at most {LONGEST} bytes, this one {}",
                text.len()
            ),
        });
    }
    Parser {
        tokens: tokens(text)?,
        at: 0,
    }
    .query()
}

struct Parser {
    /// Ends with [`Token::End`], which is never passed.
    tokens: Vec<(usize, Token)>,
    at: usize,
}

impl Parser {
    fn query(&mut self) -> Result<Vec<Aggregate>, QueryError> {
        // BEGIN SOLUTION stage 2: SELECT, then aggregates between commas, then nothing more
        match self.next() {
            (_, Token::Word(word)) if word.eq_ignore_ascii_case("select") => {}
            found => return Err(expected("SELECT", &found)),
        }
        let mut aggregates = Vec::new();
        let mut weight = 0;
        loop {
            let column = self.tokens[self.at].0;
            let aggregate = self.aggregate()?;
            weight += aggregate.weight();
            if weight > HEAVIEST {
                let what = format!("more than {HEAVIEST} results (TOP(k, ..) is k of them)");
                return Err(QueryError { column, what });
            }
            aggregates.push(aggregate);
            match self.next() {
                (_, Token::Comma) => {}
                (_, Token::End) => return Ok(aggregates),
                found => return Err(expected("\",\" or the end", &found)),
            }
        }
        // END SOLUTION
    }

    // BEGIN SOLUTION ITEMS stage 2: the rest of the grammar
    fn aggregate(&mut self) -> Result<Aggregate, QueryError> {
        let (column, token) = self.next();
        let Token::Word(name) = &token else {
            return Err(expected("a function", &(column, token)));
        };
        let function = name.to_ascii_uppercase();
        if !["MIN", "MAX", "SUM", "AVG", "COUNT", "TOP"].contains(&function.as_str()) {
            let what =
                format!("there is no function {name:?}; there are MIN, MAX, SUM, AVG, COUNT, TOP");
            return Err(QueryError { column, what });
        }
        self.expect(&Token::Open)?;
        let aggregate = match function.as_str() {
            "MIN" => Aggregate::Min(self.attribute()?),
            "MAX" => Aggregate::Max(self.attribute()?),
            "SUM" => Aggregate::Sum(self.attribute()?),
            "AVG" => Aggregate::Avg(self.attribute()?),
            "TOP" => {
                let count = self.count()?;
                self.expect(&Token::Comma)?;
                Aggregate::Top(count, self.attribute()?)
            }
            _ if self.tokens[self.at].1 == Token::Star => {
                self.next();
                Aggregate::Count(None)
            }
            _ => Aggregate::Count(Some(self.attribute()?)),
        };
        self.expect(&Token::Close)?;
        Ok(aggregate)
    }

    fn attribute(&mut self) -> Result<Attribute, QueryError> {
        match self.next() {
            (_, Token::Word(name)) if name.len() <= LONGEST_ATTRIBUTE => Ok(Attribute::new(&name)),
            (column, Token::Word(name)) => Err(QueryError {
                column,
                what: format!("{name:?} is longer than {LONGEST_ATTRIBUTE} letters"),
            }),
            found => Err(expected("an attribute, such as cpu,", &found)),
        }
    }

    fn count(&mut self) -> Result<usize, QueryError> {
        match self.next() {
            (_, Token::Number(number)) if (1..=HEAVIEST).contains(&number) => Ok(number),
            found => Err(expected(&format!("a number from 1 to {HEAVIEST}"), &found)),
        }
    }

    fn expect(&mut self, token: &Token) -> Result<(), QueryError> {
        match self.next() {
            (_, found) if found == *token => Ok(()),
            found => Err(expected(&token.describe(), &found)),
        }
    }

    fn next(&mut self) -> (usize, Token) {
        let token = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 2: how errors are worded
fn expected(what: &str, (column, found): &(usize, Token)) -> QueryError {
    QueryError {
        column: *column,
        what: format!("{what} was expected, not {}", found.describe()),
    }
}
// END SOLUTION
