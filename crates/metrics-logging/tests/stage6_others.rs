//! Stage 6: coarser copies, and what others speak: InfluxQL over HTTP, Prometheus's format and protocol.

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};

use labkit::net;
use labkit::services::http::{self, Answer, percent_encoded};
use labkit::shutdown::Shutdown;
use labkit::wait;
use metrics_logging::Engine;
use metrics_logging::config::{Config, HOUR, MINUTE};
use metrics_logging::engine::rollup_name;
use metrics_logging::query::{Aggregate, Query};
use metrics_logging::server::{self, Service};
use metrics_logging::store::Embedded;
use serde_json::Value;
use support::{PATIENCE, rows, write};

/// A server in this process, on a free port.
struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path(), config).unwrap();
        let listener = net::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let stop = shutdown.clone();
        let thread = thread::spawn(move || {
            server::serve(listener, Service::new(store, "metrics"), &stop).unwrap();
        });
        Server {
            address,
            shutdown,
            thread: Some(thread),
            _folder: folder,
        }
    }

    fn write(&self, lines: &str) -> Answer {
        http::post(
            self.address,
            "/write?db=metrics",
            "text/plain",
            lines.as_bytes(),
        )
        .unwrap()
    }

    fn ask(&self, question: &str) -> Value {
        let path = format!("/query?db=metrics&epoch=ns&q={}", percent_encoded(question));
        let answer = http::get(self.address, &path).unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn values(&self, question: &str) -> Value {
        self.ask(question)["results"][0]["series"][0]["values"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.trigger();
        if let Some(thread) = self.thread.take() {
            // A panic in it has failed the test already.
            let _ = thread.join();
        }
    }
}

#[test]
fn coarser_copies_hold_every_window_that_has_ended_once() {
    wait::within(PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            rollups: vec![5 * MINUTE],
            ..Config::default()
        };
        let engine = Engine::open(folder.path(), config).unwrap();
        let lines = |minutes: std::ops::Range<i64>| {
            let lines = minutes.map(|at| format!("m,host=a v={at} {}", at * MINUTE));
            lines.collect::<Vec<_>>().join("\n")
        };
        let copy = rollup_name("m", 5 * MINUTE);
        assert_eq!(copy, "m_5m");
        write(&engine, &lines(0..13));
        engine.maintain(13 * MINUTE).unwrap();
        let expected = [(0, 2.0), (5 * MINUTE, 7.0)];
        assert_eq!(
            rows(&engine, &copy, "v_mean"),
            expected,
            "the third window isn't over"
        );
        assert_eq!(rows(&engine, &copy, "v_max"), [(0, 4.0), (5 * MINUTE, 9.0)]);
        assert_eq!(
            rows(&engine, &copy, "v_count"),
            [(0, 5.0), (5 * MINUTE, 5.0)]
        );
        assert_eq!(
            engine.roll_up(5 * MINUTE, 13 * MINUTE).unwrap(),
            0,
            "nothing is due twice"
        );
        write(&engine, &lines(13..16));
        engine.maintain(16 * MINUTE).unwrap();
        assert_eq!(
            rows(&engine, &copy, "v_mean").last(),
            Some(&(10 * MINUTE, 12.0))
        );
        let query = Query::new(&copy, "v_max", 0..HOUR)
            .windows(Aggregate::Max, HOUR)
            .by(&["host"]);
        assert_eq!(
            engine.query(&query).unwrap()[0].tags,
            [("host".to_owned(), "a".to_owned())]
        );
        assert!(
            !engine
                .catalog(None)
                .measurements
                .contains(&"m_5m_5m".to_owned()),
            "no copies of copies"
        );
    });
}

