//! From characters to tokens, each with its column.

use super::QueryError;

/// A token of the language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token {
    Word(String),
    Number(usize),
    Open,
    Close,
    Comma,
    Star,
    End,
}

impl Token {
    /// What it is called in an error.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Word(word) => format!("{word:?}"),
            Token::Number(number) => number.to_string(),
            Token::Open => "\"(\"".to_owned(),
            Token::Close => "\")\"".to_owned(),
            Token::Comma => "\",\"".to_owned(),
            Token::Star => "\"*\"".to_owned(),
            Token::End => "the end".to_owned(),
        }
    }
}

/// The tokens of a text with their columns; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, QueryError> {
    // BEGIN SOLUTION stage 2: words, whole numbers and ( ) , * each with the column where it begins
    let characters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let column = at + 1;
        let length = run(&characters[at..]);
        let word: String = characters[at..at + length].iter().collect();
        at += length;
        found.push((
            column,
            match first {
                ' ' | '\t' | '\n' | '\r' => continue,
                '(' => Token::Open,
                ')' => Token::Close,
                ',' => Token::Comma,
                '*' => Token::Star,
                'a'..='z' | 'A'..='Z' => Token::Word(word),
                '0'..='9' => Token::Number(word.parse().map_err(|_| QueryError {
                    column,
                    what: format!("{word:?} is no whole number"),
                })?),
                other => {
                    return Err(QueryError {
                        column,
                        what: format!("{other:?} has no place in a query"),
                    });
                }
            },
        ));
    }
    found.push((characters.len() + 1, Token::End));
    Ok(found)
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 2: how far a token goes
/// How many characters belong to the token that begins here: all of a word or number, else one.
fn run(characters: &[char]) -> usize {
    let part = |c: &&char| c.is_ascii_alphanumeric() || **c == '_';
    characters.iter().take_while(part).count().max(1)
}
// END SOLUTION
