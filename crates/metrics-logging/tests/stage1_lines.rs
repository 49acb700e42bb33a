//! Stage 1: lines are taken apart, bad ones named, and a rolling z-score raises the first alarm.

use labkit::wait;
use metrics_logging::config::MINUTE;
use metrics_logging::detect::{Detector, Method, RollingZ};
use metrics_logging::fleet::{Fleet, Plan};
use metrics_logging::line::{Line, Precision, Reason, parse, series};
use metrics_logging::point::SeriesKey;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

type Parsed<'a> = (Line<'a>, Vec<(&'a str, f64)>);

fn parsed(line: &str) -> Result<Parsed<'_>, Reason> {
    let mut fields = Vec::new();
    let line = parse(line, Precision::NANOSECONDS, &mut fields)?;
    Ok((line, fields))
}

#[test]
fn a_line_says_who_what_how_much_and_when() {
    let (line, fields) =
        parsed("cpu,host=web-1,role=web usage=41.5,idle=58i 1700000000000000000").unwrap();
    assert_eq!(line.head, "cpu,host=web-1,role=web");
    assert_eq!(fields, [("usage", 41.5), ("idle", 58.0)]);
    assert_eq!(line.time, Some(1_700_000_000_000_000_000));
}

#[test]
fn a_time_may_be_missing_or_in_another_precision() {
    assert_eq!(parsed("cpu usage=1").unwrap().0.time, None);
    assert_eq!(parsed("cpu usage=1 ").unwrap().0.time, None);
    let mut fields = Vec::new();
    let seconds = Precision::named("s").unwrap();
    let line = parse("cpu usage=1 -3", seconds, &mut fields).unwrap();
    assert_eq!(line.time, Some(-3_000_000_000));
}

#[test]
fn all_spellings_of_a_number_are_read() {
    for (text, value) in [
        ("1", 1.0),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("+2", 2.0),
        ("3.", 3.0),
        (".5", 0.5),
        ("-7i", -7.0),
        ("8u", 8.0),
        ("9007199254740992i", 9_007_199_254_740_992.0),
    ] {
        let line = format!("m f={text}");
        let (_, fields) = parsed(&line).unwrap_or_else(|reason| panic!("{text}: {reason}"));
        assert_eq!(fields, [("f", value)], "{text}");
    }
}

#[test]
fn a_backslash_takes_the_meaning_from_what_follows() {
    let line = r"disk\ io,path=C:\\x\,y,a\=b=c\ d read\ rate=5 1";
    let (line, fields) = parsed(line).unwrap();
    assert_eq!(fields, [(r"read\ rate", 5.0)]);
    let key = series(line.head).unwrap();
    let expected = SeriesKey::new("disk io", &[("path", r"C:\\x,y"), ("a=b", "c d")]);
    assert_eq!(key, expected);
    assert_eq!(
        metrics_logging::line::field(r"read\ rate").unwrap(),
        "read rate"
    );
}

#[test]
fn the_order_of_tags_doesnt_matter() {
    assert_eq!(
        series("cpu,a=1,b=2").unwrap(),
        series("cpu,b=2,a=1").unwrap()
    );
    assert_ne!(
        series("cpu,a=1,b=2").unwrap(),
        series("cpu,a=2,b=1").unwrap()
    );
    assert_eq!(series("cpu").unwrap(), SeriesKey::new("cpu", &[]));
}

/// Lines that aren't any, and the words that must be in the reason.
const BAD: &str = include_str!("cases/bad-lines.txt");

#[test]
fn every_bad_line_is_refused_with_its_reason() {
    let mut tried = 0;
    for case in BAD
        .lines()
        .filter(|case| !case.starts_with('#') && !case.is_empty())
    {
        let (line, words) = case.split_once(" | ").expect("a line, a bar, words");
        let refused = parsed(line).and_then(|(line, _)| series(line.head));
        let reason = refused.expect_err(line).to_string();
        assert!(reason.contains(words), "{line}: {reason}");
        tried += 1;
    }
    assert!(tried > 20, "{tried} cases");
}

#[test]
fn long_lines_and_many_fields_are_refused() {
    let long = format!("m f={}", "1".repeat(70_000));
    assert_eq!(parsed(&long), Err(Reason::TooLong));
    let fields: Vec<String> = (0..300).map(|at| format!("f{at}=1")).collect();
    assert_eq!(
        parsed(&format!("m {}", fields.join(","))),
        Err(Reason::TooManyFields)
    );
    let tags: Vec<String> = (0..40).map(|at| format!("t{at}=1")).collect();
    assert_eq!(
        series(&format!("m,{}", tags.join(","))),
        Err(Reason::TooManyTags)
    );
    assert_eq!(series(&"m".repeat(300)), Err(Reason::NameTooLong));
}

#[test]
fn what_the_services_print_can_be_read() {
    let plan = Plan {
        services: 3,
        days: 1,
        step: 60 * MINUTE,
        start: 0,
    };
    let fleet = Fleet::simulate(plan, 1);
    let lines = fleet.lines(0..fleet.steps());
    let mut values = Vec::new();
    for line in lines.lines() {
        let (line, fields) = parsed(line).unwrap();
        assert!(line.time.is_some());
        values.extend(fields.iter().map(|field| field.1));
    }
    let expected: usize = fleet.traces.iter().map(|trace| trace.values.len()).sum();
    assert_eq!(values.len(), expected);
    assert_eq!(values[0].to_bits(), fleet.traces[0].values[0].to_bits());
}

#[test]
fn a_z_score_is_the_distance_in_deviations_of_the_window_before() {
    let mut detector = RollingZ::new(4);
    for value in [1.0, 3.0, 1.0, 3.0] {
        assert_eq!(detector.observe(value), 0.0, "the window isn't full yet");
    }
    // Mean 2, deviation 1: 7 is five of them away, and isn't in its own window.
    assert!((detector.observe(7.0) - 5.0).abs() < 1e-9);
    // Now the window is 3, 1, 3, 7: mean 3.5, variance 4.75.
    assert!((detector.observe(3.5)).abs() < 1e-9);
}

#[test]
fn a_spike_in_a_service_raises_an_alarm_and_its_night_doesnt() {
    wait::within(PATIENCE, || {
        let mut chance = labkit::rng::Stream::named(7, "noise");
        let mut values: Vec<f64> = (0..600).map(|_| 40.0 + chance.unit()).collect();
        for value in &mut values[400..404] {
            *value += 30.0;
        }
        let flags = {
            let mut detector = RollingZ::new(120);
            let threshold = Method::RollingZ.threshold();
            values
                .iter()
                .map(|value| detector.observe(*value) > threshold)
                .collect::<Vec<_>>()
        };
        assert!(flags[400], "the first sample of the spike");
        assert_eq!(
            flags.iter().position(|flag| *flag),
            Some(400),
            "nothing before it"
        );
    });
}

#[test]
fn a_constant_is_never_unusual_until_it_changes() {
    let mut detector = RollingZ::new(10);
    assert!((0..100).all(|_| detector.observe(0.1) < 1.0));
    assert!(detector.observe(0.2) > 100.0);
}
