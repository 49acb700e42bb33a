//! Against InfluxDB: how fast the same lines are kept, in how few bytes, and how fast a day is read.
//!
//! Both are processes of their own on this machine, asked over HTTP by the same client, and both sync
//! their log before they acknowledge a batch.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::process::Child;
use labkit::services::http::percent_encoded;
use labkit::services::{self, Running, http};
use labkit::versus::{Suite, Target, Work};
use labkit::wait;
use metrics_logging::Engine;
use metrics_logging::config::{Config, DAY, MINUTE};
use metrics_logging::fleet::Smooth;
use metrics_logging::line::Precision;
use metrics_logging::query::{Aggregate, Query};
use metrics_logging::store::Influx;

/// Series, and samples of each in a round.
const HOSTS: usize = 100;
const STEPS: usize = 2_000;
/// Lines in a batch, as clients send them.
const BATCH: usize = 5_000;
/// Clients at once.
const CLIENTS: usize = 2;
/// A Monday, 2026-01-05 00:00 UTC.
const START: i64 = 1_767_571_200_000_000_000;
const MISSING: &str = "apt install influxdb";
/// How many times fewer points per second than ours InfluxDB may take.
const FASTER: f64 = 3.0;
/// Bytes a point on the smooth series, as in the paper.
const SMALL: f64 = 1.37;
/// InfluxDB packs its files when nobody has written for a while: here soon, so that they can be measured.
const PACK_SOON: &str =
    "cache-snapshot-write-cold-duration = \"2s\"\ncompact-full-write-cold-duration = \"2s\"";

/// All hosts' series, from which each round takes the next samples.
struct Source {
    series: Vec<(String, Smooth)>,
}

impl Source {
    fn new() -> Self {
        let hosts = (0..HOSTS).map(|host| {
            let name = format!("host-{host:03}");
            let smooth = Smooth::new(1, &name, START);
            (format!("cpu,host={name},region=eu"), smooth)
        });
        Source {
            series: hosts.collect(),
        }
    }

    /// The next samples as batches of lines, in the order of time.
    fn batches(&mut self) -> Vec<String> {
        let mut batches = Vec::new();
        let mut batch = String::new();
        let mut lines = 0;
        for _ in 0..STEPS {
            for (head, series) in &mut self.series {
                let sample = series.next().expect("it is endless");
                batch.push_str(&format!("{head} usage={} {}\n", sample.value, sample.time));
                lines += 1;
                if lines % BATCH == 0 {
                    batches.push(std::mem::take(&mut batch));
                }
            }
        }
        batches
    }
}

/// Our server as a process.
struct Ours {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Ours {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let mut command = Command::new(env!("CARGO_BIN_EXE_metrics-logging"));
        command
            .args(["serve", "--data"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = Child::spawn(command).expect("it starts");
        let mut line = String::new();
        let stdout = child.take_stdout().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("text");
        let address = line.trim().trim_start_matches("listening on http://");
        Ours {
            child,
            address: address.parse().expect("an address"),
            folder,
        }
    }
}

/// Sends the batches from several clients, and times that.
fn send(address: SocketAddr, batches: &[String]) -> Duration {
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                for batch in batches.iter().skip(client).step_by(CLIENTS) {
                    let answer =
                        http::post(address, "/write?db=metrics", "text/plain", batch.as_bytes());
                    assert_eq!(answer.expect("it answers").status, 204);
                }
            });
        }
    });
    watch.elapsed()
}

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let mut ours = Ours::start();
    let theirs = services::influxdb_with(PACK_SOON).ok();
    if let Some(theirs) = &theirs {
        Influx::create(theirs.address(), "metrics").expect("it makes a database");
    }
    ingest(&mut suite, &ours, theirs.as_ref());
    questions(&mut suite, &ours, theirs.as_ref());
    // A clean end turns the log into a segment.
    let status = ours
        .child
        .stop(Duration::from_secs(60))
        .expect("it is ours");
    assert!(status.success(), "{status}");
    sizes(&mut suite, &ours, theirs.as_ref());
    inside(&mut suite);
    suite.finish()
}

fn ingest(suite: &mut Suite, ours: &Ours, theirs: Option<&Running>) {
    let points = (HOSTS * STEPS) as f64;
    let (mut a, mut b) = (Source::new(), Source::new());
    let contest = suite
        .contest(
            "points kept, batches of 5,000 lines over HTTP",
            Work::items(points, "points"),
        )
        .ours("metrics-logging", move || send(ours.address, &a.batches()));
    match theirs {
        Some(theirs) => contest.peer("InfluxDB 1.x", Target::AtLeast(FASTER), move || {
            send(theirs.address(), &b.batches())
        }),
        None => contest.missing("InfluxDB 1.x", Target::AtLeast(FASTER), MISSING),
    }
    .run();
}

