//! What goes wrong around it: SIGKILL in the middle of writing, bad requests, too much of everything.

mod files;
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use labkit::rng::Stream;
use labkit::services::http;
use labkit::wait;
use metrics_logging::query::Query;
use support::{PATIENCE, engine, serve};

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
    let acknowledged: Vec<Arc<AtomicU64>> = (0..WRITERS).map(|_| Arc::default()).collect();
    let writers: Vec<_> = acknowledged
        .iter()
        .enumerate()
        .map(|(writer, count)| {
            let count = Arc::clone(count);
            thread::spawn(move || write_until_killed(address, writer, &count))
        })
        .collect();
    let total = || {
        let counts = acknowledged.iter();
        counts
            .map(|count| count.load(Ordering::SeqCst))
            .sum::<u64>()
    };
    let all_ended = || writers.iter().all(thread::JoinHandle::is_finished);
    let enough = || total() >= kill_after;
    assert!(wait::until(PATIENCE, || enough() || all_ended()) && enough());
    child.kill().expect("it is ours");
    writers
        .into_iter()
        .for_each(|writer| writer.join().expect("no panic"));
    let engine = engine(folder.path());
    for (writer, count) in acknowledged.iter().enumerate() {
        let known = count.load(Ordering::SeqCst);
        let times = |field| {
            let query = Query::new("w", field, i64::MIN..i64::MAX);
            let groups = engine.query(&query.with("n", &writer.to_string())).unwrap();
            let rows = groups.into_iter().flat_map(|group| group.rows);
            rows.map(|row| row.0).collect::<Vec<_>>()
        };
        let (a, b, c) = (times("a"), times("b"), times("c"));
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

/// Counts the batches that were acknowledged, until the server answers no more.
fn write_until_killed(address: SocketAddr, writer: usize, acknowledged: &AtomicU64) {
    for batch in 1_u64.. {
        let lines = format!("w,n={writer} a={batch},b={batch} {batch}\nw,n={writer} c=1 {batch}");
        match http::post(address, "/write?db=metrics", "text/plain", lines.as_bytes()) {
            Ok(answer) if answer.status == 204 => acknowledged.store(batch, Ordering::SeqCst),
            // It has been killed; whether this batch is kept, nobody knows.
            _ => return,
        }
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
fn lines_that_cant_be_kept_are_named_and_the_others_are_kept() {
    wait::within(2 * PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let (_child, address) = serve(folder.path(), &["--retention", "1d", "--max-series", "5"]);
        let lines = b"cpu usage=1\ncpu usage=NaN\ncpu usage=2 1";
        let (status, said) = post(address, "/write?db=metrics", lines);
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
    });
}

#[test]
fn bad_requests_are_answered_with_a_reason() {
    wait::within(2 * PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let (_child, address) = serve(folder.path(), &[]);
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
        let packed = [("Content-Encoding", "gzip")];
        let answer = http::request(address, "POST", "/write?db=metrics", &packed, b"x").unwrap();
        assert_eq!(answer.status, 415);
        let alive = http::get(address, "/ping").unwrap();
        assert_eq!(alive.status, 204, "it has survived all of it");
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
