//! Stage 4: late samples find their place, and windows are summed up as they should.

mod support;

use std::collections::BTreeMap;

use labkit::rng::Stream;
use metrics_logging::column::Column;
use metrics_logging::config::{MINUTE, SECOND};
use metrics_logging::gorilla::Unit;
use metrics_logging::query::{Aggregate, By, Query};
use support::{engine, rows, sample, write};

fn filled() -> (tempfile::TempDir, metrics_logging::Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    write(
        &engine,
        "m,host=a,zone=x v=1 0\nm,host=a,zone=x v=2 10\nm,host=a,zone=x v=6 20\n\
         m,host=b,zone=x v=10 0\nm,host=b,zone=x v=30 15\n\
         m,host=c,zone=y v=-5 -1\nm,host=c,zone=y v=7 25",
    );
    (folder, engine)
}

fn everything() -> Query {
    Query::new("m", "v", i64::MIN..i64::MAX)
}

fn ask(query: &Query) -> Vec<(String, Vec<(i64, f64)>)> {
    let (_folder, engine) = filled();
    let groups = engine.query(query).unwrap();
    groups
        .into_iter()
        .map(|group| {
            let tags: Vec<String> = group
                .tags
                .iter()
                .map(|(tag, is)| format!("{tag}={is}"))
                .collect();
            (tags.join(","), group.rows)
        })
        .collect()
}

#[test]
fn late_samples_come_in_order_and_the_last_of_equals_wins() {
    let mut column = Column::default();
    for (time, value) in [
        (10, 1.0),
        (30, 3.0),
        (20, 2.0),
        (30, 3.5),
        (5, 0.5),
        (20, 2.5),
        (40, 4.0),
    ] {
        column.push(sample(time, value));
    }
    let expected = [(5, 0.5), (10, 1.0), (20, 2.5), (30, 3.5), (40, 4.0)];
    let expected: Vec<_> = expected
        .iter()
        .map(|(time, value)| sample(*time, *value))
        .collect();
    let read = |column: &Column| column.snapshot(&(i64::MIN..i64::MAX)).samples().unwrap();
    assert_eq!(read(&column), expected);
    column.seal();
    assert_eq!(read(&column), expected, "sealed");
    column.push(sample(30, 9.0));
    assert_eq!(
        read(&column)[3],
        sample(30, 9.0),
        "what is written later replaces what is sealed"
    );
    assert_eq!(
        column.snapshot(&(10..30)).samples().unwrap().len(),
        2,
        "the end is excluded"
    );
}

#[test]
fn samples_in_any_order_are_a_map_from_time_to_the_last_value() {
    for seed in 0..50 {
        let mut chance = Stream::named(seed, "order");
        let mut column = Column::default();
        let mut model = BTreeMap::new();
        for _ in 0..3000 {
            // Mostly in order, sometimes far back, sometimes twice.
            let time = match chance.below(10) {
                0 => chance.below(3000).cast_signed() * SECOND,
                1 => chance.below(100).cast_signed() * 1_000_000 + 7,
                _ => model.len().cast_signed() as i64 * SECOND,
            };
            let value = chance.unit();
            column.push(sample(time, value));
            model.insert(time, value);
            if chance.below(500) == 0 {
                column.seal();
            }
        }
        let read = column.snapshot(&(i64::MIN..i64::MAX)).samples().unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|sample| (sample.time, sample.value))
            .collect();
        assert_eq!(read, model.into_iter().collect::<Vec<_>>(), "seed {seed}");
    }
    assert_eq!(Unit::of(1_000_000), Unit::Milli);
}

#[test]
fn windows_are_aligned_and_empty_ones_are_left_out() {
    let mean = everything().windows(Aggregate::Mean, 20);
    assert_eq!(
        ask(&mean.by(&["host"])),
        [
            ("host=a".to_owned(), vec![(0, 1.5), (20, 6.0)]),
            ("host=b".to_owned(), vec![(0, 20.0)]),
            // Before 1970 windows begin in the past as well.
            ("host=c".to_owned(), vec![(-20, -5.0), (20, 7.0)]),
        ]
    );
}

#[test]
fn every_aggregate_comes_to_what_it_should() {
    let one = |aggregate| {
        let query = Query {
            range: 0..100,
            ..everything().windows(aggregate, 100)
        };
        ask(&query)[0].1[0].1
    };
    // 1 2 6 of a, 10 30 of b, 7 of c.
    assert_eq!(one(Aggregate::Mean), 56.0 / 6.0);
    assert_eq!(one(Aggregate::Sum), 56.0);
    assert_eq!(one(Aggregate::Count), 6.0);
    assert_eq!(one(Aggregate::Min), 1.0);
    assert_eq!(one(Aggregate::Max), 30.0);
    assert_eq!(one(Aggregate::Last), 7.0);
    assert_eq!(one(Aggregate::Percentile(99.0)), 30.0);
    assert_eq!(one(Aggregate::Percentile(50.0)), 6.0);
    assert_eq!(one(Aggregate::Percentile(100.0)), 30.0);
    // a grew by 5, b by 20, c not at all, in 100 ns.
    assert_eq!(one(Aggregate::Rate), 25.0 / 1e-7);
}

