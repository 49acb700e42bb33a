//! The program itself: what it prints, and how it answers bad input (one line, exit code 2).

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(120);

fn lab(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_metrics-logging"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn is_refused(arguments: &[&str], because: &str) {
    let output = lab(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

fn is_refused_in_one_line(arguments: &[&str], because: &str) {
    is_refused(arguments, because);
    let said = lab(arguments).stderr;
    assert_eq!(String::from_utf8_lossy(&said).lines().count(), 1);
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[test]
fn the_demo_shows_what_it_stored_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("report.html");
    let output = lab(&["--quick", "--seed", "7", "--html", text(&html)]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in [
        "bytes a sample",
        "seasonal median",
        "every sample is read back",
        "3900 samples",
        "--seed 7",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains('✗'), "{said}");
    assert!(fs::read_to_string(html).unwrap().contains("<svg"));
}

#[test]
fn the_same_seed_prints_the_same_services() {
    let print = |seed| {
        lab(&[
            "simulate",
            "--days",
            "1",
            "--services",
            "2",
            "--step",
            "1h",
            "--seed",
            seed,
        ])
        .stdout
    };
    let first = print("3");
    assert_eq!(String::from_utf8_lossy(&first).lines().count(), 48);
    assert_eq!(first, print("3"));
    assert_ne!(first, print("4"));
}

#[test]
fn lines_are_imported_and_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("a.lp"), folder.path().join("data"));
    fs::write(
        &file,
        "cpu,host=a usage=1 1\ncpu,host=a usage=5 2\n\n# a comment\n",
    )
    .unwrap();
    let output = lab(&[
        "import",
        text(&file),
        "--precision",
        "s",
        "--data",
        text(&data),
    ]);
    assert!(output.status.success(), "{output:?}");
    let question = "SELECT max(usage) FROM cpu GROUP BY time(1m), host";
    let output = lab(&["query", question, "--data", text(&data)]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("cpu host=a") && said.contains("1970-01-01T00:00:00Z") && said.contains('5'),
        "{said}"
    );
}

#[test]
fn bad_lines_of_a_file_are_named_and_the_good_ones_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("b.lp"), folder.path().join("data"));
    fs::write(
        &file,
        b"cpu usage=1 1\ncpu usage=NaN 2\ncpu usage\n\xff\xfe=1\ncpu usage=4 4\n",
    )
    .unwrap();
    let output = lab(&["import", text(&file), "--data", text(&data)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("b.lp:2: field usage is \"NaN\""), "{said}");
    assert!(
        said.contains("b.lp:3: field \"usage\" has no value"),
        "{said}"
    );
    assert!(said.contains("b.lp:4: "), "{said}");
    assert!(
        said.ends_with("error: 3 lines were refused, the others are kept\n"),
        "{said}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 samples kept"));
    let output = lab(&[
        "query",
        "SELECT count(usage) FROM cpu",
        "--data",
        text(&data),
    ]);
    assert!(String::from_utf8_lossy(&output.stdout).contains('2'));
}

#[test]
fn each_detector_is_scored() {
    let output = lab(&[
        "detect",
        "--days",
        "6",
        "--services",
        "1",
        "--seed",
        "1",
        "--method",
        "ewma",
    ]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("EWMA"), "{said}");
    assert!(!said.contains("rolling"), "{said}");
}

#[test]
fn wrong_flags_are_refused_with_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    is_refused_in_one_line(
        &["simulate", "--services", "0"],
        "--services is 0; give 1 to 1000",
    );
    is_refused_in_one_line(
        &["simulate", "--days", "101"],
        "--days is 101; give 1 to 100",
    );
    is_refused_in_one_line(&["detect", "--step", "1s"], "give 10s to 1h");
    is_refused(&["simulate", "--step", "often"], "no duration");
    is_refused(&["serve", "--retention", "0s"], "no duration above zero");
    is_refused(&["detect", "--method", "magic"], "possible values");
    is_refused_in_one_line(
        &["serve", "--data", data, "--max-series", "0"],
        "--max-series is 0",
    );
    is_refused_in_one_line(
        &[
            "serve",
            "--data",
            data,
            "--retention",
            "1h",
            "--rollup",
            "2h",
        ],
        "a roll-up every 2h can't be",
    );
    is_refused_in_one_line(
        &["serve", "--data", data, "--host", "192.0.2.1"],
        "doesn't have that address",
    );
}

#[test]
fn wrong_questions_and_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    let ask = |question: &'static str, because: &str| {
        is_refused_in_one_line(&["query", question, "--data", text(folder.path())], because);
    };
    ask("SELECT", "character 7: a name was expected");
    ask("SELECT mean(cpu) FROM m WHERE time > 'x'", "isn't a time");
    ask("SHOW DATABASES", "one SELECT was expected");
    ask("SELECT a, b FROM m", "one field was expected");
    is_refused_in_one_line(
        &["query", "SELECT a FROM m", "--data", text(&missing)],
        "no such folder",
    );
    is_refused_in_one_line(
        &["import", text(&missing), "--data", text(folder.path())],
        "cannot read",
    );
    let file = folder.path().join("c.lp");
    fs::write(&file, "m v=1 1").unwrap();
    is_refused_in_one_line(
        &["import", text(&file), "--precision", "fortnight"],
        "give ns, u, ms, s, m or h",
    );
}

#[test]
fn a_port_or_a_database_that_cant_be_had_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let serve = ["serve", "--port", &port, "--data", text(folder.path())];
    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = free.local_addr().unwrap().to_string();
    drop(free);
    let ask = ["query", "SELECT mean(v) FROM m", "--influx", &gone];
    for (arguments, code, because) in [
        (serve.as_slice(), 2, "use --port 0 for a free port"),
        (ask.as_slice(), 1, "is one running at that address?"),
    ] {
        let output = lab(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(
            said.starts_with("error: ") && said.contains(because),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