#[test]
fn written_lines_are_answered_as_influxdb_answers() {
    wait::within(PATIENCE, || {
        let server = Server::start(Config::default());
        assert_eq!(
            server
                .write("cpu,host=a usage=1.5,n=7i 1000\ncpu,host=b usage=3 2000")
                .status,
            204
        );
        let answer = server.ask("SELECT mean(usage) FROM cpu GROUP BY host");
        let series = &answer["results"][0]["series"];
        assert_eq!(series[0]["name"], "cpu");
        assert_eq!(series[0]["tags"]["host"], "a");
        assert_eq!(series[0]["columns"], serde_json::json!(["time", "mean"]));
        assert_eq!(series[1]["values"][0][1], 3);
        let all = server.ask("SELECT * FROM cpu");
        let series = &all["results"][0]["series"][0];
        assert_eq!(
            series["columns"],
            serde_json::json!(["time", "host", "n", "usage"])
        );
        assert_eq!(series["values"][0], serde_json::json!([1000, "a", 7, 1.5]));
        assert_eq!(series["values"][1], serde_json::json!([2000, "b", null, 3]));
        let windows = server.values(
            "SELECT max(usage) FROM cpu WHERE time >= 0 AND time < 3000 GROUP BY time(1us)",
        );
        assert_eq!(
            windows,
            serde_json::json!([[0, null], [1000, 1.5], [2000, 3]])
        );
    });
}

#[test]
fn what_there_is_can_be_listed() {
    wait::within(PATIENCE, || {
        let server = Server::start(Config::default());
        server.write("cpu,host=a,zone=x usage=1 1\nmem,host=b used=2,free=3 1");
        for (question, values) in [
            ("SHOW DATABASES", serde_json::json!([["metrics"]])),
            ("SHOW MEASUREMENTS", serde_json::json!([["cpu"], ["mem"]])),
            (
                "SHOW SERIES FROM cpu",
                serde_json::json!([["cpu,host=a,zone=x"]]),
            ),
            (
                "SHOW TAG KEYS FROM cpu",
                serde_json::json!([["host"], ["zone"]]),
            ),
            (
                "SHOW FIELD KEYS FROM mem",
                serde_json::json!([["free", "float"], ["used", "float"]]),
            ),
            (
                "SHOW TAG VALUES FROM mem WITH KEY = host",
                serde_json::json!([["host", "b"]]),
            ),
        ] {
            assert_eq!(server.values(question), values, "{question}");
        }
        assert_eq!(
            server.ask("CREATE DATABASE metrics")["results"][0]["error"],
            Value::Null
        );
    });
}

#[test]
fn prometheus_scrapes_the_latest_of_every_series() {
    wait::within(PATIENCE, || {
        let server = Server::start(Config::default());
        server.write("http-server,path=/a\"b,1st=x requests=5 1000\nhttp-server,path=/a\"b,1st=x requests=9 2000");
        let text = http::get(server.address, "/metrics").unwrap().text();
        let line = "http_server_requests{_1st=\"x\",path=\"/a\\\"b\"} 9";
        assert!(text.lines().any(|it| it == line), "{text}");
        assert!(
            text.contains("# TYPE metrics_logging_samples gauge\nmetrics_logging_samples 2\n"),
            "{text}"
        );
    });
}

#[test]
fn marks_are_put_where_something_was_put_in() {
    wait::within(PATIENCE, || {
        let server = Server::start(Config::default());
        let mut chance = labkit::rng::Stream::named(1, "marks");
        let mut lines = String::new();
        for at in 0..4000 {
            let wild = if (3500..3505).contains(&at) {
                50.0
            } else {
                0.0
            };
            lines.push_str(&format!(
                "m,host=a v={} {}\n",
                10.0 + chance.unit() + wild,
                at * MINUTE
            ));
        }
        assert_eq!(server.write(&lines).status, 204);
        let path = format!(
            "/api/anomalies?measurement=m&field=v&tag.host=a&method=ewma&from={}&to={}",
            3000 * 60_000,
            4000 * 60_000
        );
        let answer: Value =
            serde_json::from_slice(&http::get(server.address, &path).unwrap().body).unwrap();
        assert_eq!(answer["marks"][0][0], 3500 * 60_000, "{answer}");
        let error = http::get(
            server.address,
            "/api/anomalies?measurement=m&field=v&method=magic",
        )
        .unwrap();
        assert_eq!(error.status, 400);
    });
}
