//! Pools and services as they are written on a command line.
//!
//! `cpu=9,memory=18` is a pool; `A:cpu=1,memory=4,weight=2,priority=1,min.cpu=0.5` a service. Kinds
//! that a service doesn't name it doesn't demand.

use crate::Error;
use crate::problem::{Pool, Service};

const POOL: &str = "a pool; write KIND=AMOUNT,KIND=AMOUNT ..., such as cpu=9,memory=18";
const SERVICE: &str = "a service; write NAME:KIND=AMOUNT,..., with weight=, priority= and min.KIND= \
                       if wanted, such as A:cpu=1,memory=4,weight=2";
const NUMBER: &str = "a number";
const CLASS: &str = "a class; give a whole number from 0 to 255, higher ones are served first";

/// Words that can't name a kind of resource.
const RESERVED: [&str; 2] = ["weight", "priority"];

/// Reads a pool.
///
/// # Errors
/// [`Error::Text`] if it isn't written as one, and those of [`Pool::new`].
pub fn pool(text: &str) -> Result<Pool, Error> {
    let kinds: Vec<(&str, f64)> = pairs(text, POOL)
        .map(|pair| pair.and_then(|(kind, amount)| Ok((kind, number(amount)?))))
        .collect::<Result<_, _>>()?;
    if kinds.iter().any(|(kind, _)| RESERVED.contains(kind)) {
        return Err(not(
            text,
            "a pool: weight and priority are no kinds of resource",
        ));
    }
    Pool::new(kinds)
}

/// Reads a service that shares a pool.
///
/// # Errors
/// [`Error::Text`] if it isn't written as one, or names a kind that the pool doesn't have.
pub fn service(text: &str, pool: &Pool) -> Result<Service, Error> {
    let (name, rest) = text.split_once(':').ok_or_else(|| not(text, SERVICE))?;
    if name.is_empty() {
        return Err(not(text, SERVICE));
    }
    let mut service = Service::new(name, vec![0.0; pool.kinds()]);
    for pair in pairs(rest, SERVICE) {
        let (key, value) = pair?;
        match key {
            "weight" => service.weight = number(value)?,
            "priority" => service.priority = value.parse().map_err(|_| not(value, CLASS))?,
            _ => {
                let (row, kind) = match key.strip_prefix("min.") {
                    Some(kind) => (&mut service.minimum, kind),
                    None => (&mut service.demand, key),
                };
                let place = pool.names().iter().position(|name| name == kind);
                let place = place.ok_or_else(|| not(kind, "a kind of resource in the pool"))?;
                row[place] = number(value)?;
            }
        }
    }
    Ok(service)
}

fn pairs<'a>(
    text: &'a str,
    expected: &'static str,
) -> impl Iterator<Item = Result<(&'a str, &'a str), Error>> {
    text.split(',').map(move |pair| {
        let halves = pair.split_once('=');
        let named = halves.filter(|(name, _)| !name.trim().is_empty());
        let (name, value) = named.ok_or_else(|| not(text, expected))?;
        Ok((name.trim(), value.trim()))
    })
}

/// Any number; whether it makes sense is asked where it is used.
fn number(text: &str) -> Result<f64, Error> {
    text.parse().map_err(|_| not(text, NUMBER))
}

fn not(text: &str, expected: &'static str) -> Error {
    Error::Text {
        text: text.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_may_say_everything_or_little() {
        let pool = pool("cpu=9, memory=18").expect("a pool");
        let all = service("A:cpu=1,memory=4,weight=2,priority=3,min.memory=.5", &pool);
        let expected = Service::new("A", [1.0, 4.0])
            .weight(2.0)
            .priority(3)
            .minimum([0.0, 0.5]);
        assert_eq!(all.expect("a service"), expected);
        let little = service("B:memory=1", &pool).expect("a service");
        assert_eq!(little, Service::new("B", [0.0, 1.0]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let some = pool("cpu=9").expect("a pool");
        for (text, word) in [
            ("A", "\"A\" is not a service"),
            (":cpu=1", "is not a service"),
            ("A:cpu", "is not a service"),
            ("A:cpu=much", "\"much\" is not a number"),
            ("A:gpu=1", "\"gpu\" is not a kind"),
            ("A:priority=-1", "\"-1\" is not a class"),
        ] {
            let error = service(text, &some).expect_err(text).to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        for text in ["", "cpu", "cpu=9,", "cpu=9,weight=3"] {
            let error = pool(text).expect_err(text).to_string();
            assert!(error.contains("is not a pool"), "{text}: {error}");
        }
    }
}
