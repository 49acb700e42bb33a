//! On real services: InfluxDB and its client, Prometheus, a browser. Without them, skipped aloud.

mod page;
mod support;

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use labkit::process::{Capture, Child, WhenFull};
use labkit::services::http::percent_encoded;
use labkit::services::{self, Running, http};
use labkit::{skip, wait};
use metrics_logging::config::{Config, HOUR, MINUTE, SECOND};
use metrics_logging::fleet::{Fleet, MEASUREMENT, Plan};
use metrics_logging::query::{Aggregate, By, Query};
use metrics_logging::store::{Embedded, Influx, Store};
use support::{PATIENCE, agree};

fn influxdb() -> Option<Running> {
    services::influxdb()
        .map_err(|missing| skip::because(&missing.to_string()))
        .ok()
}

/// Our server as a process of its own.
fn serve(more: &[&str]) -> (Child, SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (child, address) = support::serve(folder.path(), &[&["--seed", "1"], more].concat());
    (child, address, folder)
}

const AGGREGATES: [Aggregate; 10] = [
    Aggregate::Mean,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Sum,
    Aggregate::Count,
    Aggregate::First,
    Aggregate::Last,
    Aggregate::Percentile(99.0),
    Aggregate::Percentile(12.5),
    Aggregate::Rate,
];

