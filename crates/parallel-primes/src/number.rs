//! Numbers as people write them (`1e9`, `2^64-59`, `1_000_000`) and ranges of them.

use std::ops::Range;

use crate::error::Error;

/// Parses a whole number below 2^64: digits with optional `_`, `aeb` for a · 10^b, `a^b`, and
/// `x+y` or `x-y` of two such terms.
///
/// # Errors
/// [`Error::NotANumber`], or [`Error::TooLarge`] if it doesn't fit 64 bits.
pub fn parse(text: &str) -> Result<u64, Error> {
    let value = sum(text).ok_or_else(|| Error::NotANumber {
        text: text.to_owned(),
    })?;
    let too_large = || Error::TooLarge {
        text: text.to_owned(),
    };
    u64::try_from(value.ok_or_else(too_large)?).map_err(|_| too_large())
}

/// The range `[0, first)`, or `[first, second)` if both are given.
///
/// The end is exclusive and at most 2^64-1. No prime is lost by that: 2^64-1 is 3·5·17·257·641·….
///
/// # Errors
/// Those of [`parse`], and [`Error::Backwards`].
pub fn range(first: &str, second: Option<&str>) -> Result<Range<u64>, Error> {
    let first = parse(first)?;
    let (start, end) = match second {
        Some(second) => (first, parse(second)?),
        None => (0, first),
    };
    if start > end {
        return Err(Error::Backwards { start, end });
    }
    Ok(start..end)
}

/// A number's value in two layers: the outer `None` is no number, the inner one too large a number.
type Value = Option<Option<u128>>;

fn sum(text: &str) -> Value {
    let Some(at) = text.find(['+', '-']) else {
        return term(text);
    };
    let (left, right) = (term(&text[..at])?, term(&text[at + 1..])?);
    let (Some(left), Some(right)) = (left, right) else {
        return Some(None);
    };
    if text.as_bytes()[at] == b'+' {
        Some(left.checked_add(right))
    } else {
        // Below zero there are no whole numbers to sieve.
        Some(Some(left.checked_sub(right)?))
    }
}

fn term(text: &str) -> Value {
    if let Some((base, exponent)) = text.split_once('^') {
        return power(1, base, exponent);
    }
    if let Some((factor, exponent)) = text.split_once(['e', 'E']) {
        return power(digits(factor)??, "10", exponent);
    }
    digits(text)
}

/// `factor · base^exponent`, with base and exponent still in text.
fn power(factor: u128, base: &str, exponent: &str) -> Value {
    let (base, exponent) = (digits(base)?, digits(exponent)?);
    let (Some(base), Some(exponent)) = (base, exponent) else {
        return Some(None);
    };
    let exponent = u32::try_from(exponent).unwrap_or(u32::MAX);
    Some(
        base.checked_pow(exponent)
            .and_then(|power| power.checked_mul(factor)),
    )
}

fn digits(text: &str) -> Value {
    let text = text.replace('_', "");
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_numbers() {
        for (text, value) in [
            ("0", 0),
            ("1_000", 1000),
            ("1e9", 1_000_000_000),
            ("10^6", 1_000_000),
            ("2^64-59", 18_446_744_073_709_551_557),
            ("2^64-1", u64::MAX),
            ("1e6+1e3", 1_001_000),
            ("1^4294967296", 1),
        ] {
            assert_eq!(parse(text).ok(), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "", "-", "-1", "x", "1.5", "1e", "e3", "2^", "3-4", "1-2-3", "٣",
        ] {
            assert!(
                matches!(parse(text), Err(Error::NotANumber { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_too_large() {
        for text in [
            "2^64",
            "1e20",
            "18446744073709551616",
            "9e999999999999",
            "2^64+1-1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(matches!(parse("2^64"), Err(Error::TooLarge { .. })));
        let digits = "9".repeat(10_000);
        assert!(matches!(parse(&digits), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn a_range_must_not_end_before_it_starts() {
        assert_eq!(range("10", None).ok(), Some(0..10));
        assert_eq!(range("10", Some("10")).ok(), Some(10..10));
        assert!(matches!(
            range("11", Some("10")),
            Err(Error::Backwards { .. })
        ));
    }
}
