//! Durations and sizes as people write them, and the ranges that are allowed.

use std::time::Duration;

use super::{Exceeded, Group, Liveness, Ready, Service, Strategy};
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

pub(super) fn check_service(service: &Service) -> Result<(), Error> {
    let wrong = |key: &'static str, problem: &'static str| Error::Value {
        place: format!("service `{}`", service.name),
        key,
        problem,
    };
    if service.command.first().is_none_or(String::is_empty) {
        return Err(wrong(
            "command",
            "is empty; give the program and its arguments",
        ));
    }
    if service.command.iter().any(|part| part.contains('\0')) {
        return Err(wrong("command", "contains a NUL character"));
    }
    let bad = |(name, value): &(String, String)| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    if service.environment.iter().any(bad) {
        return Err(wrong(
            "environment",
            "has a name that is empty or contains `=`",
        ));
    }
    if !(SHORTEST..=LONGEST).contains(&service.ready_within) {
        return Err(wrong("ready_within", "has to be from 1ms to 24h"));
    }
    if service.grace > LONGEST {
        return Err(wrong("grace", "has to be at most 24h"));
    }
    if service.memory == Some(0) {
        return Err(wrong("memory", "is zero, which no process can keep to"));
    }
    if service.ready == Ready::Alive && service.liveness.is_none() {
        return Err(wrong(
            "ready",
            "is `alive`, but there is neither `heartbeat` nor `probe`",
        ));
    }
    if service.ready == Ready::Line(String::new()) {
        return Err(wrong(
            "ready",
            "waits for an empty line; say what the line contains",
        ));
    }
    match &service.liveness {
        Some(Liveness::Heartbeat { within }) if !(SHORTEST..=LONGEST).contains(within) => {
            Err(wrong("heartbeat", "has to come within 1ms to 24h"))
        }
        Some(Liveness::Http {
            target,
            every,
            within,
        }) => {
            let spans = [every, within].map(|span| (SHORTEST..=LONGEST).contains(span));
            if spans != [true, true] {
                return Err(wrong("probe", "needs `every` and `within` from 1ms to 24h"));
            }
            let has_path = target
                .find('/')
                .is_some_and(|at| at == 0 || target[..at].parse::<std::net::SocketAddr>().is_ok());
            let plain = target.chars().all(|c| c.is_ascii_graphic());
            if !(has_path && plain) {
                return Err(wrong(
                    "probe",
                    "needs `/path`, or `ADDRESS:PORT/path` with a number",
                ));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

pub(super) fn check_group(group: &Group) -> Result<(), Error> {
    let wrong = |key: &'static str, problem: &'static str| Error::Value {
        place: format!("group `{}`", group.name),
        key,
        problem,
    };
    if group.exceeded == Exceeded::Isolate && group.strategy != Strategy::OneForOne {
        return Err(wrong(
            "when_exceeded",
            "is `isolate`, which needs `one-for-one`: the others can't do without the one given up",
        ));
    }
    if let Some(limit) = group.limit
        && !(SHORTEST..=LONGEST).contains(&limit.period)
    {
        return Err(wrong("period", "has to be from 1ms to 24h"));
    }
    if let Some(waits) = group.waits {
        let fits = waits.first >= SHORTEST && waits.first <= waits.most && waits.most <= LONGEST;
        if !fits || waits.stable > LONGEST {
            return Err(wrong(
                "backoff",
                "needs 1ms <= first <= most <= 24h, and stable of at most 24h",
            ));
        }
    }
    Ok(())
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