#[test]
fn the_same_questions_have_the_same_answers_on_influxdb() {
    let Some(service) = influxdb() else { return };
    let seed = labkit::rng::test_seed();
    let plan = Plan {
        services: 5,
        days: 1,
        step: 30 * SECOND,
        start: 1_767_571_200 * SECOND,
    };
    let fleet = Fleet::simulate(plan, seed);
    let folder = tempfile::tempdir().unwrap();
    let ours = Embedded::open(folder.path(), Config::default()).unwrap();
    let theirs = Influx::create(service.address(), "same").unwrap();
    // Written in an order that isn't that of time, and some of it twice, with other values.
    let half = fleet.steps() / 2;
    let late = format!(
        "{m},host=web-1,role=web cpu=77.5 {}\n",
        fleet.time(5),
        m = MEASUREMENT
    );
    for lines in [fleet.lines(half..fleet.steps()), fleet.lines(0..half), late] {
        for store in [&ours as &dyn Store, &theirs] {
            assert_eq!(store.write(&lines).unwrap(), [""; 0], "{}", store.name());
        }
    }
    let range = fleet.time(3) + 7 * SECOND..fleet.time(fleet.steps() - 100);
    let mut asked = 0;
    for aggregate in AGGREGATES {
        for every in [5 * MINUTE, 7 * MINUTE + SECOND, HOUR] {
            for by in [By::Tags(vec![]), By::Tags(vec!["role".into()]), By::All] {
                for field in ["cpu", "memory"] {
                    let query = Query {
                        by: by.clone(),
                        ..Query::new(MEASUREMENT, field, range.clone()).windows(aggregate, every)
                    };
                    let filtered = query.clone().with("host", "web-2");
                    for query in [query, filtered] {
                        let (a, b) = (ours.query(&query).unwrap(), theirs.query(&query).unwrap());
                        assert!(agree(&a, &b), "{query:?}\nours {a:?}\ntheirs {b:?}");
                        assert!(!a.is_empty(), "{query:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    let raw = Query::new(MEASUREMENT, "cpu", fleet.time(0)..fleet.time(100)).by(&["host"]);
    let (a, b) = (ours.query(&raw).unwrap(), theirs.query(&raw).unwrap());
    assert!(agree(&a, &b) && a.len() == 5, "{a:?} {b:?}");
    assert_eq!(asked, 360);
}

#[test]
fn both_keep_the_good_lines_of_a_batch_and_name_the_bad_ones() {
    let Some(service) = influxdb() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ours = Embedded::open(folder.path(), Config::default()).unwrap();
    let theirs = Influx::create(service.address(), "bad").unwrap();
    let lines = "m,h=a v=1 1\nm,h=a v=NaN 2\nm,h=a\nm,h v=1 3\n,h=a v=1 4\nm,h=a v=1x 5\nm,h=a v=6 soon\nm,h=a v=7 7\n";
    for store in [&ours as &dyn Store, &theirs] {
        let refused = store.write(lines).unwrap();
        assert!(!refused.is_empty(), "{}", store.name());
        let rows = store.query(&Query::new("m", "v", 0..100)).unwrap();
        assert_eq!(
            rows[0].rows,
            [(1, 1.0), (7, 7.0)],
            "{}: {refused:?}",
            store.name()
        );
    }
}

/// Runs a program to its end and returns what it printed.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let found = services::program(&[program]);
    let Some(found) = found else {
        skip::because(&format!(
            "there is no program {program}; apt install influxdb-client"
        ));
        return None;
    };
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(found);
    command
        .args(arguments)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let how = Capture {
        limit: 1 << 20,
        when_full: WhenFull::Drain,
        timeout: PATIENCE,
    };
    let captured = Child::spawn(command).unwrap().capture(&how).unwrap();
    let text = |bytes: &labkit::process::Excerpt| bytes.text();
    Some(format!(
        "{}{}",
        text(&captured.stdout),
        text(&captured.stderr)
    ))
}

#[test]
fn the_influx_client_writes_and_asks() {
    let (_child, address, _folder) = serve(&[]);
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let influx = |question: &str| {
        run(
            "influx",
            &[
                "-host",
                &host,
                "-port",
                &port,
                "-database",
                "metrics",
                "-format",
                "csv",
                "-execute",
                question,
            ],
        )
    };
    let Some(said) = influx("INSERT cpu,host=a usage=41.5 1000000000") else {
        return;
    };
    assert!(!said.to_lowercase().contains("err"), "{said}");
    let said = influx("SELECT usage FROM cpu").unwrap();
    assert!(said.contains("1000000000,41.5"), "{said}");
    let said =
        influx("SELECT mean(usage) FROM cpu WHERE time >= 0 AND time < 2s GROUP BY time(1s), host")
            .unwrap();
    assert!(said.contains("host=a") && said.contains("41.5"), "{said}");
    assert!(influx("SHOW DATABASES").unwrap().contains("metrics"));
    assert!(
        influx("SHOW TAG VALUES FROM cpu WITH KEY = host")
            .unwrap()
            .contains('a')
    );
    assert!(
        influx("SELECT nonsense(usage) FROM cpu")
            .unwrap()
            .contains("is no aggregate")
    );
}

#[test]
fn prometheus_scrapes_us_and_reads_from_us() {
    let (_child, address, _folder) = serve(&[]);
    let now = metrics_logging::store::Wall::read().now();
    let lines = format!(
        "cpu,host=old usage=7 {}\ncpu,host=new usage=8 {now}",
        now - 3 * HOUR
    );
    let written = http::post(address, "/write?db=metrics", "text/plain", lines.as_bytes()).unwrap();
    assert_eq!(written.status, 204);
    let config = format!(
        "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: lab\n    static_configs:\n      - targets: ['{address}']\n\
         remote_read:\n  - url: http://{address}/api/v1/read\n    read_recent: true\n"
    );
    let prometheus = match services::prometheus(&config) {
        Ok(prometheus) => prometheus,
        Err(missing) => return skip::because(&missing.to_string()),
    };
    let ask = |query: &str, at: i64| {
        let path = format!(
            "/api/v1/query?query={}&time={}",
            percent_encoded(query),
            at / SECOND
        );
        http::get(prometheus.address(), &path).unwrap().text()
    };
    // Three hours ago Prometheus wasn't there: only we know.
    let said = ask("cpu_usage{host=\"old\"}", now - 3 * HOUR + SECOND);
    assert!(
        said.contains("\"host\":\"old\"") && said.contains("\"7\""),
        "{said}"
    );
    let said = ask(
        "count_over_time(cpu_usage{host!=\"new\"}[10m])",
        now - 3 * HOUR + MINUTE,
    );
    assert!(said.contains("\"1\""), "{said}");
    // What it has scraped, it has of itself.
    let scraped = || {
        ask(
            "metrics_logging_samples{job=\"lab\"}",
            metrics_logging::store::Wall::read().now(),
        )
    };
    assert!(
        wait::until(PATIENCE, || scraped().contains("\"2\"")),
        "{}",
        scraped()
    );
}

#[test]
fn the_configuration_that_is_delivered_is_understood() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/metrics/prometheus.yml"
    );
    if !fs::exists(file).unwrap() {
        return skip::because("deploy/ is part of the whole repository, not of an export");
    }
    let Some(promtool) = services::program(&["promtool"]) else {
        return skip::because("there is no program promtool; apt install prometheus");
    };
    let output = Command::new(promtool)
        .args(["check", "config", file])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let dashboard = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/grafana/metrics-logging.json"
    );
    let dashboard: serde_json::Value =
        serde_json::from_slice(&fs::read(dashboard).unwrap()).unwrap();
    let mut questions = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let question = target["query"].as_str().unwrap();
            // As Grafana fills it in.
            let question = question
                .replace("$timeFilter", "time >= 1ms and time <= 2ms")
                .replace("$__interval", "10s")
                .replace("$host", "web-1");
            metrics_logging::query::influxql::parse(&question, 0)
                .unwrap_or_else(|error| panic!("{question}: {error}"));
            questions += 1;
        }
    }
    assert!(questions >= 4, "{questions}");
}