#[test]
fn a_percentile_takes_the_nearest_rank() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let lines: Vec<String> = (1..=10).map(|at| format!("p v={at} {at}")).collect();
    write(&engine, &lines.join("\n"));
    let percentile = |percent| {
        let query = Query::new("p", "v", 0..100).windows(Aggregate::Percentile(percent), 100);
        engine
            .query(&query)
            .unwrap()
            .first()
            .map(|group| group.rows[0].1)
    };
    // floor(10 p/100 + 0.5), from 1.
    for (percent, expected) in [
        (4.0, None),
        (5.0, Some(1.0)),
        (50.0, Some(5.0)),
        (94.0, Some(9.0)),
        (95.0, Some(10.0)),
    ] {
        assert_eq!(percentile(percent), expected, "{percent}");
    }
}

#[test]
fn a_rate_forgets_resets_and_counts_growth_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let values = [0, 60, 180, 30, 90];
    let lines = (0_i64..).zip(values);
    let lines: Vec<String> = lines
        .map(|(at, value)| format!("c,h=a n={value} {}", at * 30 * SECOND))
        .collect();
    write(&engine, &lines.join("\n"));
    let query = Query::new("c", "n", 0..10 * MINUTE).windows(Aggregate::Rate, MINUTE);
    // 0 to 60 in the first minute; 120 in the second, the reset to 30 counts nothing; 60 in the third.
    let rows = &engine.query(&query).unwrap()[0].rows;
    assert_eq!(*rows, [(0, 1.0), (MINUTE, 2.0), (2 * MINUTE, 1.0)]);
}

#[test]
fn conditions_choose_series_and_a_missing_tag_is_empty() {
    let count = everything().windows(Aggregate::Count, 1000);
    assert_eq!(ask(&count.clone().with("zone", "x")).len(), 1);
    assert_eq!(
        ask(&count.clone().with("zone", "x")),
        [(String::new(), vec![(0, 5.0)])]
    );
    assert!(ask(&count.clone().with("zone", "none")).is_empty());
    assert_eq!(ask(&count.clone().with("rack", "")).len(), 1);
    let all = Query {
        by: By::All,
        ..count
    };
    assert_eq!(ask(&all).len(), 3);
    assert_eq!(ask(&all)[0].0, "host=a,zone=x");
}

#[test]
fn what_was_written_twice_is_there_once_after_a_checkpoint_too() {
    let folder = tempfile::tempdir().unwrap();
    {
        let engine = engine(folder.path());
        write(&engine, "m v=1 10\nm v=2 20");
        engine.checkpoint().unwrap();
        write(&engine, "m v=9 10\nm v=3 30");
        engine.checkpoint().unwrap();
        write(&engine, "m v=8 20");
        let expected = [(10, 9.0), (20, 8.0), (30, 3.0)];
        assert_eq!(rows(&engine, "m", "v"), expected);
    }
    let engine = engine(folder.path());
    assert_eq!(engine.recovered().segments, 2);
    assert_eq!(rows(&engine, "m", "v"), [(10, 9.0), (20, 8.0), (30, 3.0)]);
    engine.checkpoint().unwrap();
    engine.compact(0).unwrap();
    assert_eq!(rows(&engine, "m", "v"), [(10, 9.0), (20, 8.0), (30, 3.0)]);
    assert_eq!(
        engine.size().samples,
        3,
        "compaction forgets what was replaced"
    );
}

#[test]
fn an_answer_has_no_more_windows_than_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let lines: Vec<String> = (0..200_000)
        .map(|at| format!("w v=1 {}", at * 1000))
        .collect();
    for lines in lines.chunks(50_000) {
        write(&engine, &lines.join("\n"));
    }
    let query = Query::new("w", "v", i64::MIN..i64::MAX);
    assert_eq!(
        engine
            .query(&query.clone().windows(Aggregate::Mean, 1000))
            .unwrap()[0]
            .rows
            .len(),
        200_000
    );
    assert_eq!(
        engine
            .query(&query.windows(Aggregate::Mean, i64::MAX))
            .unwrap()[0]
            .rows
            .len(),
        1
    );
}