fn questions(suite: &mut Suite, ours: &Ours, theirs: Option<&Running>) {
    for (name, aggregate) in [
        ("mean", "mean(usage)"),
        ("99th percentile", "percentile(usage, 99)"),
    ] {
        let question = format!(
            "SELECT {aggregate} FROM cpu WHERE time >= {START} AND time < {} GROUP BY time(5m), host fill(none)",
            START + DAY
        );
        let path = format!(
            "/query?db=metrics&epoch=ms&q={}",
            percent_encoded(&question)
        );
        let ask = |address: SocketAddr| {
            let watch = Stopwatch::start();
            let answer = http::get(address, &path).expect("it answers");
            assert!(
                answer.is_success() && answer.body.len() > 100_000,
                "{}",
                answer.body.len()
            );
            watch.elapsed()
        };
        let contest = suite
            .contest(
                format!("24 h of {HOSTS} hosts, {name} by 5 min and host"),
                Work::items(1.0, "questions"),
            )
            .ours("metrics-logging", || ask(ours.address));
        match theirs {
            Some(theirs) => contest.peer("InfluxDB 1.x", Target::None, || ask(theirs.address())),
            None => contest.missing("InfluxDB 1.x", Target::None, MISSING),
        }
        .run();
    }
}

/// How many bytes both take for what both were sent.
fn sizes(suite: &mut Suite, ours: &Ours, theirs: Option<&Running>) {
    let engine = Engine::open(ours.folder.path(), Config::default()).expect("it ended cleanly");
    let samples = engine.size().samples as f64;
    let each = engine.segment_bytes() as f64 / samples;
    let verdict = if each <= SMALL { "reached" } else { "missed" };
    suite.note(format!(
        "On disk, {samples} points: ours {each:.3} bytes a point (at most {SMALL} is asked for: {verdict})."
    ));
    if let Some(folder) = theirs.and_then(Running::folder) {
        let data = folder.join("data/metrics");
        let mut last = 0;
        // It packs in the background: wait until nothing has changed for a while.
        let settled = || {
            let bytes = files(&data, "tsm");
            let same = bytes == last && bytes > 0 && files(&folder.join("wal/metrics"), "wal") == 0;
            last = bytes;
            std::thread::park_timeout(Duration::from_secs(3));
            same
        };
        let packed = wait::until(Duration::from_secs(60), settled);
        let note = if packed {
            ""
        } else {
            " (it was still packing)"
        };
        let each = files(&data, "tsm") as f64 / samples;
        suite.note(format!("InfluxDB: {each:.3} bytes a point{note}."));
    }
}

/// How many bytes the files below a folder have whose names end so.
fn files(folder: &Path, ends: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => files(&path, ends),
            false if path.extension().is_some_and(|it| it == ends) => {
                entry.metadata().map_or(0, |file| file.len())
            }
            false => 0,
        }
    });
    sizes.sum()
}

/// The engine without HTTP, for where the time goes.
fn inside(suite: &mut Suite) {
    let points = (HOSTS * STEPS) as f64;
    let folder = tempfile::tempdir().expect("there is room");
    let engine = Engine::open(folder.path(), Config::default()).expect("it is new");
    let mut source = Source::new();
    suite
        .contest("points kept, in the process", Work::items(points, "points"))
        .ours("engine", || {
            let batches = source.batches();
            let watch = Stopwatch::start();
            for batch in &batches {
                let written = engine.write(batch.as_bytes(), Precision::NANOSECONDS, 0);
                assert_eq!(written.expect("it is kept").refused_lines, 0);
            }
            watch.elapsed()
        })
        .run();
    let day = Query::new("cpu", "usage", START..START + DAY).windows(Aggregate::Mean, 5 * MINUTE);
    let day = day.by(&["host"]);
    let read = Work::items((HOSTS * 1440) as f64, "points read");
    suite
        .contest("24 h of 100 hosts, in the process", read)
        .ours("engine", || {
            let watch = Stopwatch::start();
            let groups = engine.query(&day).expect("it is answered");
            assert_eq!(groups.len(), HOSTS);
            watch.elapsed()
        })
        .run();
}
