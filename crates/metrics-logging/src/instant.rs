//! Times as text (RFC 3339), in UTC.
//!
//! Days are counted by Howard Hinnant's *chrono-compatible low-level date algorithms*: years begin in
//! March, so that a leap day is a year's last.

use crate::config::{DAY, HOUR, MINUTE, SECOND};

/// Writes nanoseconds since 1970 as `2026-01-31T12:00:00.5Z`.
#[must_use]
pub fn text(time: i64) -> String {
    let (day, rest) = (time.div_euclid(DAY), time.rem_euclid(DAY));
    let (year, month, day) = date(day);
    let (hour, minute) = (rest / HOUR, rest % HOUR / MINUTE);
    let (second, fraction) = (rest % MINUTE / SECOND, rest % SECOND);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction > 0 {
        text.push_str(format!(".{fraction:09}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Reads `2026-01-31T12:00:00Z`, `2026-01-31 12:00:00.25` or `2026-01-31`, in UTC.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    if !in_range || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: i64 = format!("{fraction:0<9}").parse().ok()?;
    days(year, month, day)?
        .checked_mul(DAY)?
        .checked_add(hour * HOUR + minute * MINUTE + second * SECOND + nanoseconds)
}

/// Days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year, month and day of a day since 1970-01-01.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (time, known) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000 * SECOND, "2023-11-14T22:13:20Z"),
            (951_782_400 * SECOND + 500_000_000, "2000-02-29T00:00:00.5Z"),
            (-SECOND, "1969-12-31T23:59:59Z"),
            (4_107_542_400 * SECOND, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(text(time), known);
            assert_eq!(parse(known), Some(time), "{known}");
        }
        assert_eq!(parse("2026-01-31"), parse("2026-01-31 00:00:00"));
        for bad in [
            "",
            "x",
            "2026-13-01",
            "2026-01-01T25:00:00Z",
            "1-1-1T0:0:0.x",
            "99999-01-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
