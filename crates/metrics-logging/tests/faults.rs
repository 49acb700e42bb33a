//! What goes wrong around it: SIGKILL in the middle of writing, bad requests, too much of everything.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use labkit::process::Child;
use labkit::rng::Stream;
use labkit::services::http;
use labkit::wait;
use metrics_logging::config::{Config, DAY, HOUR};
use metrics_logging::line::{Precision, Reason};
use metrics_logging::{Engine, Error};
use support::{PATIENCE, PROGRAM, engine, rows, write};

/// A server of its own process, and where it listens.
fn serve(folder: &Path, more: &[&str]) -> (Child, SocketAddr) {
    let mut command = Command::new(PROGRAM);
    command
        .args(["serve", "--data"])
        .arg(folder)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Child::spawn(command).expect("the program starts");
    let stdout = child.take_stdout().expect("it is piped");
    let line = wait::within(PATIENCE, || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        line
    });
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .expect("an address");
    (child, address.parse().expect("an address"))
}

fn post(address: SocketAddr, path: &str, body: &[u8]) -> (u16, String) {
    let answer = http::post(address, path, "text/plain", body).expect("it answers");
    (answer.status, answer.text())
}

const WRITERS: usize = 3;

#[test]
fn sigkill_in_the_middle_of_writing_loses_nothing_that_was_acknowledged() {
    let seeds = if std::env::var_os("LAB_SANITIZED").is_some() {
        2
    } else {
        12
    };
    let first = labkit::rng::test_seed();
    for seed in first..first + seeds {
        wait::within(2 * PATIENCE, move || killed_once(seed));
    }
}

/// Writers send batches as fast as they are acknowledged; the server is killed after a number of them
/// that the seed says. Every acknowledged sample must be there, and whole batches only.
fn killed_once(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(folder.path(), &[]);
    let mut chance = Stream::named(seed, "kill");
    let kill_after = 1 + chance.below(120);
    let acknowledged: Arc<Vec<AtomicU64>> =
        Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            thread::spawn(move || {
                for batch in 1_u64.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let lines = format!(
                        "w,n={writer} a={batch},b={batch} {batch}\nw,n={writer} c=1 {batch}"
                    );
                    match http::post(address, "/write?db=metrics", "text/plain", lines.as_bytes()) {
                        Ok(answer) if answer.status == 204 => {
                            acknowledged[writer].store(batch, Ordering::SeqCst);
                        }
                        // It has been killed; whether this batch is kept, nobody knows.
                        _ => return,
                    }
                }
            })
        })
        .collect();
    let total = || {
        acknowledged
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .sum::<u64>()
    };
    assert!(wait::until(PATIENCE, || total() >= kill_after));
    child.kill().expect("it is ours");
    stop.store(true, Ordering::SeqCst);
    writers
        .into_iter()
        .for_each(|writer| writer.join().expect("no panic"));
    let engine = engine(folder.path());
    for writer in 0..WRITERS {
        let count = |field| {
            let query = metrics_logging::query::Query::new("w", field, i64::MIN..i64::MAX);
            let groups = engine.query(&query.with("n", &writer.to_string())).unwrap();
            groups
                .into_iter()
                .flat_map(|group| group.rows)
                .map(|row| row.0)
                .collect::<Vec<_>>()
        };
        let (a, b, c) = (count("a"), count("b"), count("c"));
        let known = acknowledged[writer].load(Ordering::SeqCst);
        assert!(
            a.len() as u64 >= known,
            "seed {seed}: {} of {known} acknowledged",
            a.len()
        );
        assert!(
            a.len() as u64 <= known + 1,
            "seed {seed}: at most the one in flight"
        );
        assert_eq!((&a, &a), (&b, &c), "seed {seed}: whole batches");
        assert!(
            a.iter().copied().zip(1..).all(|(time, at)| time == at),
            "seed {seed}"
        );
    }
}

#[test]
fn sigterm_drains_and_a_new_server_has_everything() {
    wait::within(2 * PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, address) = serve(folder.path(), &[]);
        assert_eq!(post(address, "/write?db=metrics", b"cpu usage=1 1").0, 204);
        let status = child.stop(PATIENCE).expect("it is ours");
        assert_eq!(status.code(), Some(0));
        let (mut child, address) = serve(folder.path(), &[]);
        let answer = http::get(
            address,
            "/query?db=metrics&epoch=ns&q=SELECT+usage+FROM+cpu",
        )
        .unwrap();
        assert!(answer.text().contains("[[1,1]]"), "{}", answer.text());
        assert_eq!(child.stop(PATIENCE).expect("it is ours").code(), Some(0));
    });
}

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
fn bad_requests_are_answered_with_a_reason() {
    wait::within(2 * PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let (_child, address) = serve(folder.path(), &["--retention", "1d", "--max-series", "5"]);
        let (status, said) = post(
            address,
            "/write?db=metrics",
            b"cpu usage=1\ncpu usage=NaN\ncpu usage=2 1",
        );
        assert_eq!(status, 400);
        assert!(said.contains("partial write: 1 kept"), "{said}");
        assert!(said.contains("line 2: field usage is"), "{said}");
        assert!(
            said.contains("line 3: its time is beyond the retention of 1d"),
            "{said}"
        );
        let lines: String = (0..9).map(|at| format!("m,host={at} v=1\n")).collect();
        let (status, said) = post(
            address,
            "/api/v2/write?bucket=metrics/autogen",
            lines.as_bytes(),
        );
        assert_eq!(status, 400);
        assert!(
            said.contains("partial write: 4 kept") && said.contains("--max-series"),
            "{said}"
        );
        for (path, body, status, words) in [
            ("/write?db=other", "m v=1", 404, "database not found"),
            (
                "/write?db=metrics&precision=fortnight",
                "m v=1",
                400,
                "precision",
            ),
            ("/query?db=metrics", "", 400, "missing required parameter"),
            ("/query?db=metrics&q=SELECT", "", 400, "error parsing query"),
            (
                "/query?db=other&q=SHOW+DATABASES",
                "",
                404,
                "database not found",
            ),
            ("/api/v1/read", "nonsense", 400, "Snappy"),
            ("/nothing", "", 404, ""),
        ] {
            let (found, said) = post(address, path, body.as_bytes());
            assert!(
                found == status && said.contains(words),
                "{path}: {found} {said}"
            );
        }
        let large = vec![b'\n'; (8 << 20) + 1];
        let (status, _) = post(address, "/write?db=metrics", &large);
        assert_eq!(status, 413);
        let gzip = http::request(
            address,
            "POST",
            "/write?db=metrics",
            &[("Content-Encoding", "gzip")],
            b"x",
        );
        assert_eq!(gzip.unwrap().status, 415);
        assert_eq!(
            http::get(address, "/ping").unwrap().status,
            204,
            "it has survived all of it"
        );
    });
}

#[test]
fn half_requests_and_noise_dont_stop_the_server() {
    wait::within(2 * PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, address) = serve(folder.path(), &[]);
        let mut open = Vec::new();
        for noise in [
            &b"GET / HT"[..],
            b"\0\xff\xfe\r\n\r\n",
            b"POST /write?db=metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nm v",
        ] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(noise).unwrap();
            open.push(stream);
        }
        assert_eq!(http::get(address, "/health").unwrap().status, 200);
        // Half a request that nobody ends doesn't hold up the end for ever.
        let status = child.stop(Duration::from_secs(30)).expect("it is ours");
        assert_eq!(status.code(), Some(0));
        for mut stream in open {
            let mut rest = Vec::new();
            // It may come with a reset, as not all was read.
            let _ = stream.read_to_end(&mut rest);
        }
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
