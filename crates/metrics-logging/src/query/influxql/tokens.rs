//! The words of a question.

use crate::config;
use crate::error::Error;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name without quotes, or a keyword.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A text in single quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// A whole number, as times are.
    Whole(i64),
    /// A number with a unit, in nanoseconds.
    Duration(i64),
    /// One of the signs.
    Sign(&'static str),
}

/// A word and the character at which it begins, from 1.
pub(super) type Placed = (usize, Token);

const SIGNS: [&str; 18] = [
    ">=", "<=", "!=", "<>", "=~", "!~", "=", "<", ">", "(", ")", ",", ";", "*", ".", "+", "-", "/",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Error> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut at = 1;
    loop {
        let trimmed = rest.trim_start();
        at += rest[..rest.len() - trimmed.len()].chars().count();
        rest = trimmed;
        let Some(first) = rest.chars().next() else {
            return Ok(found);
        };
        let (token, length) = match first {
            '"' | '\'' => quoted(rest, first, at)?,
            '0'..='9' => number(rest, at)?,
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                let word = &rest[..end.unwrap_or(rest.len())];
                (Token::Word(word.to_owned()), word.len())
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign =
                    sign.ok_or_else(|| wrong(at, format!("{first:?} means nothing here")))?;
                (Token::Sign(sign), sign.len())
            }
        };
        found.push((at, token));
        at += rest[..length].chars().count();
        rest = &rest[length..];
    }
}

fn quoted(text: &str, quote: char, at: usize) -> Result<(Token, usize), Error> {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((place, c)) = chars.next() {
        match c {
            '\\' => inner.extend(chars.next().map(|(_, hidden)| hidden)),
            c if c == quote => {
                let token = match quote {
                    '"' => Token::Name(inner),
                    _ => Token::Text(inner),
                };
                return Ok((token, place + 1));
            }
            c => inner.push(c),
        }
    }
    Err(wrong(at, format!("this {quote} is never closed")))
}

fn number(text: &str, at: usize) -> Result<(Token, usize), Error> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '.'));
    let word = &text[..end.unwrap_or(text.len())];
    let token = if let Ok(whole) = word.parse() {
        Token::Whole(whole)
    } else if let Some(duration) = config::duration(word) {
        Token::Duration(duration)
    } else if let Ok(number) = word.parse() {
        Token::Number(number)
    } else {
        let what = format!("{word:?} is neither a number nor a duration");
        return Err(wrong(at, what));
    };
    Ok((token, word.len()))
}

pub(super) fn wrong(at: usize, what: impl Into<String>) -> Error {
    Error::Query {
        at,
        what: what.into(),
    }
}
