//! Durations and sizes as people write them, and the ranges that are allowed.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Exceeded, Group, Liveness, Ready, Service, Strategy, Waits};
use crate::error::Error;

/// No time of a plan may be longer: a slip of the unit, rather than a wish.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The shortest interval of anything that happens again and again: below it, watching is busy waiting.
const SHORTEST: Duration = Duration::from_millis(1);

/// Reads `250us`, `20ms`, `1.5s`, `2m` or `1h`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let factor = [
        ("us", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let value = scaled(text, &factor)?;
    Duration::try_from_secs_f64(value).ok()
}

/// Reads `512KiB`, `64MiB`, `2GiB` or a number of bytes.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    let factors = [
        ("KiB", 1024.0),
        ("MiB", 1024.0 * 1024.0),
        ("GiB", 1024.0 * 1024.0 * 1024.0),
        ("", 1.0),
    ];
    let value = scaled(text, &factors)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "neither negative nor beyond 2^53"
    )]
    (value < 9e15).then_some(value as u64)
}

/// A number with one of these endings, the first that leaves a number.
fn scaled(text: &str, endings: &[(&str, f64)]) -> Option<f64> {
    let value = endings.iter().find_map(|(ending, factor)| {
        let number: f64 = text.trim().strip_suffix(ending)?.trim_end().parse().ok()?;
        Some(number * factor)
    })?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// What is wrong: in which key, and what would be right.
type Problem = (&'static str, &'static str);

/// The first of some problems that is there.
fn first<const N: usize>(problems: [(bool, Problem); N]) -> Option<Problem> {
    let mut there = problems.into_iter().filter(|(is_there, _)| *is_there);
    there.next().map(|(_, problem)| problem)
}

fn fits(span: Duration) -> bool {
    (SHORTEST..=LONGEST).contains(&span)
}

fn judged(place: String, problem: Option<Problem>) -> Result<(), Error> {
    match problem {
        None => Ok(()),
        Some((key, problem)) => Err(Error::Value {
            place,
            key,
            problem,
        }),
    }
}

pub(super) fn check_service(service: &Service) -> Result<(), Error> {
    let Service { command, ready, .. } = service;
    let is_bad = |(name, value): &(String, String)| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    let unwatched = *ready == Ready::Alive && service.liveness.is_none();
    let problem = first([
        (
            command.first().is_none_or(String::is_empty),
            ("command", "is empty; give the program and its arguments"),
        ),
        (
            command.iter().any(|part| part.contains('\0')),
            ("command", "contains a NUL character"),
        ),
        (
            service.environment.iter().any(is_bad),
            ("environment", "has a name that is empty or contains `=`"),
        ),
        (
            !fits(service.ready_within),
            ("ready_within", "has to be from 1ms to 24h"),
        ),
        (service.grace > LONGEST, ("grace", "has to be at most 24h")),
        (
            service.memory == Some(0),
            ("memory", "is zero, which no process can keep to"),
        ),
        (
            unwatched,
            (
                "ready",
                "is `alive`, but there is neither `heartbeat` nor `probe`",
            ),
        ),
        (
            *ready == Ready::Line(String::new()),
            (
                "ready",
                "waits for an empty line; say what the line contains",
            ),
        ),
    ]);
    let problem = problem.or_else(|| service.liveness.as_ref().and_then(watch_problem));
    judged(format!("service `{}`", service.name), problem)
}

fn watch_problem(liveness: &Liveness) -> Option<Problem> {
    match liveness {
        Liveness::Heartbeat { within } => first([(
            !fits(*within),
            ("heartbeat", "has to come within 1ms to 24h"),
        )]),
        Liveness::Http {
            target,
            every,
            within,
        } => {
            let is_address = |host: &str| host.is_empty() || host.parse::<SocketAddr>().is_ok();
            let has_path = target.find('/').is_some_and(|at| is_address(&target[..at]));
            let is_plain = target.chars().all(|c| c.is_ascii_graphic());
            first([
                (
                    !(fits(*every) && fits(*within)),
                    ("probe", "needs `every` and `within` from 1ms to 24h"),
                ),
                (
                    !(has_path && is_plain),
                    (
                        "probe",
                        "needs `/path`, or `ADDRESS:PORT/path` with a number",
                    ),
                ),
            ])
        }
    }
}

pub(super) fn check_group(group: &Group) -> Result<(), Error> {
    let grows = |waits: Waits| {
        fits(waits.first) && waits.first <= waits.most && waits.most.max(waits.stable) <= LONGEST
    };
    let isolates = group.exceeded == Exceeded::Isolate;
    let problem = first([
        (
            isolates && group.strategy != Strategy::OneForOne,
            (
                "when_exceeded",
                "is `isolate`, which needs `one-for-one`: the others can't do without the one given up",
            ),
        ),
        (
            group.limit.is_some_and(|limit| !fits(limit.period)),
            ("period", "has to be from 1ms to 24h"),
        ),
        (
            !group.waits.is_none_or(grows),
            (
                "backoff",
                "needs 1ms <= first <= most <= 24h, and stable of at most 24h",
            ),
        ),
    ]);
    judged(format!("group `{}`", group.name), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_as_people_write_them() {
        let cases = [
            ("250us", Some(Duration::from_micros(250))),
            ("20ms", Some(Duration::from_millis(20))),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("2 m", Some(Duration::from_secs(120))),
            ("1h", Some(Duration::from_secs(3600))),
            ("5", None),
            ("-1s", None),
            ("NaNs", None),
            ("s", None),
            ("1e300h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), expected, "{text}");
        }
        let cases = [
            ("64MiB", Some(64 << 20)),
            ("1.5KiB", Some(1536)),
            ("100", Some(100)),
            ("5MB", None),
            ("-5MiB", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
