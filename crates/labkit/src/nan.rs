//! Numbers that JSON can't hold: NaN and the infinities are written as null, and null is read as NaN.
//!
//! Never touches a number that is one.

use serde::{Deserialize, Deserializer};

/// A number, or NaN where there is null.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Number::deserialize(from)?.get())
}

/// Numbers, with NaN where there is null.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let numbers = Vec::<Number>::deserialize(from)?;
    Ok(numbers.into_iter().map(Number::get).collect())
}

/// Points, with NaN where there is null.
pub(crate) fn points<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(f64, f64)>, D::Error> {
    let points = Vec::<(Number, Number)>::deserialize(from)?;
    Ok(points
        .into_iter()
        .map(|(x, y)| (x.get(), y.get()))
        .collect())
}

#[derive(Deserialize)]
struct Number(Option<f64>);

impl Number {
    fn get(self) -> f64 {
        self.0.unwrap_or(f64::NAN)
    }
}
