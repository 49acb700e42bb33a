//! Files and limits: what a crash leaves, what is damaged, what is too old, what is too much.

use std::fs;

use labkit::wait;
use metrics_logging::config::{Config, DAY, HOUR};
use metrics_logging::line::{Precision, Reason};
use metrics_logging::{Engine, Error};

use crate::support::{PATIENCE, engine, rows, write};

#[test]
fn a_second_server_in_the_same_folder_is_refused() {
    wait::within(PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let _first = engine(folder.path());
        let error = Engine::open(folder.path(), Config::default()).unwrap_err();
        assert!(matches!(error, Error::Locked(_)), "{error}");
    });
}

#[test]
fn the_cardinality_cap_refuses_new_series_and_keeps_old_ones_growing() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        max_series: 3,
        ..Config::default()
    };
    let engine = Engine::open(folder.path(), config).unwrap();
    let written = write(
        &engine,
        "m,h=1 v=1 1\nm,h=2 v=1 1\nm,h=3 v=1 1\nm,h=4 v=1 1\nm,h=1 w=1 1\nm,h=1 v=2 2",
    );
    assert_eq!((written.samples, written.refused_lines), (4, 2));
    assert!(
        written
            .refused
            .iter()
            .all(|it| it.reason == Reason::TooManySeries(4)),
        "{written:?}"
    );
    // A flood of names leaves nothing behind.
    for at in 0..2000 {
        write(&engine, &format!("flood,h={at} v=1 1"));
    }
    assert_eq!(engine.size().series, 3);
    assert_eq!(engine.catalog(None).keys.len(), 3);
}

#[test]
fn what_is_too_old_is_refused_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        retention: Some(DAY),
        ..Config::default()
    };
    let engine = Engine::open(folder.path(), config).unwrap();
    let line = |time: i64| format!("m v=1 {time}").into_bytes();
    let written = engine
        .write(&line(HOUR - 1), Precision::NANOSECONDS, DAY + HOUR)
        .unwrap();
    assert_eq!(written.refused_lines, 1);
    engine
        .write(&line(HOUR), Precision::NANOSECONDS, DAY + HOUR)
        .unwrap();
    engine.checkpoint().unwrap();
    engine
        .write(&line(3 * DAY), Precision::NANOSECONDS, 3 * DAY)
        .unwrap();
    engine.checkpoint().unwrap();
    assert_eq!(rows(&engine, "m", "v").len(), 2);
    engine.maintain(3 * DAY).unwrap();
    assert_eq!(rows(&engine, "m", "v"), [(3 * DAY, 1.0)]);
    let segments = fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = segments.map(|entry| entry.unwrap().file_name()).collect();
    let segments = names
        .iter()
        .filter(|name| name.to_string_lossy().starts_with("segment"));
    assert_eq!(segments.count(), 1, "{names:?}");
}

#[test]
fn what_a_crash_left_between_two_steps_is_cleared_up() {
    let folder = tempfile::tempdir().unwrap();
    let saved = tempfile::tempdir().unwrap();
    let keep = |name: &str| fs::copy(folder.path().join(name), saved.path().join(name)).unwrap();
    let back = |name: &str| fs::copy(saved.path().join(name), folder.path().join(name)).unwrap();
    {
        let engine = engine(folder.path());
        write(&engine, "m v=1 1");
        keep("log-1");
        engine.checkpoint().unwrap();
        write(&engine, "m v=2 2");
        engine.checkpoint().unwrap();
        keep("segment-1-1");
        engine.compact(0).unwrap();
    }
    // As if it had stopped before it could delete what the segments cover, and in the middle of another.
    back("log-1");
    back("segment-1-1");
    fs::write(folder.path().join("segment-9-9.tmp"), "half").unwrap();
    let engine = engine(folder.path());
    assert_eq!(rows(&engine, "m", "v"), [(1, 1.0), (2, 2.0)]);
    for gone in ["log-1", "segment-1-1", "segment-9-9.tmp"] {
        assert!(!folder.path().join(gone).exists(), "{gone}");
    }
}

#[test]
fn a_damaged_segment_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    {
        let engine = engine(folder.path());
        write(&engine, "m v=1 1");
        engine.checkpoint().unwrap();
    }
    let path = folder.path().join("segment-1-1");
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Engine::open(folder.path(), Config::default()).unwrap_err();
    assert!(
        error.to_string().contains("segment-1-1 is damaged"),
        "{error}"
    );
}
