//! Why a line isn't kept: the reason, with what would be right.

use std::fmt;

use super::{MAX_FIELDS, MAX_LINE, MAX_NAME, MAX_TAGS};

/// How much of a line is quoted back.
const EXCERPT: usize = 60;

/// A line that wasn't kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its number in the batch, from 1.
    pub line: usize,
    /// Its beginning.
    pub text: String,
    /// What was wrong.
    pub reason: Reason,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} in '{}'", self.line, self.reason, self.text)
    }
}

impl Refusal {
    pub(crate) fn new(line: usize, text: &str, reason: Reason) -> Self {
        Refusal {
            line,
            text: excerpt(text),
            reason,
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Nothing before the first comma or space.
    #[error("no measurement; a line begins with one, as in `cpu,host=a usage=1`")]
    NoMeasurement,
    /// Nothing after the measurement.
    #[error("no fields; write them after a space, as in `cpu,host=a usage=1`")]
    NoFields,
    /// A field without an equals sign.
    #[error("field {0:?} has no value; write name=number")]
    NoValue(String),
    /// A field's value isn't a number, or isn't finite.
    #[error("field {field} is {text:?}; a finite number is wanted, as 1.5 or 3i")]
    BadNumber {
        /// The field.
        field: String,
        /// What stands there.
        text: String,
    },
    /// An integer that no float holds exactly.
    #[error("field {0} is beyond 2^53; larger integers can't be kept exactly")]
    TooLarge(String),
    /// A string.
    #[error("field {0} is text; this store keeps numbers")]
    Text(String),
    /// A boolean.
    #[error("field {0} is a boolean; this store keeps numbers, write 1 or 0")]
    Boolean(String),
    /// A time that isn't a whole number, or not one of 64 bits.
    #[error("time {0:?} isn't a whole number of 64 bits in the batch's precision")]
    BadTime(String),
    /// A tag that isn't name=value.
    #[error("tag {0:?} isn't name=value; a backslash hides commas, spaces and equals signs")]
    BadTag(String),
    /// The same tag name twice.
    #[error("tag {0} is given twice")]
    TagTwice(String),
    /// A name with nothing in it.
    #[error("an empty name; measurements, tags, their values and fields all have one")]
    EmptyName,
    /// A long name.
    #[error("a name is longer than {MAX_NAME} bytes")]
    NameTooLong,
    /// Many tags.
    #[error("more than {MAX_TAGS} tags")]
    TooManyTags,
    /// Many fields.
    #[error("more than {MAX_FIELDS} fields")]
    TooManyFields,
    /// A long line.
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotText,
    /// Older than what is kept.
    #[error("its time is beyond the retention of {0}; it would be deleted at once")]
    Expired(String),
    /// It would make one series more than are allowed.
    #[error(
        "it would be series {0}, one more than allowed; take fewer tag values, or raise --max-series"
    )]
    TooManySeries(usize),
}

impl Reason {
    pub(super) fn no_value(text: &str) -> Self {
        match text.trim() {
            "" => Reason::NoFields,
            text => Reason::NoValue(excerpt(text)),
        }
    }

    pub(super) fn bad_tag(text: &str) -> Self {
        Reason::BadTag(excerpt(text))
    }
}

/// The beginning of a text.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
