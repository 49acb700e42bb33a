//! The program itself: what it prints, and how it answers bad input (one line, the right exit code).

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use labkit::wait;

const LIMIT: Duration = Duration::from_secs(120);

fn lab(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
    wait::within(LIMIT, move || {
        Command::new(env!("CARGO_BIN_EXE_auto-repair"))
            .args(arguments)
            .output()
            .expect("the program starts")
    })
}

fn is_refused(arguments: &[&str], code: i32, because: &str) {
    let output = lab(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(because), "{arguments:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

/// What the program says about a file.
fn file_is_refused(toml: &str, because: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("services.toml");
    fs::write(&file, toml).expect("a file");
    let file = file.to_str().expect("a path");
    for verb in ["check", "run"] {
        is_refused(&[verb, file], 2, because);
    }
}

#[test]
fn the_demo_ends_well_and_its_simulated_part_is_the_same_for_the_same_seed() {
    let simulated = || {
        let output = lab(&["--quick", "--seed", "1"]);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (simulated, live) = said.split_once("Real processes").expect("a live part");
        assert!(live.contains("supervision tree"), "{live}");
        simulated.to_owned()
    };
    let first = simulated();
    assert!(first.contains("A tree under fire"), "{first}");
    assert!(first == simulated(), "two runs with one seed differ");
}

#[test]
fn a_simulation_is_the_same_for_the_same_seed_bit_by_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = |name: &str, seed: &str| {
        let file = folder.path().join(name);
        let path = file.to_str().expect("a path");
        let output = lab(&[
            "simulate",
            "--strategy",
            "rest-for-one",
            "--seed",
            seed,
            "--json",
            path,
        ]);
        assert!(output.status.success(), "{output:?}");
        fs::read(file).expect("a report")
    };
    let first = report("a", "7");
    assert!(first.len() > 1000);
    assert!(first == report("b", "7"), "two runs with one seed differ");
    assert!(first != report("c", "8"));
}

#[test]
fn a_good_file_is_shown_as_a_tree() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("services.toml");
    let toml = "[supervisor]\nrestarts = 3\nperiod = \"1m\"\n\
        [service.z]\ncommand = [\"z\"]\nenvironment = { A = \"b\" }\nready = { line = \"up\" }\n\
        [group.g]\nstrategy = \"one-for-all\"\nchildren = [\"b\", \"a\"]\n\
        [service.a]\ncommand = [\"a\"]\nneeds = [\"z\"]\n[service.b]\ncommand = [\"b\"]\n";
    fs::write(&file, toml).expect("a file");
    let output = lab(&["check", file.to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = "\
root (one-for-one, 3 restarts in 60s, then gives the one up)
├─ g (one-for-all, 5 restarts in 10s, then fails as a whole)
│  ├─ b
│  └─ a
└─ z
";
    assert_eq!(said, expected, "{output:?}");
}

#[test]
fn bad_toml_is_refused_with_its_line() {
    let cases = [
        ("[service.a]\ncommand = [\"true\"\n", "services.toml:"),
        (
            "[service.a]\ncommand = [\"true\"]\nrestart = \"maybe\"\n",
            "services.toml:3: ",
        ),
        ("[service.a]\n\ncommand = \"true\"\n", "services.toml:3: "),
        (
            "[service.a]\ncommand = [\"true\"]\ngrace = \"2 parsecs\"\n",
            "3: `2 parsecs` is no duration",
        ),
        (
            "[service.a]\ncommand = [\"true\"]\nmemory = \"5 MB\"\n",
            "3: `5 MB` is no size",
        ),
        (
            "[service.a]\ncommand = [\"true\"]\ncolour = \"red\"\n",
            "services.toml:3: unknown field `colour`",
        ),
        ("[service.a]\nneeds = []\n", "missing field `command`"),
        (
            "[group.a]\nstrategy = \"two-for-one\"\n",
            "services.toml:2: ",
        ),
        ("", "missing field `service`"),
    ];
    for (toml, because) in cases {
        file_is_refused(toml, because);
    }
}

#[test]
fn bad_plans_are_refused_with_what_would_be_right() {
    let a = "[service.a]\ncommand = [\"true\"]\n";
    let cases = [
        (
            "needs = [\"b\"]\n[service.b]\ncommand = [\"true\"]\nneeds = [\"a\"]\n",
            "a needs b needs a",
        ),
        (
            "needs = [\"nobody\"]\n",
            "name `nobody`, which is no service",
        ),
        ("[supervisor]\nchildren = []\n", "`a` is in no group"),
        (
            "[supervisor]\nchildren = [\"a\", \"b\"]\n",
            "name `b`, which is no service",
        ),
        (
            "[group.g]\nchildren = [\"a\"]\n[group.h]\nchildren = [\"a\"]\n",
            "a child of both `g` and `h`",
        ),
        (
            "[group.g]\nchildren = [\"h\"]\n[group.h]\nchildren = [\"g\"]\n",
            "contains itself",
        ),
        ("[group.a]\n", "the name of two"),
        (
            "[service.\"b c\"]\ncommand = [\"true\"]\n",
            "`b c` is no name",
        ),
        ("[service.b]\ncommand = []\n", "`command` is empty"),
        ("ready = \"alive\"\n", "neither `heartbeat` nor `probe`"),
        (
            "heartbeat = { within = \"1s\" }\nprobe = { http = \"/\" }\n",
            "stands beside `probe`",
        ),
        ("probe = { http = \"localhost/health\" }\n", "needs `/path`"),
        ("probe = { http = \"/\", every = \"0s\" }\n", "from 1ms"),
        ("ready_within = \"0s\"\n", "from 1ms to 24h"),
        ("memory = \"0KiB\"\n", "zero"),
        (
            "[supervisor]\nstrategy = \"one-for-all\"\nwhen_exceeded = \"isolate\"\n",
            "needs `one-for-one`",
        ),
        (
            "[supervisor]\nbackoff = { first = \"2s\", most = \"1s\" }\n",
            "first <= most",
        ),
        ("[supervisor]\nperiod = \"0s\"\n", "`period`"),
    ];
    for (rest, because) in cases {
        file_is_refused(&format!("{a}{rest}"), because);
    }
    let many: String = (0..300)
        .map(|at| format!("[service.s{at}]\ncommand = [\"true\"]\n"))
        .collect();
    file_is_refused(&many, "301 services and groups are too many");
}

#[test]
fn an_unknown_program_is_named_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("services.toml");
    fs::write(
        &file,
        "[service.a]\ncommand = [\"no-such-program-anywhere\"]\n",
    )
    .expect("a file");
    let socket = folder.path().join("s.sock");
    let (file, at) = (
        file.to_str().expect("a path"),
        socket.to_str().expect("a path"),
    );
    let because = "service `a`: there is no program `no-such-program-anywhere`";
    is_refused(&["run", file, "--socket", at], 2, because);
    assert!(!socket.exists());
}

#[test]
fn requests_to_nobody_say_how_to_start_somebody() {
    for request in ["status", "tree", "stop"] {
        is_refused(
            &[request, "--socket", "no/such.sock"],
            69,
            "auto-repair run FILE",
        );
    }
    is_refused(
        &["restart", "a", "--socket", "no/such.sock"],
        69,
        "no supervisor answers",
    );
}

#[test]
fn wrong_numbers_are_refused() {
    is_refused(&["simulate", "--services", "0"], 2, "1 to 100");
    is_refused(&["simulate", "--chance", "1.5"], 2, "0 to 1");
    is_refused(&["simulate", "--chance", "NaN"], 2, "0 to 1");
    is_refused(&["simulate", "--cycle", "0s"], 2, "at least 1ms");
    is_refused(&["simulate", "--lasts", "25h"], 2, "at most 24h");
    is_refused(&["check", "no/such/file.toml"], 2, "cannot read");
}

#[test]
fn help_shows_examples() {
    let output = lab(&["--help"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("auto-repair run services.toml"), "{said}");
    assert!(
        !said.contains("  child"),
        "what is for tests alone isn't shown: {said}"
    );
}
