//! Measured values, in fixed point.
//!
//! Addition of floats isn't associative: the same values summed in another order differ in their last
//! bits. Here every node sums in its own order, along its own tree, and still all must agree. So a
//! value is a whole number of thousandths.

use std::fmt;

/// Thousandths in one.
const SCALE: f64 = 1e3;

/// The largest magnitude of one measured value: so large that bytes of memory fit, so small that the sum
/// over nine million nodes does.
const LARGEST: f64 = 1e9;

/// A measured value, or a sum of such.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Value(i64);

impl Value {
    /// The value nearest to a number; none if that isn't finite, or beyond ±1 000 000 000.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
        (number.abs() <= LARGEST).then(|| Value((number * SCALE).round() as i64))
    }

    /// So many thousandths.
    #[must_use]
    pub fn from_thousandths(thousandths: i64) -> Self {
        Value(thousandths)
    }

    /// How many thousandths it is.
    #[must_use]
    pub fn thousandths(self) -> i64 {
        self.0
    }

    /// The sum; one that can't be held is the largest or smallest that can.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Value(self.0.saturating_add(other.0))
    }

    /// The value divided by a count, as a float for people to read; NaN over nothing.
    #[must_use]
    pub fn over(self, count: u64) -> f64 {
        self.0 as f64 / SCALE / if count == 0 { f64::NAN } else { count as f64 }
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Value(i64::from(number) * 1_000)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.over(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_summed_exactly_is_no_value() {
        assert_eq!(Value::new(0.1), Some(Value::from_thousandths(100)));
        for number in [f64::NAN, f64::INFINITY, -1.1e9] {
            assert_eq!(Value::new(number), None, "{number}");
        }
    }
}
