//! InfluxQL: what a question means, and where one stops making sense. Noise is never a panic.

use metrics_logging::config::{MINUTE, SECOND};
use metrics_logging::line::{Precision, series};
use metrics_logging::query::influxql::{Columns, Statement, parse};
use metrics_logging::query::{Aggregate, By};
use metrics_logging::server::remote_read;
use metrics_logging::wal::frame::{Frames, read};
use metrics_logging::{gorilla, segment};
use proptest::prelude::*;

#[test]
fn a_question_is_read_as_it_is_meant() {
    let text = "select mean(\"cpu\"), percentile(mem, 99) as p from metrics.autogen.service \
                where (host = 'a\\'b' and time >= now() - 1h) and time < 50000000000000 and zone != '' \
                group by time(5m), host fill(none) order by time desc limit 3";
    let statements = parse(text, 7 * 3600 * SECOND).unwrap();
    let [Statement::Select(select)] = statements.as_slice() else {
        panic!("{statements:?}");
    };
    let columns = vec![
        ("mean".to_owned(), Aggregate::Mean, "cpu".to_owned()),
        (
            "p".to_owned(),
            Aggregate::Percentile(99.0),
            "mem".to_owned(),
        ),
    ];
    assert_eq!(select.columns, Columns::Summed(columns));
    assert_eq!(select.measurement, "service");
    assert_eq!(select.range, 6 * 3600 * SECOND..50_000_000_000_000);
    assert_eq!(select.filters.len(), 2);
    assert_eq!(select.filters[0].value, "a'b");
    assert!(!select.filters[1].equal);
    assert_eq!(select.every, Some(5 * MINUTE));
    assert_eq!(select.by, Some(By::Tags(vec!["host".to_owned()])));
    assert_eq!(
        (select.fill, select.descending, select.limit),
        (false, true, Some(3))
    );
}

#[test]
fn a_question_that_makes_no_sense_is_refused_with_its_place() {
    for (text, words) in [
        ("", "nothing is asked"),
        ("DROP DATABASE x", "character 1: SELECT, SHOW"),
        ("SELECT", "character 7: a name"),
        ("SELECT v", "character 9: FROM"),
        ("SELECT v FROM", "a name was expected"),
        (
            "SELECT spread(v) FROM m",
            "character 8: \"spread\" is no aggregate",
        ),
        ("SELECT percentile(v, 101) FROM m", "from 0 to 100"),
        ("SELECT v, mean(v) FROM m", "can't be mixed"),
        ("SELECT v FROM m WHERE host = 5", "in single quotes"),
        ("SELECT v FROM m WHERE host =~ 'a'", "can't compare tags"),
        ("SELECT v FROM m WHERE time > 'yesterday'", "isn't a time"),
        ("SELECT v FROM m WHERE host = 'a", "is never closed"),
        ("SELECT v FROM m GROUP BY time(1m)", "needs an aggregate"),
        (
            "SELECT mean(v) FROM m GROUP BY time(x)",
            "a window was expected",
        ),
        (
            "SELECT mean(v) FROM m GROUP BY time(1m) fill(7)",
            "a name was expected",
        ),
        ("SELECT v FROM m LIMIT 0", "above zero"),
        ("SELECT v FROM m; nonsense", "character 18"),
        ("SELECT v FROM m ?", "means nothing here"),
        (
            "SELECT v FROM m WHERE time > 5parsecs",
            "neither a number nor a duration",
        ),
    ] {
        let error = parse(text, 0).expect_err(text).to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

/// What came of it doesn't matter: that something came of it does.
fn tried<T>(_result: T) {}

proptest! {
    #[test]
    fn noise_is_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        tried(parse(&text, 0));
        let mut fields = Vec::new();
        tried(metrics_logging::line::parse(&text, Precision::NANOSECONDS, &mut fields));
        tried(series(&text));
        tried(remote_read::decode(&bytes));
        tried(segment::decode(&bytes));
        tried(read(&bytes, |_| ()));
        prop_assert!(Frames::new(&bytes).count() <= bytes.len());
        let chunk = gorilla::Chunk {
            unit: gorilla::Unit::Nano,
            count: 1000,
            first: 0,
            last: 0,
            bytes: bytes.into(),
        };
        prop_assert!(chunk.samples().count() <= 1000);
    }

    #[test]
    fn a_key_is_read_as_it_is_written(names in prop::collection::vec("[a-z ,=é]{1,8}", 3)) {
        let key = metrics_logging::point::SeriesKey::new(&names[0], &[(&names[1], &names[2])]);
        prop_assert_eq!(series(&key.to_string()), Ok(key));
    }
}
